"""Simple baseline (Xiao et al. 2018): ResNet and three transposed convolutions."""

from torch import Tensor, nn

from flixpose.pose.nets.blocks import deconvolutions
from flixpose.pose.nets.resnet import ResNet

SIZES = {"r50": 50, "r101": 101, "r152": 152}


class SimpleBaseline(ResNet):
    """(N, 3, H, W) → (N, keypoints, H/4, W/4) heat maps. Args: up: channels of the enlarging end."""

    def __init__(self, depth: int, *, keypoints: int = 17, width: int = 64, up: int = 256) -> None:
        super().__init__(depth, width=width)
        self.deconv_layers = deconvolutions([self.channels[-1], up, up, up])
        self.final_layer = nn.Conv2d(up, keypoints, 1)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return self.final_layer(self.deconv_layers(super().forward(x)[-1]))


def build(size: str, *, keypoints: int = 17) -> SimpleBaseline:
    return SimpleBaseline(SIZES[size], keypoints=keypoints)
