"""DeeperCut's part detector (Insafutdinov et al. 2016): where parts are, and from each where the others are.

ResNet whose last stage looks as far without halving, then one transposed convolution and a short way from the
second stage, to stride 8. No weights of it are published in a form that could be read here; names are ours.
"""

import torch
from torch import Tensor, nn

from flixpose.pose.codec.body_parts import Maps
from flixpose.pose.nets.resnet import ResNet

SIZES = {"r50": 50, "r101": 101, "r152": 152}

# Before anything is learned: how unlikely a step's error makes it that two candidates share a person.
_FIRST_WEIGHT, _FIRST_BIAS = (-4.0, -4.0, -1.0, -1.0), 3.0
_FIRST_SAME = (-1.0, 0.0, 0.0, 0.0)


class _Head(nn.Module):
    def __init__(self, deep: int, early: int, cout: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(deep, cout, 4, stride=2, padding=1)
        self.across = nn.Conv2d(early, cout, 1)

    def forward(self, deep: Tensor, early: Tensor) -> Tensor:
        return self.up(deep) + self.across(early)


class DeepCut(nn.Module):
    """(N, 3, H, W), sides a multiple of 16 → Maps at stride 8. Args: width: of the backbone."""

    pair_weight: Tensor
    pair_bias: Tensor

    def __init__(self, depth: int, *, keypoints: int = 17, width: int = 64) -> None:
        super().__init__()
        self.keypoints = keypoints
        self.backbone = _widened(ResNet(depth, width=width))
        _, early, _, deep = self.backbone.channels
        self.scores = _Head(deep, early, keypoints)
        self.moves = _Head(deep, early, 2 * keypoints)
        self.steps = _Head(deep, early, 2 * keypoints * (keypoints - 1))
        weight = torch.tensor(_FIRST_WEIGHT).repeat(keypoints, keypoints, 1)
        same = torch.eye(keypoints, dtype=torch.bool)
        self.pair_weight = nn.Parameter(torch.where(same[..., None], torch.tensor(_FIRST_SAME), weight))
        self.pair_bias = nn.Parameter(torch.full((keypoints, keypoints), _FIRST_BIAS))

    def forward(self, x: Tensor) -> Maps:
        _, early, _, deep = self.backbone(x)
        moves = self.moves(deep, early).unflatten(1, (self.keypoints, 2))
        steps = self.steps(deep, early).unflatten(1, (self.keypoints, self.keypoints - 1, 2))
        return Maps(self.scores(deep, early), moves, steps)


def _widened(backbone: ResNet) -> ResNet:
    """Its last stage at stride 16, each second cell skipped instead."""
    for name, layer in backbone.get_submodule("layer4").named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
            if name.endswith("conv2"):
                layer.dilation = layer.padding = (2, 2)
    return backbone


def build(size: str, *, keypoints: int = 17) -> DeepCut:
    return DeepCut(SIZES[size], keypoints=keypoints)
