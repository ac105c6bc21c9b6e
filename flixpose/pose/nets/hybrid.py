"""RT-DETR's hybrid neck (Zhao et al. 2024): attention on the coarsest level, convolutions between the levels.

The parts that RTMO and DETRPose share; each names and sizes them in its own way.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from flixpose.pose.nets.yolo import doubled

Block = Callable[[Tensor], Tensor]


def fused(
    levels: list[Tensor],
    laterals: Sequence[Block],
    down: Sequence[Block],
    up: Sequence[Block],
    strides: Sequence[Block],
) -> list[Tensor]:
    """Levels, finest first, joined from the coarsest to the finest (`down`) and back (`up`)."""
    inner = [levels[-1]]
    for row, level in enumerate(reversed(levels[:-1])):
        inner[0] = laterals[row](inner[0])
        inner.insert(0, down[row](torch.cat([doubled(inner[0]), level], dim=1)))
    outer = [inner[0]]
    for row, level in enumerate(inner[1:]):
        outer.append(up[row](torch.cat([strides[row](outer[-1]), level], dim=1)))
    return outer


def sine_grid(height: int, width: int, channels: int, temperature: float, like: Tensor) -> Tensor:
    """(height × width, channels): places as a share of the map's size, y then x, sine and cosine in turn."""
    half = channels // 2
    step = temperature ** (2 * (torch.arange(half, device=like.device) // 2) / half)

    def waves(count: int) -> Tensor:
        places = torch.arange(1, count + 1, device=like.device, dtype=like.dtype) / (count + 1e-6)
        angles = places[:, None] * 2 * math.pi / step
        return torch.stack([angles[:, 0::2].sin(), angles[:, 1::2].cos()], dim=2).flatten(1)

    y, x = waves(height), waves(width)
    return torch.cat([y[:, None].expand(-1, width, -1), x[None].expand(height, -1, -1)], dim=2).flatten(0, 1)


def attended(layer: Callable[[Tensor, Tensor], Tensor], x: Tensor, place: Tensor) -> Tensor:
    """The layer over the cells of (N, C, H, W)."""
    return layer(x.flatten(2).transpose(1, 2), place).transpose(1, 2).unflatten(2, x.shape[2:])
