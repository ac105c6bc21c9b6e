"""Lightweight OpenPose (Osokin 2018): MobileNet v1 with a dilated end, one refinement stage."""

from typing import NamedTuple

from torch import Tensor, cat, nn

SIZES = {"mobilenet": 1}  # refinement stages

_HEAT, _FIELDS = 19, 38
_WIDTH = 128  # of the stages
# Channels, stride and dilation of MobileNet's blocks after the first convolution.
_BLOCKS = (
    *((64, 1, 1), (128, 2, 1), (128, 1, 1), (256, 2, 1), (256, 1, 1), (512, 1, 1), (512, 1, 2)),
    *((512, 1, 1), (512, 1, 1), (512, 1, 1), (512, 1, 1)),
)


class Stage(NamedTuple):
    """Attributes: heat: (N, 19, H/8, W/8), the last one background; fields: (N, 38, H/8, W/8)."""

    heat: Tensor
    fields: Tensor


def _conv(
    cin: int, cout: int, kernel: int = 3, *, norm: bool = False, act: bool = True, dilation: int = 1
) -> nn.Sequential:
    """With a bias, even before a batch norm, as published."""
    padding = dilation * (kernel // 2)
    layers: list[nn.Module] = [nn.Conv2d(cin, cout, kernel, padding=padding, dilation=dilation)]
    layers += [nn.BatchNorm2d(cout)] if norm else []
    layers += [nn.ReLU(inplace=True)] if act else []
    return nn.Sequential(*layers)


def _separable(cin: int, cout: int, stride: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(cin, cin, 3, stride, dilation, dilation, groups=cin, bias=False),
        nn.BatchNorm2d(cin),
        nn.ReLU(inplace=True),
        nn.Conv2d(cin, cout, 1, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


def _separable_without_norm(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.ELU(inplace=True),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.ELU(inplace=True),
    )


def _mobilenet(share: float) -> nn.Sequential:
    cin = int(32 * share)
    first = nn.Sequential(nn.Conv2d(3, cin, 3, 2, 1, bias=False), nn.BatchNorm2d(cin), nn.ReLU(inplace=True))
    blocks = []
    for channels, stride, dilation in _BLOCKS:
        cout = int(channels * share)
        blocks.append(_separable(cin, cout, stride, dilation))
        cin = cout
    return nn.Sequential(first, *blocks)


class _Narrowed(nn.Module):
    """MobileNet's features brought to the width of the stages."""

    def __init__(self, cin: int, wide: int) -> None:
        super().__init__()
        self.align = _conv(cin, wide, 1)
        self.trunk = nn.Sequential(*(_separable_without_norm(wide) for _ in range(3)))
        self.conv = _conv(wide, wide)

    def forward(self, x: Tensor) -> Tensor:
        x = self.align(x)
        return self.conv(x + self.trunk(x))


class _RefinementBlock(nn.Module):
    def __init__(self, cin: int, wide: int) -> None:
        super().__init__()
        self.initial = _conv(cin, wide, 1)
        self.trunk = nn.Sequential(_conv(wide, wide, norm=True), _conv(wide, wide, norm=True, dilation=2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.initial(x)
        return x + self.trunk(x)


class _Stage(nn.Module):
    """Args: wide: channels of the trunk. width: between the last two convolutions of each head."""

    def __init__(self, trunk: nn.Sequential, wide: int, width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.heatmaps = nn.Sequential(_conv(wide, width, 1), _conv(width, _HEAT, 1, act=False))
        self.pafs = nn.Sequential(_conv(wide, width, 1), _conv(width, _FIELDS, 1, act=False))

    def forward(self, x: Tensor) -> Stage:
        x = self.trunk(x)
        return Stage(self.heatmaps(x), self.pafs(x))


class LightweightOpenPose(nn.Module):
    """(N, 3, H, W) → the stages' maps, the last one best. Args: share: of the published net's channels."""

    def __init__(self, refinements: int, *, share: float = 1.0) -> None:
        super().__init__()
        wide = int(_WIDTH * share)
        self.model = _mobilenet(share)
        self.cpm = _Narrowed(int(512 * share), wide)
        self.initial_stage = _Stage(
            nn.Sequential(*(_conv(wide, wide) for _ in range(3))), wide, int(512 * share)
        )
        seen = wide + _HEAT + _FIELDS
        self.refinement_stages = nn.ModuleList(
            _Stage(
                nn.Sequential(
                    _RefinementBlock(seen, wide), *(_RefinementBlock(wide, wide) for _ in range(4))
                ),
                wide,
                wide,
            )
            for _ in range(refinements)
        )

    def forward(self, x: Tensor) -> list[Stage]:
        features = self.cpm(self.model(x))
        stages = [self.initial_stage(features)]
        for stage in self.refinement_stages:
            stages.append(stage(cat([features, *stages[-1]], dim=1)))
        return stages


def build(size: str) -> LightweightOpenPose:
    return LightweightOpenPose(SIZES[size])
