"""HigherHRNet (Cheng et al. 2020): heat maps at two sizes, and tags that tell people apart."""

from typing import Any, NamedTuple

from torch import Tensor, cat, nn

from flixpose.pose.nets.blocks import BasicBlock, deconvolutions
from flixpose.pose.nets.hrnet import SIZES, HighResolution


class Output(NamedTuple):
    """Attributes:
    quarter: (N, 2 keypoints, H/4, W/4), heat maps then tags. half: (N, keypoints, H/2, W/2) heat maps.
    """

    quarter: Tensor
    half: Tensor


class HigherHRNet(HighResolution):
    """(N, 3, H, W) → Output."""

    def __init__(self, width: int, *, keypoints: int = 17, **backbone: Any) -> None:
        super().__init__(width, **backbone)
        self.final_layers = nn.ModuleList(
            [nn.Conv2d(width, 2 * keypoints, 1), nn.Conv2d(width, keypoints, 1)]
        )
        up = deconvolutions([width + 2 * keypoints, width])
        blocks = (nn.Sequential(BasicBlock(width, width)) for _ in range(4))
        self.deconv_layers = nn.ModuleList([nn.Sequential(up, *blocks)])

    def forward(self, x: Tensor) -> Output:
        features = self.branches(x)[0]
        quarter = self.final_layers[0](features)
        enlarged = self.deconv_layers[0](cat([features, quarter], dim=1))
        return Output(quarter, self.final_layers[1](enlarged))


def build(size: str, *, keypoints: int = 17) -> HigherHRNet:
    return HigherHRNet(SIZES[size], keypoints=keypoints)
