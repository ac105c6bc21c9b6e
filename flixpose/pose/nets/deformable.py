"""Convolution whose taps move: in plain torch, by sampling (Dai et al. 2017)."""

import torch
from torch import Tensor
from torch.nn import functional


def deform_conv3(x: Tensor, offsets: Tensor, weight: Tensor) -> Tensor:
    """A convolution of width 3, each tap read where its offset puts it, bilinearly, 0 outside.

    Args:
        x: (N, C, H, W). offsets: (N, 18, H, W), y and x per tap, rows of taps first. weight: (D, C, 3, 3).
    """
    batch, channels, height, width = x.shape
    ticks = torch.arange(-1, 2, device=x.device, dtype=x.dtype)
    taps = torch.stack([ticks.repeat_interleave(3), ticks.repeat(3)], dim=1)[:, :, None, None]
    rows = torch.arange(height, device=x.device, dtype=x.dtype)[:, None]
    columns = torch.arange(width, device=x.device, dtype=x.dtype)
    moved = offsets.unflatten(1, (9, 2)) + taps
    y = (2 * (moved[:, :, 0] + rows) + 1) / height - 1
    across = (2 * (moved[:, :, 1] + columns) + 1) / width - 1
    grid = torch.stack([across, y], dim=-1).flatten(1, 2)
    read = functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    columns_of = read.reshape(batch, channels * 9, height * width)
    return (weight.flatten(1) @ columns_of).unflatten(2, (height, width))
