"""PoseNet (Papandreou et al. 2018) on MobileNet v1, batch norms folded in."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZES = {"50": 0.5, "75": 0.75, "100": 1.0, "101": 1.0}

_CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
_EDGES = 16


class Output(NamedTuple):
    """Maps of one cell per `stride` pixels; offsets and displacements: all y, then all x, in pixels."""

    heat: Tensor
    offsets: Tensor
    forward: Tensor
    backward: Tensor


class _Separable(nn.Module):
    """Each channel by itself, then all together. `dilation` keeps the view where a stride was taken out."""

    def __init__(self, cin: int, cout: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(cin, cin, 3, stride, dilation, dilation, groups=cin)
        self.pointwise = nn.Conv2d(cin, cout, 1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(self.pointwise(functional.relu6(self.depthwise(x))))


class _First(nn.Module):
    def __init__(self, cout: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, cout, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(self.conv(x))


def _features(share: float, stride: int) -> nn.Sequential:
    net = nn.Sequential()
    cin, reached, dilation = int(32 * share), 2, 1
    net.add_module("conv0", _First(cin))
    for row, (channels, wanted) in enumerate(zip(_CHANNELS, _STRIDES, strict=True), 1):
        steps = wanted if reached * wanted <= stride else 1
        cout = int(channels * share)
        net.add_module(f"conv{row}", _Separable(cin, cout, steps, dilation))
        reached, dilation, cin = reached * steps, dilation * (wanted // steps), cout
    return net


class PoseNet(nn.Module):
    """(N, 3, H, W), sides one more than a multiple of the stride → Output.

    Args:
        share: of MobileNet's channels. stride: 8, 16 or 32.
    """

    def __init__(self, share: float, *, stride: int = 16, keypoints: int = 17) -> None:
        super().__init__()
        self.stride = stride
        self.features = _features(share, stride)
        last = int(_CHANNELS[-1] * share)
        self.heatmap = nn.Conv2d(last, keypoints, 1)
        self.offset = nn.Conv2d(last, 2 * keypoints, 1)
        self.displacement_fwd = nn.Conv2d(last, 2 * _EDGES, 1)
        self.displacement_bwd = nn.Conv2d(last, 2 * _EDGES, 1)

    def forward(self, x: Tensor) -> Output:
        x = self.features(x)
        heat = torch.sigmoid(self.heatmap(x))
        return Output(heat, self.offset(x), self.displacement_fwd(x), self.displacement_bwd(x))


def build(size: str, *, keypoints: int = 17) -> PoseNet:
    return PoseNet(SIZES[size], keypoints=keypoints)
