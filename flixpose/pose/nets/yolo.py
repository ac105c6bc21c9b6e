"""Building blocks of the YOLO family (Jocher 2020, 2023), written from its layer tables and figures."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import ConvNorm

EPS = 1e-3


def conv(cin: int, cout: int, kernel: int = 1, stride: int = 1) -> ConvNorm:
    return ConvNorm(cin, cout, kernel, stride, eps=EPS)


class Residual(nn.Module):
    """Two convolutions of the given widths, and a shortcut where wanted."""

    def __init__(self, channels: int, kernels: tuple[int, int], *, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = conv(channels, channels, kernels[0])
        self.cv2 = conv(channels, channels, kernels[1])
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C3(nn.Module):
    """v5's: half of the channels through a chain of blocks, half past it."""

    def __init__(self, cin: int, cout: int, count: int, *, shortcut: bool = True) -> None:
        super().__init__()
        half = cout // 2
        self.cv1 = conv(cin, half)
        self.cv2 = conv(cin, half)
        self.cv3 = conv(2 * half, cout)
        self.m = nn.Sequential(*(Residual(half, (1, 3), shortcut=shortcut) for _ in range(count)))

    def forward(self, x: Tensor) -> Tensor:
        return self.cv3(torch.cat([self.m(self.cv1(x)), self.cv2(x)], dim=1))


class C2f(nn.Module):
    """v8's: every block's outcome is kept."""

    def __init__(self, cin: int, cout: int, count: int, *, shortcut: bool = True) -> None:
        super().__init__()
        half = cout // 2
        self.cv1 = conv(cin, 2 * half)
        self.cv2 = conv((2 + count) * half, cout)
        self.m = nn.ModuleList(Residual(half, (3, 3), shortcut=shortcut) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.cv1(x).chunk(2, dim=1))
        for block in self.m:
            parts.append(block(parts[-1]))
        return self.cv2(torch.cat(parts, dim=1))


class PyramidPool(nn.Module):
    """The neighbourhood's maxima at three widths.

    Args:
        kernels: their widths; or one width applied once, twice, three times.
    """

    def __init__(self, cin: int, cout: int, kernels: tuple[int, ...]) -> None:
        super().__init__()
        self.kernels = kernels
        self.cv1 = conv(cin, cin // 2)
        self.cv2 = conv(cin // 2 * 4, cout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.cv1(x)
        if len(self.kernels) > 1:
            pooled = [functional.max_pool2d(x, k, 1, k // 2) for k in self.kernels]
        else:
            kernel, pooled = self.kernels[0], [x]
            for _ in range(3):
                pooled.append(functional.max_pool2d(pooled[-1], kernel, 1, kernel // 2))
            pooled = pooled[1:]
        return self.cv2(torch.cat([x, *pooled], dim=1))


def cells(height: int, width: int, like: Tensor) -> Tensor:
    """(height, width, 2): each cell's column and row."""
    y = torch.arange(height, device=like.device, dtype=like.dtype)
    x = torch.arange(width, device=like.device, dtype=like.dtype)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")
