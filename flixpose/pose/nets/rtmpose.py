"""RTMPose (Jiang et al. 2023): RTMDet's backbone, one gated attention over the keypoints, SimCC."""

from typing import NamedTuple

from torch import Tensor, nn

from flixpose.pose.nets.csp import CspBackbone, Scale
from flixpose.pose.nets.gau import GatedAttention, ScaleNorm

SIZES = {"t": Scale(0.167, 0.375), "s": Scale(0.33, 0.5), "m": Scale(0.67, 0.75), "l": Scale(1.0, 1.0)}

_WIDTH = 256
_SPLIT = 2


class Output(NamedTuple):
    """Logits of the columns, (N, keypoints, 2 W), and of the rows, (N, keypoints, 2 H)."""

    x: Tensor
    y: Tensor


class _Head(nn.Module):
    def __init__(self, cin: int, picture: tuple[int, int], keypoints: int) -> None:
        super().__init__()
        height, width = picture
        cells = (height // 32) * (width // 32)
        self.final_layer = nn.Conv2d(cin, keypoints, 7, padding=3)
        self.mlp = nn.Sequential(ScaleNorm(cells), nn.Linear(cells, _WIDTH, bias=False))
        self.gau = GatedAttention(_WIDTH)
        self.cls_x = nn.Linear(_WIDTH, width * _SPLIT, bias=False)
        self.cls_y = nn.Linear(_WIDTH, height * _SPLIT, bias=False)

    def forward(self, x: Tensor) -> Output:
        x = self.gau(self.mlp(self.final_layer(x).flatten(2)))
        return Output(self.cls_x(x), self.cls_y(x))


class RTMPose(nn.Module):
    """(N, 3, H, W) → Output. Args: picture: (height, width) that it is made for."""

    def __init__(self, scale: Scale, *, picture: tuple[int, int] = (256, 192), keypoints: int = 17) -> None:
        super().__init__()
        self.backbone = CspBackbone(scale, is_next=True, wanted=[4])
        self.head = _Head(self.backbone.channels[-1], picture, keypoints)

    def forward(self, x: Tensor) -> Output:
        return self.head(self.backbone(x)[-1])


def build(size: str, *, keypoints: int = 17) -> RTMPose:
    return RTMPose(SIZES[size], keypoints=keypoints)
