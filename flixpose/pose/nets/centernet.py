"""CenterNet (Zhou et al. 2019): six heads on a stacked hourglass or on ResNet, enlarged."""

from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import ConvNorm, deconvolutions
from flixpose.pose.nets.resnet import ResNet

SIZES = {"hourglass104": 0, "r18": 18, "r34": 34, "r50": 50, "r101": 101, "r152": 152}

# Channels of the heads: centres, sizes, centre → keypoints, a centre's fraction of a cell, and the keypoints'
# own heat maps and fractions.
HEADS = {"hm": 1, "wh": 2, "hps": 34, "reg": 2, "hm_hp": 17, "hp_offset": 2}

_CHANNELS = (256, 256, 384, 384, 384, 512)
_BLOCKS = (2, 2, 2, 2, 2, 4)
_STACKS = 2

Maps = dict[str, Tensor]


def _conv_relu(cin: int, cout: int, kernel: int, stride: int = 1) -> ConvNorm:
    return ConvNorm(cin, cout, kernel, stride, act=functional.relu)


class _Residual(nn.Module):
    def __init__(self, cin: int, cout: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        differs = stride != 1 or cin != cout
        self.skip = _plain(cin, cout, stride) if differs else nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.skip(x))


def _plain(cin: int, cout: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))


def _widening(cin: int, cout: int, count: int, stride: int = 1) -> nn.Sequential:
    """The first block changes the width."""
    return nn.Sequential(_Residual(cin, cout, stride), *(_Residual(cout, cout) for _ in range(count - 1)))


def _narrowing(cin: int, cout: int, count: int) -> nn.Sequential:
    """The last block changes the width."""
    return nn.Sequential(*(_Residual(cin, cin) for _ in range(count - 1)), _Residual(cin, cout))


class _Hourglass(nn.Module):
    """Down, whatever is below, and up again; beside it a path at full size."""

    def __init__(self, level: int = 0) -> None:
        super().__init__()
        here, below = _CHANNELS[level : level + 2]
        count = _BLOCKS[level]
        deeper = level + 2 < len(_CHANNELS)
        self.up1 = _widening(here, here, count)
        self.low1 = _widening(here, below, count, stride=2)
        self.low2 = _Hourglass(level + 1) if deeper else _widening(below, below, _BLOCKS[level + 1])
        self.low3 = _narrowing(below, here, count)

    def forward(self, x: Tensor) -> Tensor:
        low = self.low3(self.low2(self.low1(x)))
        return self.up1(x) + functional.interpolate(low, scale_factor=2, mode="nearest")


class _ConvRelu(nn.Module):
    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.conv(x))


class CenterNetHourglass(nn.Module):
    """(N, 3, H, W), sides a multiple of 128 → per stack the maps of `HEADS`, logits, at stride 4."""

    def __init__(self) -> None:
        super().__init__()
        wide = _CHANNELS[0]
        between = range(_STACKS - 1)
        self.pre = nn.Sequential(_conv_relu(3, 128, 7, 2), _Residual(128, wide, 2))
        self.kps = nn.ModuleList(_Hourglass() for _ in range(_STACKS))
        self.cnvs = nn.ModuleList(_conv_relu(wide, wide, 3) for _ in range(_STACKS))
        self.inters = nn.ModuleList(_Residual(wide, wide) for _ in between)
        self.inters_ = nn.ModuleList(_plain(wide, wide) for _ in between)
        self.cnvs_ = nn.ModuleList(_plain(wide, wide) for _ in between)
        for name, channels in HEADS.items():
            heads = (
                nn.Sequential(_ConvRelu(wide, wide), nn.Conv2d(wide, channels, 1)) for _ in range(_STACKS)
            )
            self.add_module(name, nn.ModuleList(heads))

    def forward(self, x: Tensor) -> list[Maps]:
        x = self.pre(x)
        outputs = []
        for stack in range(_STACKS):
            y = self.cnvs[stack](self.kps[stack](x))
            outputs.append({name: self.get_submodule(f"{name}.{stack}")(y) for name in HEADS})
            if stack < _STACKS - 1:
                x = self.inters[stack](functional.relu(self.inters_[stack](x) + self.cnvs_[stack](y)))
        return outputs


class CenterNetResNet(ResNet):
    """(N, 3, H, W), sides a multiple of 32 → one stack's maps. Args: up: channels of the enlarging end."""

    def __init__(self, depth: int, *, width: int = 64, up: int = 256) -> None:
        super().__init__(depth, width=width)
        self.deconv_layers = deconvolutions([self.channels[-1], up, up, up])
        for name, channels in HEADS.items():
            head = nn.Sequential(nn.Conv2d(up, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, channels, 1))
            self.add_module(name, head)

    def forward(self, x: Tensor) -> list[Maps]:  # type: ignore[override]
        x = self.deconv_layers(super().forward(x)[-1])
        return [{name: self.get_submodule(name)(x) for name in HEADS}]


def build(size: str) -> CenterNetHourglass | CenterNetResNet:

    return CenterNetResNet(SIZES[size]) if SIZES[size] else CenterNetHourglass()
