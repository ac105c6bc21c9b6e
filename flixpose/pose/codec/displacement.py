"""PoseNet's several people (Papandreou et al. 2018): from a sure keypoint along a tree to all others.

Coordinates are (y, x) pixels of the net's picture: a cell's place is its index times the stride.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flixpose.pose.codec.maps import nearest

Array = NDArray[np.float32]
Points = NDArray[np.float64]

# Parent → child, over COCO's 17 keypoints: the order of the displacement channels.
_NOSE, _SHOULDERS = 0, (5, 6)
TREE: tuple[tuple[int, int], ...] = (
    *((0, 1), (1, 3), (0, 2), (2, 4)),
    *((0, 5), (5, 7), (7, 9), (5, 11), (11, 13), (13, 15)),
    *((0, 6), (6, 8), (8, 10), (6, 12), (12, 14), (14, 16)),
)


@dataclass(frozen=True, eq=False, slots=True)
class Maps:
    """What the net says of one picture.

    Attributes:
        heat: (K, H, W) probabilities. offsets: (K, 2, H, W) y, x in pixels, cell → keypoint.
        forward, backward: (E, 2, H, W) y, x in pixels, along the tree's edges and against them.
    """

    heat: Array
    offsets: Array
    forward: Array
    backward: Array

    @classmethod
    def from_channels(cls, heat: Array, offsets: Array, forward: Array, backward: Array) -> "Maps":
        """From the net's channels: all the y first, then all the x."""
        both = (a.reshape(2, -1, *a.shape[1:]).swapaxes(0, 1) for a in (offsets, forward, backward))
        return cls(heat, *both)


def decode(
    maps: Maps,
    *,
    stride: int,
    most: int = 10,
    min_score: float = 0.5,
    min_pose_score: float = 0.5,
    radius: float = 20,
) -> tuple[Points, Points, Points]:
    """The people in a picture, in the order of their surest keypoints.

    Args:
        min_score: of a keypoint that a person may be grown from.
        radius: pixels within which a second person's keypoint is the first one's.

    Returns:
        (N, K, 2) y, x; (N, K) scores; (N,) the mean score of the keypoints that no earlier person has.
    """
    parts, cells = _roots(maps.heat, min_score)
    grown, scores = _grown(maps, parts, cells, stride)
    people: list[int] = []
    pose_scores = []
    for row, part in enumerate(parts):
        near = _square(grown[people] - grown[row]) <= radius**2
        if near[:, part].any():
            continue
        pose_score = scores[row][~near.any(axis=0)].sum() / scores.shape[1]
        if min_pose_score == 0 or pose_score >= min_pose_score:
            people.append(row)
            pose_scores.append(pose_score)
        if len(people) == most:
            break
    return grown[people], scores[people], np.array(pose_scores)


def _square(vectors: Points) -> Points:
    return np.asarray(np.square(vectors).sum(axis=-1))


def _roots(heat: Array, min_score: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Keypoint and (row, column) of every local maximum that is sure enough, surest first."""
    ridge = np.stack([cv2.dilate(layer, np.ones((3, 3), np.uint8)) for layer in heat])
    where = np.argwhere((heat == ridge) & (heat >= min_score))
    order = np.argsort(-heat[tuple(where.T)], kind="stable")
    return where[order, 0], where[order, 1:]


def _grown(
    maps: Maps, parts: NDArray[np.intp], cells: NDArray[np.intp], stride: int
) -> tuple[Points, Points]:
    """A whole person from each root, all roots at once: (N, K, 2) and (N, K)."""
    rows = np.arange(len(parts))
    xy = np.zeros((len(parts), len(maps.heat), 2))
    scores = np.zeros(xy.shape[:2])
    xy[rows, parts] = cells * stride + maps.offsets[parts, :, cells[:, 0], cells[:, 1]]
    scores[rows, parts] = maps.heat[parts, cells[:, 0], cells[:, 1]]
    steps = [(edge, child, parent, maps.backward) for edge, (parent, child) in enumerate(TREE)][::-1]
    steps += [(edge, parent, child, maps.forward) for edge, (parent, child) in enumerate(TREE)]
    for edge, source, target, moves in steps:
        go = np.flatnonzero((scores[:, source] > 0) & (scores[:, target] == 0))
        y, x = _cells(xy[go, source], maps.heat, stride)
        y, x = _cells(xy[go, source] + moves[edge, :, y, x], maps.heat, stride)
        xy[go, target] = np.stack([y, x], axis=1) * stride + maps.offsets[target, :, y, x]
        scores[go, target] = maps.heat[target, y, x]
    return xy, scores


def _cells(yx: Points, heat: Array, stride: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The nearest cells, as rows and columns."""
    cells = np.clip(np.round(yx / stride), 0, np.array(heat.shape[1:]) - 1).astype(np.intp)
    return cells[:, 0], cells[:, 1]


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """What PoseNet should say. Attributes:
    heat: (K, H, W), 1 in a disc around each keypoint.
    offsets: (2, K, H, W) y, x in pixels, and (K, H, W) where they count. forward, backward: the same by edge.
    """

    heat: Tensor
    offsets: tuple[Tensor, Tensor]
    forward: tuple[Tensor, Tensor]
    backward: tuple[Tensor, Tensor]


def encode(xy: Tensor, there: Tensor, size: tuple[int, int], *, stride: int, radius: float = 1.5) -> Target:
    """Discs of `radius` cells, each cell given to the nearest person's keypoint.

    Args:
        xy: (P, K, 2) pixel indices. there: (P, K). size: (width, height) of the map.
    """
    count = xy.shape[1]
    ticks = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="xy")
    cells = torch.stack(ticks, dim=-1).to(xy) * stride
    owners = [nearest(xy[:, part] / stride, there[:, part], size, radius) for part in range(count)]
    inside = torch.stack([near for _, near in owners])

    def led(parent: int, child: int) -> tuple[Tensor, Tensor]:
        rows, near = owners[parent]
        if not len(xy):
            return cells.new_zeros(2, *near.shape), near
        moves = xy[rows, child] - xy[rows, parent]
        return moves.flip(-1).permute(2, 0, 1), near & there[rows, child]

    def edges(steps: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        pairs = [led(*step) for step in steps]
        return torch.stack([m for m, _ in pairs], dim=1), torch.stack([i for _, i in pairs]).float()

    own = [(xy[rows, part] if len(xy) else cells) - cells for part, (rows, _) in enumerate(owners)]
    offsets = torch.stack([move.flip(-1).permute(2, 0, 1) for move in own], dim=1)
    back = [(child, parent) for parent, child in TREE]
    return Target(inside.float(), (offsets, inside.float()), edges(list(TREE)), edges(back))
