"""Cascaded pyramid network (Chen et al. 2018): GlobalNet for the easy keypoints, RefineNet for the hard."""

from typing import NamedTuple

from torch import Tensor, cat, nn

from flixpose.pose.nets.blocks import Bottleneck, conv_norm, enlarged
from flixpose.pose.nets.resnet import ResNet

SIZES = {"r50": 50, "r101": 101}


class Output(NamedTuple):
    """Heat maps, all (N, keypoints, H/4, W/4): GlobalNet's four, deepest first, and RefineNet's."""

    coarse: list[Tensor]
    refined: Tensor


class _Enlarge(nn.Module):
    """To a size, or to twice its own."""

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return enlarged(x, self.size or (2 * x.shape[2], 2 * x.shape[3]))


class _GlobalNet(nn.Module):
    def __init__(self, channels: list[int], size: tuple[int, int], keypoints: int, wide: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(conv_norm(c, wide) for c in reversed(channels))
        self.upsamples = nn.ModuleList(
            nn.Sequential(_Enlarge(), *conv_norm(wide, wide, act=False)) for _ in channels[1:]
        )
        self.predict = nn.ModuleList(
            nn.Sequential(
                *conv_norm(wide, wide),
                nn.Conv2d(wide, keypoints, 3, padding=1, bias=False),
                _Enlarge(size),
                nn.BatchNorm2d(keypoints),
            )
            for _ in channels
        )

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        pyramid: list[Tensor] = []
        maps: list[Tensor] = []
        for level, feature in enumerate(reversed(features)):
            x = self.laterals[level](feature)
            if level:
                x = x + self.upsamples[level - 1](pyramid[-1])
            pyramid.append(x)
            maps.append(self.predict[level](x))
        return pyramid, maps


def _bottleneck(cin: int, wide: int) -> Bottleneck:
    return Bottleneck(cin, wide // 2, cout=wide, projected=True)


class _RefineNet(nn.Module):
    def __init__(self, levels: int, size: tuple[int, int], keypoints: int, wide: int) -> None:
        super().__init__()
        self.cascade = nn.ModuleList(
            nn.Sequential(*(_bottleneck(wide, wide) for _ in range(levels - 1 - level)), _Enlarge(size))
            for level in range(levels)
        )
        self.final_predict = nn.Sequential(
            _bottleneck(levels * wide, wide),
            nn.Conv2d(wide, keypoints, 3, padding=1, bias=False),
            nn.BatchNorm2d(keypoints),
        )

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        wide = [branch(x) for branch, x in zip(self.cascade, pyramid, strict=True)]
        return self.final_predict(cat(wide, dim=1))


class CascadedPyramid(nn.Module):
    """Args: size: (height, width) of the heat maps, a quarter of the picture's. wide: of both nets."""

    def __init__(
        self,
        depth: int,
        *,
        size: tuple[int, int] = (64, 48),
        keypoints: int = 17,
        width: int = 64,
        wide: int = 256,
    ) -> None:
        super().__init__()
        self.resnet = ResNet(depth, width=width)
        self.global_net = _GlobalNet(self.resnet.channels, size, keypoints, wide)
        self.refine_net = _RefineNet(4, size, keypoints, wide)

    def forward(self, x: Tensor) -> Output:
        pyramid, maps = self.global_net(self.resnet(x))
        return Output(maps, self.refine_net(pyramid))


def build(size: str, *, keypoints: int = 17) -> CascadedPyramid:
    return CascadedPyramid(SIZES[size], keypoints=keypoints)
