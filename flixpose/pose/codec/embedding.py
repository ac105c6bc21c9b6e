"""Associative embedding (Newell et al. 2017): keypoints of one person carry tags of like value.

Coordinates are cells of the map; `adjust` moves them to a quarter of a cell, (0.5, 0.5) the first's centre.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flixpose.pose.codec.assignment import assign

Array = NDArray[np.float32]

# Whose tags are trusted first: COCO's head, shoulders and hips before the limbs' ends.
ORDER = (0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16)


@dataclass(frozen=True, slots=True)
class Rule:
    """Attributes: most: people. min_score: of a keypoint. max_gap: between a tag and its person's mean tag.
    order: of the keypoints. window: cells, odd, in which a keypoint is the highest.
    """

    most: int = 30
    min_score: float = 0.1
    max_gap: float = 1.0
    order: tuple[int, ...] = ORDER
    window: int = 5


RULE = Rule()
_FORBIDDEN = 1e10


@dataclass(eq=False, slots=True)
class _Person:
    """Rows of x, y, score, tags by keypoint, and the tags so far."""

    points: Array
    tags: list[Array]


def group(heat: Array, tags: Array, *, rule: Rule = RULE) -> Array:
    """The people in a picture, in the order in which they were found.

    Args:
        heat: (K, H, W). tags: (K, H, W, T).

    Returns:
        (N, K, 3 + T) x, y, score, tags; all 0 for a keypoint that is not there.
    """
    people: list[_Person] = []
    candidates = _candidates(heat, tags, rule)
    empty = np.zeros((len(heat), 3 + tags.shape[-1]), np.float32)
    for part in rule.order:
        found = candidates[part]
        if not len(found):
            continue
        hosts = _hosts(found, people[: rule.most], rule)
        for candidate, host in zip(found, hosts, strict=True):
            person = _newcomer(candidate, people, empty) if host is None else host
            person.points[part] = candidate
            person.tags.append(candidate[3:])
    return np.stack([p.points for p in people]) if people else empty[None][:0]


def _newcomer(candidate: Array, people: list[_Person], empty: Array) -> _Person:
    person = _Person(empty.copy(), [])
    people.append(person)
    return person


def _candidates(heat: Array, tags: Array, rule: Rule) -> list[Array]:
    """Per keypoint (C, 3 + T) of its local maxima, surest first."""
    parts, y, x = _local_maxima(heat, rule)
    values = heat[parts, y, x]
    rows = np.column_stack([x, y, values, tags[parts, y, x]]).astype(np.float32)
    found = []
    for start, end in pairwise(np.searchsorted(parts, np.arange(len(heat) + 1))):
        order = np.argsort(values[start:end], kind="stable")[::-1][: rule.most]
        found.append(rows[start + order])
    return found


def _local_maxima(heat: Array, rule: Rule) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Keypoint, row and column of the warm cells that are the highest of their windows."""
    reach = rule.window // 2
    height, width = heat.shape[1:]
    warm = np.flatnonzero(heat > rule.min_score)
    parts, cells = np.divmod(warm, height * width)
    y, x = np.divmod(cells, width)
    here = heat.ravel()[warm]
    high = np.ones(len(warm), dtype=bool)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            some = np.flatnonzero(high)
            there = heat[
                parts[some], np.clip(y[some] + dy, 0, height - 1), np.clip(x[some] + dx, 0, width - 1)
            ]
            high[some] = there <= here[some]
    return parts[high], y[high], x[high]


def _hosts(found: Array, people: list[_Person], rule: Rule) -> list[_Person | None]:
    """Whose keypoint each candidate is; None for somebody new."""
    if not people:
        return [None] * len(found)
    means = np.array([np.mean(person.tags, axis=0) for person in people])
    gaps = np.linalg.norm(found[:, None, 3:] - means[None], axis=2)
    costs = np.round(gaps) * 100 - found[:, 2:3]
    lacking = max(len(found) - len(people), 0)
    costs = np.concatenate([costs, np.full((len(found), lacking), _FORBIDDEN)], axis=1)
    return [
        people[column] if column < len(people) and gaps[row, column] < rule.max_gap else None
        for row, column in enumerate(assign(costs))
    ]


def adjust(people: Array, heat: Array) -> Array:
    """Each keypoint a quarter of a cell towards its higher neighbour, counted from the cell's corner."""
    moved = people.copy()
    person, part = np.nonzero(people[..., 2] > 0)
    cells = people[person, part, :2].astype(int)
    moved[person, part, :2] = _between_cells(heat, part, cells[:, 0], cells[:, 1])
    return moved


