"""Objects as points (Zhou et al. 2019): people at peaks of a centre map, keypoints by offset and heat map.

Coordinates are cells of the map; a cell's place is its upper left corner, to which the net adds a fraction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flixpose.pose.codec.maps import bumps, cell_of, of_all

_WINDOW = np.ones((3, 3), np.uint8)
_MIN_PEAK = 0.1  # of a keypoint's own heat map
_MAX_MOVE = 0.3  # of the box's longer side, from the regressed place to that peak


@dataclass(frozen=True, eq=False, slots=True)
class Centres:
    """What the net says of one picture; maps of probabilities, not logits.

    Attributes:
        heat: (1, H, W) centres of people. wh: (2, H, W) sizes. offsets: (2K, H, W) x, y, centre → keypoints.
        reg: (2, H, W) fraction of a cell to add to a centre, half a cell without it.
        keypoint_heat, keypoint_reg: (K, H, W), (2, H, W) the same for keypoints on their own.
    """

    heat: Tensor
    wh: Tensor
    offsets: Tensor
    reg: Tensor | None = None
    keypoint_heat: Tensor | None = None
    keypoint_reg: Tensor | None = None


@dataclass(frozen=True, eq=False, slots=True)
class People:
    """Attributes: boxes: (N, 4) xyxy, scores: (N,), xy: (N, K, 2), keypoint_scores: (N, K) or None."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    xy: NDArray[np.float32]
    keypoint_scores: NDArray[np.float32] | None = None


def decode(maps: Centres, *, most: int = 100) -> People:
    """The `most` surest centres with their boxes and keypoints, in cells."""
    scores, cells = _peaks(maps.heat, most)
    scores, cells = scores[0], cells[0]
    corner = _places(cells, maps.heat.shape[-1])
    xy = _read(maps.offsets, cells).reshape(len(cells), -1, 2) + corner[:, None]
    centre = corner + (_read(maps.reg, cells) if maps.reg is not None else 0.5)
    half = _read(maps.wh, cells) / 2
    boxes = torch.cat([centre - half, centre + half], dim=1)
    found = None
    if maps.keypoint_heat is not None:
        xy, found = _snapped(xy, boxes, maps.keypoint_heat, maps.keypoint_reg, most)
    return People(boxes.numpy(), scores.numpy(), xy.numpy(), None if found is None else found.numpy())


def _snapped(xy: Tensor, boxes: Tensor, heat: Tensor, reg: Tensor | None, most: int) -> tuple[Tensor, Tensor]:
    """Each regressed keypoint moved to the nearest peak of its heat map, where one lies in the box and near.

    Returns: (N, K, 2) places, (N, K) the scores of the peaks, 0 for those that did not move.
    """
    scores, cells = _peaks(heat, most)
    places = _places(cells, heat.shape[-1])
    places = places + (_read(reg, cells.flatten()).reshape(*cells.shape, 2) if reg is not None else 0.5)
    distance = (xy.transpose(0, 1)[:, :, None] - places[:, None]).square().sum(-1).sqrt()
    distance = distance.masked_fill((scores <= _MIN_PEAK)[:, None], torch.inf)
    gap, nearest = distance.min(dim=2)
    rows = torch.arange(len(cells))[:, None]
    peak, score = places[rows, nearest], scores[rows, nearest]
    low, high = boxes[:, :2], boxes[:, 2:]
    inside = ((peak >= low) & (peak <= high)).all(-1)
    moves = inside & (gap <= _MAX_MOVE * (high - low).max(dim=1).values)
    snapped = torch.where(moves[..., None], peak, xy.transpose(0, 1))
    return snapped.transpose(0, 1), (score * moves).T


def _peaks(heat: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """(C, most) heights and flat cells of the highest local maxima of (C, H, W) maps."""
    layers = heat.numpy()
    ridge = np.stack([cv2.dilate(layer, _WINDOW) for layer in layers])
    flat = (heat * torch.from_numpy(ridge == layers)).flatten(1)
    scores, cells = flat.topk(min(most, flat.shape[1]))
    return scores, cells


def _places(cells: Tensor, width: int) -> Tensor:
    return torch.stack([cells % width, cells // width], dim=-1).float()


def _read(maps: Tensor, cells: Tensor) -> Tensor:
    """(N, C) values of (C, H, W) maps at N flat cells."""
    return maps.flatten(1)[:, cells].T


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """What the net should say of one picture with P people.

    Attributes:
        heat: (1, H, W), keypoint_heat: (K, H, W), 1 at the cells themselves.
        cells: (P,) flat cells of the centres; wh: (P, 2), reg: (P, 2), offsets: (P, K, 2), there: (P, K).
        keypoint_cells: (P, K) flat; keypoint_reg: (P, K, 2).
    """

    heat: Tensor
    keypoint_heat: Tensor
    cells: Tensor
    wh: Tensor
    reg: Tensor
    offsets: Tensor
    there: Tensor
    keypoint_cells: Tensor
    keypoint_reg: Tensor


def encode(boxes: Tensor, xy: Tensor, there: Tensor, size: tuple[int, int], *, sigma: float = 1.2) -> Target:
    """From (P, 4) xyxy and (P, K, 2) cells of a (width, height) map."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    corner = _floored(middle, size)
    points = _floored(xy, size)
    everyone = torch.ones(len(xy), 1, dtype=torch.bool, device=xy.device)
    return Target(
        of_all(bumps(corner[:, None], everyone, size, 2 * sigma)),
        of_all(bumps(points, there, size, sigma)),
        _flat(corner, size[0]),
        boxes[:, 2:] - boxes[:, :2],
        middle - corner,
        xy - corner[:, None],
        there,
        _flat(points, size[0]),
        xy - points,
    )


def _floored(xy: Tensor, size: tuple[int, int]) -> Tensor:
    """The cells whose upper left corners lie before the points."""
    x, y = cell_of(xy.floor(), size)
    return torch.stack([x, y], dim=-1).to(xy)


def _flat(cells: Tensor, width: int) -> Tensor:
    return (cells[..., 1] * width + cells[..., 0]).long()


def distances(maps: Mapping[str, Tensor], target: Target) -> dict[str, Tensor]:
    """How far one picture's (C, H, W) maps, by the heads' names, are from the target."""
    there = target.there[..., None]
    count = (2 * there.sum()).clamp(min=1)
    offsets = _read(maps["hps"], target.cells).reshape(*target.there.shape, 2)
    points = _read(maps["hp_offset"], target.keypoint_cells.flatten()).reshape(*target.there.shape, 2)
    people = max(2 * len(target.cells), 1)
    return {
        "hm": focal(maps["hm"], target.heat),
        "hm_hp": focal(maps["hm_hp"], target.keypoint_heat),
        "wh": (_read(maps["wh"], target.cells) - target.wh).abs().sum() / people,
        "reg": (_read(maps["reg"], target.cells) - target.reg).abs().sum() / people,
        "hps": ((offsets - target.offsets).abs() * there).sum() / count,
        "hp_offset": ((points - target.keypoint_reg).abs() * there).sum() / count,
    }


def focal(logits: Tensor, heat: Tensor) -> Tensor:
    """Penalty-reduced logistic regression (Law and Deng 2018): cells near a peak are nearly right."""
    sure = logits.float().sigmoid().clamp(1e-4, 1 - 1e-4)  # half a float has no 1 - 1e-4
    peak = heat > 0.999
    right = ((1 - sure).square() * sure.log())[peak].sum()
    wrong = ((1 - heat) ** 4 * sure.square() * (1 - sure).log())[~peak].sum()
    return -(right + wrong) / peak.sum().clamp(min=1)
