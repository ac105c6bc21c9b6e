"""DeepPose (Toshev and Szegedy 2014) on ResNet: coordinates straight from the picture, under mmpose's names.

The "rle" sizes also tell how far off each coordinate may be, for residual log-likelihood (Li et al. 2021).
"""

from typing import NamedTuple

from torch import Tensor, nn

from flixpose.pose.nets.resnet import ResNet

DEPTHS = {"r50": 50, "r101": 101, "r152": 152}
SIZES = {f"{name}{tail}": depth for tail in ("", "-rle") for name, depth in DEPTHS.items()}


class Output(NamedTuple):
    """Attributes:
    xy: (N, K, 2) as shares of the picture, the first pixel at 0.
    sigma: (N, K, 2) in (0, 1), the spread of xy; None where the net does not tell it.
    """

    xy: Tensor
    sigma: Tensor | None


class _Head(nn.Module):
    def __init__(self, cin: int, keypoints: int, values: int) -> None:
        super().__init__()
        self.keypoints = keypoints
        self.fc = nn.Linear(cin, keypoints * values)

    def forward(self, x: Tensor) -> Output:
        told = self.fc(x.mean(dim=(2, 3))).unflatten(1, (self.keypoints, -1))
        return Output(told[..., :2], told[..., 2:].sigmoid() if told.shape[2] > 2 else None)


class DeepPose(nn.Module):
    """(N, 3, H, W) → Output. Args: spread: tell sigma. width: of the backbone."""

    def __init__(self, depth: int, *, spread: bool, keypoints: int = 17, width: int = 64) -> None:
        super().__init__()
        self.backbone = ResNet(depth, width=width)
        self.head = _Head(self.backbone.channels[-1], keypoints, 4 if spread else 2)

    def forward(self, x: Tensor) -> Output:
        return self.head(self.backbone(x)[-1])


def build(size: str, *, keypoints: int = 17) -> DeepPose:
    return DeepPose(SIZES[size], spread=size.endswith("-rle"), keypoints=keypoints)