def complete(people: Array, heat: Array, tags: Array) -> Array:
    """The missing keypoints where the heat is high and the tag is the person's (HigherHRNet's refinement)."""
    whole = people.copy()
    if not len(people):
        return whole
    means = _mean_tags(people, tags)
    for part in range(len(heat)):
        lacking = np.flatnonzero(people[:, part, 2] == 0)
        if not len(lacking):
            continue
        cells = _best_cells(heat[part], tags[part], means[lacking])
        y, x = np.divmod(cells, heat.shape[2])
        score = heat[part, y, x]
        found = score > 0
        rows, x, y = lacking[found], x[found], y[found]
        whole[rows, part, :2] = _between_cells(heat, np.full(len(rows), part), x, y)
        whole[rows, part, 2] = score[found]
    return whole


def _mean_tags(people: Array, tags: Array) -> Array:
    """(N, T) of the keypoints that each person has, read where they lie."""
    x, y = people[..., 0].astype(int), people[..., 1].astype(int)
    there = (people[..., 2] > 0)[..., None]
    read = tags[np.arange(people.shape[1]), y, x]
    return np.asarray((read * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1), dtype=np.float32)


_WARM = np.float32(0.05)


def _best_cells(heat: Array, tags: Array, means: Array) -> NDArray[np.intp]:
    """(N,) flat cells where heat less the rounded distance to each mean tag is highest.

    No cell can beat its own heat: the warm ones are asked first, and most often settle it.
    """
    flat, flat_tags = heat.ravel(), tags.reshape(-1, tags.shape[-1])
    warm = np.flatnonzero(flat > _WARM)
    best, value = _best_of(flat[warm], flat_tags[warm], means)
    cells = warm[best] if len(warm) else best
    for row in np.flatnonzero(value <= _WARM):
        cells[row] = _best_of(flat, flat_tags, means[row : row + 1])[0][0]
    return cells


def _best_of(heat: Array, tags: Array, means: Array) -> tuple[NDArray[np.intp], Array]:
    if not len(heat):
        return np.zeros(len(means), np.intp), np.full(len(means), -np.inf, np.float32)
    gaps = np.sqrt(np.square(tags - means[:, None]).sum(axis=2))
    values = heat - np.round(gaps)
    best = values.argmax(axis=1)
    return best, values[np.arange(len(means)), best]


def _between_cells(
    heat: Array, part: NDArray[np.integer], x: NDArray[np.integer], y: NDArray[np.integer]
) -> NDArray[np.float64]:
    height, width = heat.shape[1:]
    right = heat[part, y, np.minimum(x + 1, width - 1)] > heat[part, y, np.maximum(x - 1, 0)]
    below = heat[part, np.minimum(y + 1, height - 1), x] > heat[part, np.maximum(y - 1, 0), x]
    return np.stack([x, y], axis=-1) + 0.5 + np.where(np.stack([right, below], axis=-1), 0.25, -0.25)


def spread(tags: Tensor, xy: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """For training: how unlike the tags within each person are, and how alike those of two people.

    A tag is read between the cells, as it is once the maps are enlarged.

    Args:
        tags: (K, H, W). xy: (P, K, 2) cells. there: (P, K).
    """
    seen = there.any(dim=1)
    xy, there = xy[seen], there[seen]
    if not len(xy):
        return tags.sum() * 0, tags.sum() * 0
    values = _between(tags, xy)
    means = (values * there).sum(dim=1) / there.sum(dim=1)
    pull = (((values - means[:, None]).square() * there).sum(dim=1) / there.sum(dim=1)).mean()
    others = ~torch.eye(len(means), dtype=torch.bool, device=tags.device)
    alike = (-(means[:, None] - means).square()).exp()[others]
    return pull, alike.mean() if len(alike) else tags.sum() * 0


def _between(maps: Tensor, xy: Tensor) -> Tensor:
    """(P, K) values of (K, H, W) maps at (P, K, 2) cells, linear between them."""
    size = torch.tensor([maps.shape[2], maps.shape[1]]).to(xy)
    grid = (2 * xy + 1) / size - 1
    places = grid.transpose(0, 1)[:, :, None].to(maps.dtype)  # K pictures of one channel
    read = functional.grid_sample(maps[:, None], places, padding_mode="border", align_corners=False)
    return read[:, 0, :, 0].transpose(0, 1)
