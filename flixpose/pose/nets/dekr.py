"""DEKR (Geng et al. 2021): each keypoint's offset by a branch of its own, whose convolutions adapt to it."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import BasicBlock, conv_norm
from flixpose.pose.nets.deformable import deform_conv3
from flixpose.pose.nets.hrnet import SIZES, HighResolution

_EACH = 15  # channels of a keypoint's branch


class Output(NamedTuple):
    """Attributes: heat: (N, keypoints + 1, H/4, W/4), centres last; offsets: (N, 2 keypoints, …) cells."""

    heat: Tensor
    offsets: Tensor


class _Taps(nn.Module):
    """The weights of a convolution of width 3, applied at moved taps."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        return deform_conv3(x, offsets, self.weight)


class _Adaptive(nn.Module):
    """The taps' square turned, stretched and shifted at each place, by what lies there."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        ticks = torch.arange(-1, 2).float()
        self.register_buffer("regular_matrix", torch.cartesian_prod(ticks, ticks).T.contiguous())
        self.transform_matrix_conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.translation_conv = nn.Conv2d(channels, 2, 3, padding=1)
        self.adapt_conv = _Taps(channels)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        square = self.get_buffer("regular_matrix")
        matrix = self.transform_matrix_conv(x).unflatten(1, (2, 2))
        moved = torch.einsum("nijhw,jt->ntihw", matrix, square) - square.T[:, :, None, None]
        moved = moved + self.translation_conv(x)[:, None]
        return functional.relu(self.bn(self.adapt_conv(x, moved.flatten(1, 2))) + x)


class DEKR(HighResolution):
    """(N, 3, H, W) → Output."""

    def __init__(self, width: int, *, keypoints: int = 17, **backbone: Any) -> None:
        super().__init__(width, outputs=4, **backbone)
        joined = sum(self.channels)
        self.transition_heatmap = conv_norm(joined, width)
        self.transition_offset = conv_norm(joined, keypoints * _EACH)
        self.head_heatmap = nn.Sequential(
            nn.Sequential(BasicBlock(width, width)), nn.Conv2d(width, keypoints + 1, 1)
        )
        self.offset_feature_layers = nn.ModuleList(
            nn.Sequential(_Adaptive(_EACH), _Adaptive(_EACH)) for _ in range(keypoints)
        )
        self.offset_final_layer = nn.ModuleList(nn.Conv2d(_EACH, 2, 1) for _ in range(keypoints))

    def forward(self, x: Tensor) -> Output:
        finest, *others = self.branches(x)
        size = finest.shape[2:]
        enlarged = [functional.interpolate(y, size, mode="bilinear", align_corners=False) for y in others]
        joined = torch.cat([finest, *enlarged], dim=1)
        parts = self.transition_offset(joined).split(_EACH, dim=1)
        layers = zip(self.offset_feature_layers, self.offset_final_layer, parts, strict=True)
        offsets = torch.cat([final(branch(part)) for branch, final, part in layers], dim=1)
        return Output(self.head_heatmap(self.transition_heatmap(joined)), offsets)


def build(size: str, *, keypoints: int = 17) -> DEKR:
    return DEKR(SIZES[size], keypoints=keypoints)
