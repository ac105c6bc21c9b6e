"""Part affinity fields (Cao et al. 2017): keypoints as peaks of heat maps, limbs as fields of unit vectors.

Coordinates are cells of the maps. Two ways to join limbs into people are in use, and find different people:
the one of OpenPose's demonstrations in Python, and the one of lightweight OpenPose (Osokin 2018).
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]

# Limbs between OpenPose's 18 keypoints in the order in which people are built, and their two field channels.
LIMBS: tuple[tuple[int, int, int], ...] = (
    *((1, 2, 12), (1, 5, 20), (2, 3, 14), (3, 4, 16), (5, 6, 22), (6, 7, 24)),
    *((1, 8, 0), (8, 9, 2), (9, 10, 4), (1, 11, 6), (11, 12, 8), (12, 13, 10)),
    *((1, 0, 28), (0, 14, 30), (14, 16, 34), (0, 15, 32), (15, 17, 36), (2, 16, 18), (5, 17, 26)),
)


@dataclass(frozen=True, slots=True)
class Tree:
    """Attributes: limbs: two keypoints and the first of two field channels, in the order of building.
    keypoints: how many. extra: rows of limbs (shoulder to ear) that join no new person.
    """

    limbs: tuple[tuple[int, int, int], ...]
    keypoints: int
    extra: frozenset[int]


COCO_18 = Tree(LIMBS, 18, frozenset({17, 18}))
BODY_25 = Tree(
    (
        *((1, 8, 0), (1, 2, 14), (1, 5, 22), (2, 3, 16), (3, 4, 18), (5, 6, 24), (6, 7, 26)),
        *((8, 9, 6), (9, 10, 2), (10, 11, 4), (8, 12, 8), (12, 13, 10), (13, 14, 12)),
        *((1, 0, 30), (0, 15, 32), (15, 17, 36), (0, 16, 34), (16, 18, 38), (2, 17, 20), (5, 18, 28)),
        *((14, 19, 40), (19, 20, 42), (14, 21, 44), (11, 22, 46), (22, 23, 48), (11, 24, 50)),
    ),
    25,
    frozenset({18, 19}),
)

_SAMPLES = 10
_MIN_PEAK = 0.1
_MOST_PEAKS = 100  # of one keypoint: more are noise, and would be joined with each other for minutes
_MIN_FIELD = 0.05
_MIN_SHARE = 0.8  # of a limb's samples above it


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """Keypoints of nobody yet: part: (N,), xy: (N, 2), scores: (N,); ordered by part."""

    part: NDArray[np.intp]
    xy: NDArray[np.float64]
    scores: Array

    def of(self, part: int) -> NDArray[np.intp]:
        return np.arange(*np.searchsorted(self.part, (part, part + 1)))


@dataclass(slots=True)
class _Person:
    """Rows of candidates by keypoint (-1: none), the sum of all scores, how many keypoints were counted."""

    rows: list[int]
    score: float
    count: int


@dataclass(frozen=True, slots=True)
class Limb:
    """A limb found: rows of its two candidates, and its score."""

    a: int
    b: int
    score: float


@dataclass(frozen=True, eq=False, slots=True)
class People:
    """Attributes: rows: (P, 18) of candidates, -1 for none; scores: (P,) sums; counts: (P,) of keypoints."""

    rows: NDArray[np.intp]
    scores: NDArray[np.float64]
    counts: NDArray[np.intp]


def smooth_peaks(heat: Array, *, sigma: float = 3.0) -> Candidates:
    """Places not lower than their four neighbours once the map is smoothed, scored on the map itself.

    Args:
        heat: (18, H, W).
    """
    found = []
    radius = int(4 * sigma + 0.5)
    for layer in heat:
        size = (2 * radius + 1, 2 * radius + 1)
        soft = cv2.GaussianBlur(layer.astype(np.float64), size, sigma, borderType=cv2.BORDER_REFLECT)
        found.append(_highest(soft.astype(np.float32), np.greater_equal))
    return _candidates(heat, found)


def distinct_peaks(heat: Array, *, apart: float = 6.0) -> Candidates:
    """Places higher than their four neighbours, from the left; none within `apart` of an earlier one.

    Args:
        heat: (18, H, W).
    """
    found = []
    for layer in heat:
        xy = _highest(layer, np.greater)
        xy = xy[np.argsort(xy[:, 0], kind="stable")]
        found.append(xy[_apart(xy, apart)])
    return _candidates(heat, found)


def _highest(layer: Array, than: Callable[..., NDArray[np.bool_]]) -> NDArray[np.intp]:
    """(N, 2) x, y of the cells above the threshold that hold against their neighbours, row by row."""
    padded = cv2.copyMakeBorder(layer, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    high = layer > _MIN_PEAK if than is np.greater_equal else layer >= _MIN_PEAK
    y, x = np.divmod(np.flatnonzero(high), layer.shape[1])
    here = layer[y, x]
    holds = than(here, padded[y, x + 1]) & than(here, padded[y + 2, x + 1])
    holds &= than(here, padded[y + 1, x]) & than(here, padded[y + 1, x + 2])
    x, y, here = x[holds], y[holds], here[holds]
    if len(here) > _MOST_PEAKS:
        best = np.sort(np.argsort(-here, kind="stable")[:_MOST_PEAKS])
        x, y = x[best], y[best]
    return np.stack([x, y], axis=1)


def _apart(xy: NDArray[np.intp], least: float) -> list[int]:
    near = np.square(xy[:, None] - xy[None]).sum(axis=2) < least**2
    gone = np.zeros(len(xy), dtype=bool)
    kept = []
    for row in range(len(xy)):
        if not gone[row]:
            kept.append(row)
            gone |= near[row]
    return kept


def _candidates(heat: Array, found: list[NDArray[np.intp]]) -> Candidates:
    part = np.repeat(np.arange(len(found)), [len(xy) for xy in found])
    xy = np.concatenate(found)
    return Candidates(part, xy.astype(np.float64), heat[part, xy[:, 1], xy[:, 0]])


def group_openpose(
    found: Candidates, fields: Array, *, height: int | None = None, tree: Tree = COCO_18
) -> People:
    """People as OpenPose's Python demonstrations join them: a limb may join two people into one.

    Args:
        fields: (2 × limbs, H, W). height: of the photo in cells; limbs longer than half of it are doubted.
    """
    a, b, limb = _pairs(found, tree)
    vector = found.xy[b] - found.xy[a]
    length = np.maximum(np.sqrt(np.square(vector).sum(axis=1)), 0.001)
    ends = (found.xy[a], found.xy[b])
    along = _along(fields, tree, limb, *ends, vector / length[:, None], vector / (_SAMPLES - 1))
    prior = np.minimum(0.5 * (height or fields.shape[1]) / length - 1, 0)
    scores = along.sum(axis=1) / _SAMPLES + prior
    valid = ((along > _MIN_FIELD).sum(axis=1) > _MIN_SHARE * _SAMPLES) & (scores > 0)
    order = np.argsort(-scores, kind="stable")
    limbs = _disjoint(a, b, limb, scores, order[valid[order]], len(tree.limbs))
    people: list[_Person] = []
    for row, (part_a, part_b, _) in enumerate(tree.limbs):
        for each in limbs[row]:
            if not _join(people, each, part_a, part_b, found.scores) and row not in tree.extra:
                _start(people, each, part_a, part_b, found.scores, tree.keypoints)
    return _people(people, tree.keypoints, min_count=4, min_mean=0.4)


def group_lightweight(found: Candidates, fields: Array) -> People:
    """People as lightweight OpenPose joins them: each limb extends whoever has its first end.

    Args:
        fields: (38, H, W).
    """
    a, b, limb = _pairs(found, COCO_18)
    vector = found.xy[b] - found.xy[a]
    length = np.sqrt(np.square(vector).sum(axis=1)) + 1e-6
    step = 1 / (_SAMPLES - 1) * vector
    along = _along(fields, COCO_18, limb, found.xy[a], None, vector / length[:, None], step)
    strong = along > _MIN_FIELD
    count = strong.sum(axis=1)
    scores = (along * strong).sum(axis=1) / (count + 1e-6)
    valid = (scores > 0) & (count / _SAMPLES > _MIN_SHARE)
    order = np.argsort(scores, kind="stable")[::-1]
    limbs = _disjoint(a, b, limb, scores, order[valid[order]], len(LIMBS))
    people: list[_Person] = []
    for row, (part_a, part_b, _) in enumerate(LIMBS):
        for each in limbs[row]:
            if row not in COCO_18.extra:
                _extend(people, each, part_a, part_b, found.scores)
            else:
                _fill(people, each, part_a, part_b)
    return _people(people, COCO_18.keypoints, min_count=3, min_mean=0.2)


def _pairs(found: Candidates, tree: Tree) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Every pair of candidates that some limb could join: rows of its ends, and the limb."""
    ends = [(found.of(a), found.of(b)) for a, b, _ in tree.limbs]
    a = np.concatenate([np.repeat(of_a, len(of_b)) for of_a, of_b in ends])
    b = np.concatenate([np.tile(of_b, len(of_a)) for of_a, of_b in ends])
    return a, b, np.repeat(np.arange(len(tree.limbs)), [len(of_a) * len(of_b) for of_a, of_b in ends])


