"""Disentangled keypoint regression (Geng et al. 2021, DEKR): people at centre peaks, keypoints by offset.

Coordinates are pixels of the net's picture: cells times the stride.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flixpose.pose.codec.maps import bumps, nearest, of_all

Array = NDArray[np.float32]

_WIDE_ABOVE, _MIDDLE_ABOVE = 300, 200  # mean side of the map in cells from which a peak rules a wider window


@dataclass(frozen=True, slots=True)
class Rule:
    """Attributes:
    most: people. min_centre: height of a centre's peak.
    near: two keypoints are one within this share of the pose's diagonal. max_twins: more make two poses one.
    """

    most: int = 30
    min_centre: float = 0.01
    near: float = 0.05
    max_twins: int = 8


RULE = Rule()


def proposals(heat: Tensor, offsets: Tensor, *, stride: int, rule: Rule = RULE) -> tuple[Tensor, Tensor]:
    """A pose for each of the surest centres.

    Args:
        heat: (K + 1, H, W), the last one of centres. offsets: (2K, H, W) cells, keypoint → the cell itself.

    Returns:
        (N, K, 2) pixels and (N,) heights of the centres, best first.
    """
    centres, width = heat[-1], heat.shape[-1]
    reach = _reach(centres)
    ridge = functional.max_pool2d(centres[None, None], 2 * reach + 1, 1, reach)[0, 0]
    flat = (centres * (centres == ridge)).flatten()
    scores, cells = flat.topk(min(rule.most, len(flat)))
    cells, scores = cells[scores > rule.min_centre], scores[scores > rule.min_centre]
    places = torch.stack([cells % width, cells // width], dim=-1).float()
    moves = offsets.flatten(1)[:, cells].T.reshape(len(cells), len(offsets) // 2, 2)
    return stride * (places[:, None] - moves), scores


def _reach(centres: Tensor) -> int:
    side = sum(centres.shape) / 2
    return 3 if side > _WIDE_ABOVE else 2 if side > _MIDDLE_ABOVE else 1


def suppress(
    poses: Tensor, centres: Tensor, heat: Tensor, *, stride: int, rule: Rule = RULE
) -> tuple[Array, Array]:
    """The different people among proposals, scored.

    Args:
        poses: (N, K, 2) pixels. centres: (N,). heat: (K, H, W).

    Returns:
        (M, K, 3) x, y, score (height of the centre times the keypoint's own), and (M,) mean scores.
    """
    heights = _heights(poses, heat, stride)
    kept = _different(poses.numpy(), heights.mean(dim=1).numpy(), rule)
    scores = centres[kept, None] * heights[kept]
    people = torch.cat([poses[kept], scores[..., None]], dim=2)
    return people.numpy(), scores.mean(dim=1).numpy()


def _heights(poses: Tensor, heat: Tensor, stride: int) -> Tensor:
    """(N, K) of each keypoint on its own map, at the pixel that it lies in or the nearest.

    A cell's value is its upper left pixel's, linear in between; beyond the last cells it is theirs.
    """
    height, width = heat.shape[1:]
    row = torch.arange(len(heat))

    def along(axis: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        pixel = poses[..., axis].floor().clamp(0, count * stride - 1)
        place = (pixel / stride).clamp(max=count - 1)
        cell = place.long()
        return cell, (cell + 1).clamp(max=count - 1), place - cell

    left, right, x = along(0, width)
    above, below, y = along(1, height)
    upper = heat[row, above, left] * (1 - x) + heat[row, above, right] * x
    lower = heat[row, below, left] * (1 - x) + heat[row, below, right] * x
    return upper * (1 - y) + lower * y


def _different(poses: Array, scores: Array, rule: Rule) -> list[int]:
    """Rows of the surest pose of each group, groups in the order of the proposals."""
    if not len(poses):
        return []
    diagonal = np.sqrt(np.square(np.ptp(poses, axis=1)).sum(axis=1))
    distance = np.sqrt(np.square(poses[:, None] - poses[None]).sum(axis=3))
    same = (distance < rule.near * diagonal[:, None, None]).sum(axis=2) > rule.max_twins
    done = np.zeros(len(poses), dtype=bool)
    kept = []
    for row in range(len(poses)):
        if done[row]:
            continue
        group = np.flatnonzero(same[row])
        best = int(group[scores[group].argmax()]) if len(group) else row
        if not done[best]:
            kept.append(best)
            done[group] = True
            done[best] = True
    return kept


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """What DEKR's net should say: heat: (K + 1, H, W), offsets: (2K, H, W); weights: 0 where it is free."""

    heat: Tensor
    offsets: Tensor
    weights: Tensor


def encode(
    xy: Tensor,
    there: Tensor,
    size: tuple[int, int],
    *,
    sigma: float,
    centre_sigma: float,
    reach: float = 3.0,
) -> Target:
    """Bumps around keypoints and people's middles, and from the cells about a middle the way back to each.

    Args:
        xy: (P, K, 2) cells. there: (P, K). size: (width, height). reach: cells around a middle that tell it.
    """
    count = there.sum(dim=1, keepdim=True).clamp(min=1)
    middle, seen = (xy * there[..., None]).sum(dim=1) / count, there.any(dim=1)
    heat = of_all(bumps(xy, there, size, sigma))
    centres = of_all(bumps(middle[:, None], seen[:, None], size, centre_sigma))
    if not len(xy):
        empty = heat.new_zeros(2 * len(heat), *heat.shape[1:])
        return Target(torch.cat([heat, centres]), empty, empty)
    rows, near = nearest(middle, seen, size, reach)
    cells = torch.stack(
        torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="xy"), dim=-1
    ).to(xy)
    moves = cells[:, :, None] - xy[rows]
    low = torch.where(there[..., None], xy, torch.inf).amin(dim=1)
    high = torch.where(there[..., None], xy, -torch.inf).amax(dim=1)
    extent = (high - low).norm(dim=1).nan_to_num(posinf=1.0).clamp(min=1)
    weights = (near[..., None] & there[rows]) / extent[rows][..., None]
    return Target(
        torch.cat([heat, centres]),
        moves.flatten(2).permute(2, 0, 1),
        weights.repeat_interleave(2, dim=2).permute(2, 0, 1),
    )
