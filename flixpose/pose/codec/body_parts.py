"""Body parts as candidates, and what pairs of them say about sharing a person (Insafutdinov et al. 2016).

A map's cell stands for the place at its middle. Steps lead from a cell of one part to each other part of the
same person, itself left out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flixpose.pose.codec import multicut

Points = NDArray[np.float64]

_SHORT = 2.0  # cells: lengths below count as this
_NEIGHBOURHOOD = 3  # cells across, in which only the highest speak
_APART = 1.0  # cells between two candidates of one part
_SAME_PLACE = 0.25  # cells within which candidates of two parts are one
_LEAST = 1e-6


class Maps(NamedTuple):
    """Attributes:
    scores: (N, K, h, w) logits. moves: (N, K, 2, h, w) from the cell's middle to the part, in cells.
    steps: (N, K, K - 1, 2, h, w) to each other part, in cells.
    """

    scores: Tensor
    moves: Tensor
    steps: Tensor


class Targets(NamedTuple):
    """What the maps should be, each with a weight that is 0 where nothing is asked; shapes as of `Maps`."""

    scores: Tensor
    moves: Tensor
    moves_weight: Tensor
    steps: Tensor
    steps_weight: Tensor


class Candidates(NamedTuple):
    """Hypotheses: candidate, part: (H,). xy: (H, 2) in cells. scores: (H,). steps: (H, K, 2) in cells."""

    candidate: NDArray[np.intp]
    part: NDArray[np.intp]
    xy: Points
    scores: NDArray[np.float64]
    steps: Points


def others(count: int) -> NDArray[np.intp]:
    """(K, K - 1) for each part the other parts, in order."""
    return np.array([[b for b in range(count) if b != a] for a in range(count)])


def encode(people: NDArray[np.floating], size: tuple[int, int], *, reach: float = 2.0) -> Targets:
    """Targets of one picture, (1, …) each.

    Args:
        people: (P, K, 3) cells, x and y with the first cell's middle at (0.5, 0.5), and seen (> 0).
        size: (width, height) in cells. reach: cells around a part that stand for it.
    """
    count, (width, height) = people.shape[1], size
    y, x = np.mgrid[:height, :width] + 0.5
    scores = np.zeros((count, height, width), np.float32)
    nearest = np.full((count, height, width), np.inf)
    moves = np.zeros((count, 2, height, width), np.float32)
    steps = np.zeros((count, count - 1, 2, height, width), np.float32)
    known = np.zeros((count, count - 1, height, width), np.float32)
    rest = others(count)
    for body in people:
        for part in np.flatnonzero(body[:, 2] > 0):
            far = np.hypot(x - body[part, 0], y - body[part, 1])
            near = (far <= reach) & (far < nearest[part])
            scores[part][near], nearest[part][near] = 1, far[near]
            here = np.stack([x[near], y[near]])
            moves[part][:, near] = body[part, :2, None] - here
            steps[part][:, :, near] = body[rest[part], :2, None] - here
            known[part][:, near] = (body[rest[part], 2] > 0)[:, None]
    weight = np.repeat(scores[:, None], 2, axis=1)
    arrays = (scores, moves, weight, steps, np.repeat(known[:, :, None], 2, axis=2))
    return Targets(*(torch.from_numpy(array)[None].float() for array in arrays))


class Losses(NamedTuple):
    """Cross-entropy of the scores; smooth distances, in cells, of moves and of steps where they are asked."""

    scores: Tensor
    moves: Tensor
    steps: Tensor


def losses(maps: Maps, wanted: Targets) -> Losses:
    """Each a mean."""
    return Losses(
        functional.binary_cross_entropy_with_logits(maps.scores, wanted.scores),
        _apart(maps.moves, wanted.moves, wanted.moves_weight),
        _apart(maps.steps, wanted.steps, wanted.steps_weight),
    )


def _apart(told: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    apart = functional.smooth_l1_loss(told, wanted, reduction="none") * weight
    return apart.sum() / weight.sum().clamp(min=1)


def candidates(maps: Maps, row: int, *, min_score: float, most: int) -> Candidates:
    """The hypotheses of one picture: each part's highest cells, moved; one place is one candidate."""
    shares = maps.scores[row].sigmoid()
    highest = functional.max_pool2d(shares[None], _NEIGHBOURHOOD, 1, _NEIGHBOURHOOD // 2)[0]
    part, y, x = (
        each.numpy() for each in torch.nonzero((shares == highest) & (shares >= min_score), as_tuple=True)
    )
    scores = shares[part, y, x].numpy().astype(float)
    moves = maps.moves[row][part, :, y, x].numpy().astype(float)
    xy = np.stack([x, y], axis=1) + 0.5 + moves
    kept = np.concatenate(
        [_distinct(np.flatnonzero(part == each), xy, scores)[:most] for each in range(len(shares))]
    ).astype(np.intp)
    part, xy = part[kept], xy[kept]
    steps = np.zeros((len(kept), len(shares), 2))
    told = maps.steps[row][part, :, :, y[kept], x[kept]].numpy()
    steps[np.arange(len(kept))[:, None], others(len(shares))[part]] = told - moves[kept][:, None]
    return Candidates(_places(xy), part, xy, scores[kept], steps)


def _distinct(rows: NDArray[np.intp], xy: Points, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """The surest of those that point to one place, the surest first."""
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    kept: list[int] = []
    while len(rows):
        kept.append(int(rows[0]))
        rows = rows[_length(xy[rows] - xy[rows[0]]) > _APART]
    return np.array(kept, dtype=np.intp)


def _places(xy: Points) -> NDArray[np.intp]:
    """(H,) the number of each one's place."""
    near = _length(xy[:, None] - xy) <= _SAME_PLACE
    return np.asarray(near.argmax(axis=1), dtype=np.intp)


def features(found: Candidates) -> NDArray[np.float64]:
    """(H, H, 4) of each pair: both ends' distances, then both angles; for twins the distance in cells."""
    way = found.xy[None] - found.xy[:, None]
    told = found.steps[:, found.part]  # [a, b]: where a says that b's part is
    back = -told.transpose(1, 0, 2)
    length = np.maximum((_length(told) + _length(back)) / 2, _SHORT)
    pairs = np.stack(
        [_length(way - told) / length, _length(way - back) / length, _angle(way, told), _angle(way, back)],
        axis=-1,
    )
    twins = found.part[:, None] == found.part
    pairs[twins] = 0
    pairs[twins, 0] = _length(way)[twins]
    return pairs


def _length(steps: Points) -> Points:
    return np.asarray(np.hypot(steps[..., 0], steps[..., 1]))


def _angle(a: Points, b: Points) -> Points:
    cosine = (a * b).sum(axis=-1) / np.maximum(_length(a) * _length(b), _LEAST)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def problem(found: Candidates, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> multicut.Problem:
    """Costs: the logits of what is against a part, and against a shared person, both ways' mean.

    Args:
        weight: (K, K, 4), bias: (K, K) of the logistic regression from features to a shared person.
    """
    logits = (features(found) * weight[found.part[:, None], found.part]).sum(axis=-1)
    logits = logits + bias[found.part[:, None], found.part]
    scores = np.clip(found.scores, _LEAST, 1 - _LEAST)
    unary = np.log((1 - scores) / scores)
    return multicut.Problem.of(found.candidate, unary, -(logits + logits.T) / 2)


def people(
    found: Candidates, grouping: multicut.Grouping, count: int
) -> list[tuple[Points, NDArray[np.float32]]]:
    """Per person (K, 2) cells and (K,) scores, 0 where nothing is; twins are averaged by score."""
    bodies = []
    for person in range(grouping.people.max(initial=-1) + 1):
        rows = np.flatnonzero(grouping.people == person)
        xy, scores = np.zeros((count, 2)), np.zeros(count, np.float32)
        for part in np.unique(found.part[rows]):
            mine = rows[found.part[rows] == part]
            xy[part] = np.average(found.xy[mine], axis=0, weights=found.scores[mine])
            scores[part] = found.scores[mine].max()
        bodies.append((xy, scores))
    return bodies


def stages(found: Candidates, parts: Sequence[Sequence[int]]) -> list[NDArray[np.bool_]]:
    """(H,) each: the hypotheses of the parts of each stage and of those before it."""
    seen: set[int] = set()
    masks = []
    for some in parts:
        seen |= set(some)
        masks.append(np.isin(found.part, list(seen)))
    return masks