def _along(
    fields: Array,
    tree: Tree,
    limb: NDArray[np.intp],
    start: NDArray[np.float64],
    end: NDArray[np.float64] | None,
    unit: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(N, samples) of the field's share along each pair. `end`, where given, is the last sample exactly."""
    xy = np.arange(_SAMPLES)[:, None] * step[:, None] + start[:, None]
    if end is not None:
        xy[:, -1] = end
    x, y = np.round(xy).astype(np.intp).transpose(2, 0, 1)
    channel = np.array([channel for _, _, channel in tree.limbs])[limb, None]
    return np.asarray(fields[channel, y, x] * unit[:, None, 0] + fields[channel + 1, y, x] * unit[:, None, 1])


def _disjoint(
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    limb: NDArray[np.intp],
    scores: NDArray[np.float64],
    order: NDArray[np.intp],
    count: int,
) -> list[list[Limb]]:
    """Per limb its pairs, best first, no end used twice."""
    limbs: list[list[Limb]] = [[] for _ in range(count)]
    used: set[tuple[int, int, int]] = set()
    rows = zip(
        a[order].tolist(), b[order].tolist(), limb[order].tolist(), scores[order].tolist(), strict=True
    )
    for one, other, kind, score in rows:
        if (kind, 0, one) not in used and (kind, 1, other) not in used:
            used |= {(kind, 0, one), (kind, 1, other)}
            limbs[kind].append(Limb(one, other, score))
    return limbs


def _start(people: list[_Person], limb: Limb, a: int, b: int, scores: Array, keypoints: int = 18) -> None:
    rows = [-1] * keypoints
    rows[a], rows[b] = limb.a, limb.b
    people.append(_Person(rows, float(scores[limb.a]) + float(scores[limb.b]) + limb.score, 2))


def _add(person: _Person, limb: Limb, b: int, scores: Array) -> None:
    person.rows[b] = limb.b
    person.score += float(scores[limb.b]) + limb.score
    person.count += 1


def _join(people: list[_Person], limb: Limb, a: int, b: int, scores: Array) -> bool:
    """OpenPose's rule: whoever has either end takes the limb; two people without a common part become one.

    Whether there was anybody.
    """
    hosts = [p for p in people if p.rows[a] == limb.a or p.rows[b] == limb.b][:2]
    if len(hosts) < 2:
        if hosts and hosts[0].rows[b] != limb.b:
            _add(hosts[0], limb, b, scores)
        return bool(hosts)
    first, second = hosts
    if any(one >= 0 and other >= 0 for one, other in zip(first.rows, second.rows, strict=True)):
        _add(first, limb, b, scores)
        return True
    first.rows = [max(pair) for pair in zip(first.rows, second.rows, strict=True)]
    first.score += second.score + limb.score
    first.count += second.count
    people[:] = [person for person in people if person is not second]
    return True


def _extend(people: list[_Person], limb: Limb, a: int, b: int, scores: Array) -> None:
    """Lightweight OpenPose's rule: everybody who has the first end takes the second."""
    hosts = [person for person in people if person.rows[a] == limb.a]
    for person in hosts:
        _add(person, limb, b, scores)
    if not hosts:
        _start(people, limb, a, b, scores)


def _fill(people: list[_Person], limb: Limb, a: int, b: int) -> None:
    """One end for whoever has the other alone; neither counts nor scores."""
    for person in people:
        if person.rows[a] == limb.a and person.rows[b] < 0:
            person.rows[b] = limb.b
        elif person.rows[b] == limb.b and person.rows[a] < 0:
            person.rows[a] = limb.a


def _people(people: list[_Person], keypoints: int, *, min_count: int, min_mean: float) -> People:
    kept = [p for p in people if p.count >= min_count and p.score / p.count >= min_mean]
    return People(
        np.array([p.rows for p in kept], dtype=np.intp).reshape(-1, keypoints),
        np.array([p.score for p in kept]),
        np.array([p.count for p in kept], dtype=np.intp),
    )


def encode(xy: Tensor, there: Tensor, size: tuple[int, int], *, width: float, tree: Tree = COCO_18) -> Tensor:
    """(2 × limbs, H, W) fields of a picture's people: along a limb its direction, the mean where limbs cross.

    Args:
        xy: (P, K, 2) cells. there: (P, K). size: (width, height). width: of a limb to either side.
    """
    columns, rows = size
    fields = xy.new_zeros(2 * len(tree.limbs), rows, columns)
    cells = torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="xy"), dim=-1).to(
        xy
    )
    for a, b, channel in tree.limbs:
        both = there[:, a] & there[:, b]
        start, along = xy[both, a], xy[both, b] - xy[both, a]
        length = along.norm(dim=1, keepdim=True).clamp(min=1e-3)
        unit = along / length
        off = cells[None] - start[:, None, None]
        forth = (off * unit[:, None, None]).sum(dim=-1)
        aside = off[..., 0] * unit[:, None, None, 1] - off[..., 1] * unit[:, None, None, 0]
        inside = (forth >= 0) & (forth <= length[:, :, None]) & (aside.abs() <= width)
        sums = (unit[:, :, None, None] * inside[:, None]).sum(dim=0)
        fields[channel : channel + 2] = sums / inside.sum(dim=0).clamp(min=1)
    return fields
