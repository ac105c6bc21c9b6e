"""Targets drawn on a net's cells, for training: bumps around points, and discs that say what lies where.

Coordinates are cells of the map, (0, 0) its first cell's centre, unless a docstring says otherwise.
"""

import torch
from torch import Tensor


def bumps(xy: Tensor, there: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """(..., height, width) Gaussians around (..., 2) points of a (width, height) map."""
    width, height = size
    x = torch.arange(width, device=xy.device) - xy[..., :1]
    y = torch.arange(height, device=xy.device) - xy[..., 1:]
    scale = -0.5 / sigma**2
    maps = (scale * y.square()).exp()[..., :, None] * (scale * x.square()).exp()[..., None, :]
    return maps * there[..., None, None]


def of_all(maps: Tensor) -> Tensor:
    """(P, K, H, W) of each person → (K, H, W) of the picture: the highest counts."""
    return maps.amax(dim=0) if len(maps) else maps.new_zeros(maps.shape[1:])


def nearest(xy: Tensor, there: Tensor, size: tuple[int, int], reach: float) -> tuple[Tensor, Tensor]:
    """Which point each cell of a (width, height) map belongs to.

    Args:
        xy: (P, 2), there: (P,). reach: cells from the point.

    Returns:
        (height, width) rows of the nearest point, and which cells lie within its reach.
    """
    width, height = size
    if not len(xy):
        empty = torch.zeros(height, width, dtype=torch.long, device=xy.device)
        return empty, empty.bool()
    x = torch.arange(width, device=xy.device) - xy[:, 0, None]
    y = torch.arange(height, device=xy.device) - xy[:, 1, None]
    distance = (x.square()[:, None, :] + y.square()[:, :, None]).masked_fill(~there[:, None, None], torch.inf)
    least, rows = distance.min(dim=0)
    return rows, least <= reach**2


def cell_of(xy: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """(…) whole x and y of the cells nearest to (…, 2), inside a (width, height) map."""
    x, y = xy.round().long().unbind(dim=-1)
    return x.clamp(0, size[0] - 1), y.clamp(0, size[1] - 1)
