"""YOLOv8 with the pose head (Jocher et al. 2023): one cell, one person, no anchors.

Layers are numbered as in its table; the gaps are steps without weights.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from flixpose.pose.nets.yolo import C2f, PyramidPool, cells, conv, doubled


@dataclass(frozen=True, slots=True)
class Size:
    """Shares of the blocks' number and of the channels, and the most channels."""

    deepen: float
    widen: float
    most: int


SIZES = {
    "n": Size(0.33, 0.25, 1024),
    "s": Size(0.33, 0.5, 1024),
    "m": Size(0.67, 0.75, 768),
    "l": Size(1.0, 1.0, 512),
    "x": Size(1.0, 1.25, 512),
}

STRIDES = (8, 16, 32)
_BACKBONE = ((128, 3), (256, 6), (512, 6), (1024, 3))  # channels and blocks at strides 4 to 32
_BINS = 16


class Output(NamedTuple):
    """All cells of the strides 8, 16, 32 in a row.

    Attributes:
        boxes: (N, 64, cells) logits of the four sides' distances. scores: (N, classes, cells) logits.
        keypoints: (N, 3K, cells) raw. features: what the head saw, per stride.
    """

    boxes: Tensor
    scores: Tensor
    keypoints: Tensor
    features: list[Tensor]


def _branch(cin: int, wide: int, cout: int) -> nn.Sequential:
    return nn.Sequential(conv(cin, wide, 3), conv(wide, wide, 3), nn.Conv2d(wide, cout, 1))


class _Expectation(nn.Module):
    """(N, 4 bins, cells) logits → (N, 4, cells) the mean distance that they stand for."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(_BINS, 1, 1, bias=False)
        self.conv.weight = nn.Parameter(torch.arange(_BINS).float().reshape(1, -1, 1, 1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.unflatten(1, (4, _BINS)).transpose(1, 2).softmax(1))[:, 0]


class _PoseHead(nn.Module):
    def __init__(self, channels: list[int], keypoints: int) -> None:
        super().__init__()
        self.keypoints = keypoints
        finest = channels[0]
        boxes, points = max(16, finest // 4, 4 * _BINS), max(finest // 4, 3 * keypoints)
        self.cv2 = nn.ModuleList(_branch(c, boxes, 4 * _BINS) for c in channels)
        self.cv3 = nn.ModuleList(_branch(c, finest, 1) for c in channels)
        self.dfl = _Expectation()
        self.cv4 = nn.ModuleList(_branch(c, points, 3 * keypoints) for c in channels)

    def forward(self, xs: list[Tensor]) -> Output:
        boxes, scores, points = (
            torch.cat([branch(x).flatten(2) for branch, x in zip(branches, xs, strict=True)], dim=2)
            for branches in (self.cv2, self.cv3, self.cv4)
        )
        return Output(boxes, scores, points, xs)

    def decoded(self, out: Output) -> Tensor:
        """(N, 4 + 1 + 3K, cells): cx, cy, w, h in pixels, score, then x, y, score per keypoint."""
        centres, stride = _centres(out.features)
        near, far = self.dfl(out.boxes).chunk(2, dim=1)
        low, high = centres - near, centres + far
        boxes = torch.cat([(low + high) / 2, high - low], dim=1) * stride
        points = out.keypoints.unflatten(1, (self.keypoints, 3))
        xy = (points[:, :, :2] * 2 + (centres - 0.5)) * stride
        points = torch.cat([xy, points[:, :, 2:].sigmoid()], dim=2).flatten(1, 2)
        return torch.cat([boxes, out.scores.sigmoid(), points], dim=1)


def _centres(features: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(2, cells) of the cells' centres, in cells, and (cells,) strides."""
    centres, strides = [], []
    for x, stride in zip(features, STRIDES, strict=True):
        grid = cells(x.shape[2], x.shape[3], x).flatten(0, 1).T + 0.5
        centres.append(grid)
        strides.append(grid.new_full((grid.shape[1],), stride))
    return torch.cat(centres, dim=1), torch.cat(strides)


class YoloPose(nn.Module):
    """(N, 3, H, W), sides a multiple of 32 → Output."""

    def __init__(self, size: Size, *, keypoints: int = 17) -> None:
        super().__init__()

        def wide(channels: int) -> int:
            return math.ceil(min(channels, size.most) * size.widen / 8) * 8

        def c2f(cin: int, cout: int, count: int, *, shortcut: bool) -> C2f:
            return C2f(cin, cout, max(round(count * size.deepen), 1), shortcut=shortcut)

        widths = [wide(64), *(wide(c) for c, _ in _BACKBONE)]
        layers: dict[int, nn.Module] = {0: conv(3, widths[0], 3, 2)}
        for level, (_, count) in enumerate(_BACKBONE):
            layers[2 * level + 1] = conv(widths[level], widths[level + 1], 3, 2)
            layers[2 * level + 2] = c2f(widths[level + 1], widths[level + 1], count, shortcut=True)
        fine, middle, coarse = widths[2:]
        layers[9] = PyramidPool(coarse, coarse, (5,))
        layers[12] = c2f(coarse + middle, middle, 3, shortcut=False)
        layers[15] = c2f(middle + fine, fine, 3, shortcut=False)
        layers[16] = conv(fine, fine, 3, 2)
        layers[18] = c2f(fine + middle, middle, 3, shortcut=False)
        layers[19] = conv(middle, middle, 3, 2)
        layers[21] = c2f(middle + coarse, coarse, 3, shortcut=False)
        layers[22] = _PoseHead([fine, middle, coarse], keypoints)
        self.model = nn.ModuleDict({str(row): layer for row, layer in layers.items()})

    def forward(self, x: Tensor) -> Output:
        features = []
        for row in range(10):
            x = self.model[str(row)](x)
            if row in (4, 6, 9):
                features.append(x)
        fine, middle, coarse = features
        middle = self.model["12"](torch.cat([doubled(coarse), middle], dim=1))
        fine = self.model["15"](torch.cat([doubled(middle), fine], dim=1))
        middle = self.model["18"](torch.cat([self.model["16"](fine), middle], dim=1))
        coarse = self.model["21"](torch.cat([self.model["19"](middle), coarse], dim=1))
        return self.model["22"]([fine, middle, coarse])

    def decoded(self, out: Output) -> Tensor:
        """(N, 5 + 3K, cells); see the head's."""
        head: _PoseHead = self.model.get_submodule("22")  # type: ignore[assignment]
        return head.decoded(out)


def build(size: str, *, keypoints: int = 17) -> YoloPose:
    return YoloPose(SIZES[size], keypoints=keypoints)
