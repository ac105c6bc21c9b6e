"""KAPAO (McNally et al. 2022): keypoints as objects, on YOLOv5's net for large pictures.

Layers are numbered as in YOLOv5's table; the gaps are steps without weights.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from flixpose.pose.nets.csp import Focus
from flixpose.pose.nets.csp import Scale as Size
from flixpose.pose.nets.yolo import C3, EPS, PyramidPool, cells, conv, doubled

SIZES = {"s": Size(0.33, 0.5), "m": Size(0.67, 0.75), "l": Size(1.0, 1.0)}

STRIDES = (8, 16, 32, 64)
# Widths and heights in pixels.
_ANCHORS = (
    ((19, 27), (44, 40), (38, 94)),
    ((96, 68), (86, 152), (180, 137)),
    ((140, 301), (303, 264), (238, 542)),
    ((436, 615), (739, 380), (925, 792)),
)
_BACKBONE = ((128, 3), (256, 9), (512, 9), (768, 3))  # channels and blocks at strides 4 to 32
_LAST = 1024
_POOLS = (3, 5, 7)


class Output(NamedTuple):
    """Attributes:
    raw: per stride (N, 3, H, W, 5 + classes + coordinates), before the sigmoid.
    decoded: (N, all, the same): cx, cy, w, h, objectness, classes, then x, y per keypoint, in pixels.
    """

    raw: list[Tensor]
    decoded: Tensor


class _Detect(nn.Module):
    def __init__(self, channels: list[int], keypoints: int) -> None:
        super().__init__()
        self.keypoints = keypoints
        self.size = 5 + 1 + keypoints + 2 * keypoints
        pixels = torch.tensor(_ANCHORS, dtype=torch.float32)
        self.register_buffer("anchors", pixels / torch.tensor(STRIDES)[:, None, None])
        self.register_buffer("anchor_grid", pixels[:, None, :, None, None].clone())
        self.m = nn.ModuleList(nn.Conv2d(c, 3 * self.size, 1) for c in channels)

    def forward(self, xs: list[Tensor]) -> Output:
        raw = [
            layer(x).unflatten(1, (3, self.size)).permute(0, 1, 3, 4, 2)
            for layer, x in zip(self.m, xs, strict=True)
        ]
        decoded = [self._decoded(level, each).flatten(1, 3) for level, each in enumerate(raw)]
        return Output(raw, torch.cat(decoded, dim=1))

    def _decoded(self, level: int, raw: Tensor) -> Tensor:
        shares = raw.sigmoid()
        corner = cells(raw.shape[2], raw.shape[3], raw)
        anchor = self.get_buffer("anchor_grid")[level]
        centre = (shares[..., :2] * 2 - 0.5 + corner) * STRIDES[level]
        size = (shares[..., 2:4] * 2) ** 2 * anchor
        moves = (shares[..., -2 * self.keypoints :] * 4 - 2).unflatten(-1, (self.keypoints, 2))
        points = moves * anchor[..., None, :] + corner[:, :, None] * STRIDES[level]
        return torch.cat([centre, size, shares[..., 4 : -2 * self.keypoints], points.flatten(-2)], dim=-1)


class Kapao(nn.Module):
    """(N, 3, H, W), sides a multiple of 64 → Output."""

    def __init__(self, size: Size, *, keypoints: int = 17) -> None:
        super().__init__()
        self._size = size
        first, channels = self._wide(64), [self._wide(c) for c, _ in _BACKBONE]
        last = self._wide(_LAST)
        layers: dict[int, nn.Module] = {0: Focus(first, eps=EPS)}
        widths = [first, *channels]
        for level, (_, count) in enumerate(_BACKBONE):
            layers[2 * level + 1] = conv(widths[level], widths[level + 1], 3, 2)
            layers[2 * level + 2] = C3(widths[level + 1], widths[level + 1], self._deep(count))
        layers[9] = conv(channels[3], last, 3, 2)
        layers[10] = PyramidPool(last, last, _POOLS)
        layers[11] = C3(last, last, self._deep(3), shortcut=False)
        layers |= self._neck([*channels[1:], last])
        layers[33] = _Detect([*channels[1:], last], keypoints)
        self.model = nn.ModuleDict({str(row): layer for row, layer in layers.items()})

    def _wide(self, channels: int) -> int:
        return math.ceil(channels * self._size.widen / 8) * 8

    def _deep(self, count: int) -> int:
        return max(round(count * self._size.deepen), 1)

    def _neck(self, channels: list[int]) -> dict[int, nn.Module]:
        """Down to the finest and up again."""
        layers: dict[int, nn.Module] = {}
        for row, level in ((12, 2), (16, 1), (20, 0)):
            wide = channels[level]
            layers[row] = conv(channels[level + 1], wide)
            layers[row + 3] = C3(2 * wide, wide, self._deep(3), shortcut=False)
        for row, level in ((24, 1), (27, 2), (30, 3)):
            below = channels[level - 1]
            layers[row] = conv(below, below, 3, 2)
            layers[row + 2] = C3(2 * below, channels[level], self._deep(3), shortcut=False)
        return layers

    def forward(self, x: Tensor) -> Output:
        features = []
        for row in range(12):
            x = self.model[str(row)](x)
            if row in (4, 6, 8):
                features.append(x)
        narrow = []
        for row in (12, 16, 20):
            narrow.append(self.model[str(row)](x))
            x = self.model[str(row + 3)](torch.cat([doubled(narrow[-1]), features.pop()], dim=1))
        levels = [x]
        for row in (24, 27, 30):
            x = torch.cat([self.model[str(row)](x), narrow.pop()], dim=1)
            x = self.model[str(row + 2)](x)
            levels.append(x)
        return self.model["33"](levels)


def build(size: str, *, keypoints: int = 17) -> Kapao:
    return Kapao(SIZES[size], keypoints=keypoints)
