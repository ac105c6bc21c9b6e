"""HGNetV2 (Cui et al., PaddleClas), the small backbone of today's real-time transformers."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional


class FrozenNorm(nn.Module):
    """A batch norm that never learns."""

    def __init__(self, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x: Tensor) -> Tensor:
        scale = self.get_buffer("weight") * (self.get_buffer("running_var") + self.eps).rsqrt()
        shift = self.get_buffer("bias") - self.get_buffer("running_mean") * scale
        return x * scale[:, None, None] + shift[:, None, None]


def thaw(net: nn.Module) -> None:
    """Norms that learn take the frozen ones' places and numbers: from nothing, frozen ones do nothing."""
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, FrozenNorm):
                norm = nn.BatchNorm2d(len(child.get_buffer("weight")), eps=child.eps)
                norm.load_state_dict(child.state_dict(), strict=False)
                setattr(module, name, norm)


class _Affine(nn.Module):
    """One learned factor and one learned summand for the whole map."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.bias


class _Conv(nn.Module):
    """Args: act: ReLU. affine: the affine step after it."""

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int,
        stride: int = 1,
        *,
        groups: int = 1,
        act: bool = True,
        affine: bool = True,
    ) -> None:
        super().__init__()
        padding = kernel // 2 if kernel % 2 else 0
        self.conv = nn.Conv2d(cin, cout, kernel, stride, padding, groups=groups, bias=False)
        self.bn = FrozenNorm(cout)
        self.act = act
        self.lab = _Affine() if act and affine else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        x = functional.relu(x) if self.act else x
        return x if self.lab is None else self.lab(x)


class _Light(nn.Module):
    """All channels together, then each by itself."""

    def __init__(self, cin: int, cout: int, kernel: int, *, affine: bool) -> None:
        super().__init__()
        self.conv1 = _Conv(cin, cout, 1, act=False)
        self.conv2 = _Conv(cout, cout, kernel, groups=cout, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x))


class _Stem(nn.Module):
    def __init__(self, wide: int, out: int, *, affine: bool) -> None:
        super().__init__()
        self.stem1 = _Conv(3, wide, 3, 2, affine=affine)
        self.stem2a = _Conv(wide, wide // 2, 2, affine=affine)
        self.stem2b = _Conv(wide // 2, wide, 2, affine=affine)
        self.stem3 = _Conv(2 * wide, wide, 3, 2, affine=affine)
        self.stem4 = _Conv(wide, out, 1, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(self.stem1(x), (0, 1, 0, 1))
        y = self.stem2b(functional.pad(self.stem2a(x), (0, 1, 0, 1)))
        x = functional.max_pool2d(x, 2, 1, ceil_mode=True)
        return self.stem4(self.stem3(torch.cat([x, y], dim=1)))


@dataclass(frozen=True, slots=True)
class Stage:
    """Channels within and after a stage, its blocks, and whether its layers are light ones of that kernel."""

    inner: int
    out: int
    blocks: int
    light_kernel: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A whole backbone: its stem's channels, layers of a block, stages, and whether it has affine steps."""

    stem: int
    layers: int
    stages: tuple[Stage, ...]
    affine: bool


class _Block(nn.Module):
    """Layers, every one's outcome kept."""

    def __init__(self, cin: int, stage: Stage, shape: Shape, *, shortcut: bool) -> None:
        super().__init__()
        widths = [cin, *[stage.inner] * (shape.layers - 1)]
        self.layers = nn.ModuleList(_layer(c, stage, affine=shape.affine) for c in widths)
        total, half = sum(widths) + stage.inner, stage.out // 2
        self.aggregation = nn.Sequential(
            _Conv(total, half, 1, affine=shape.affine), _Conv(half, stage.out, 1, affine=shape.affine)
        )
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        kept = [x]
        for layer in self.layers:
            kept.append(layer(kept[-1]))
        y = self.aggregation(torch.cat(kept, dim=1))
        return x + y if self.shortcut else y


def _layer(cin: int, stage: Stage, *, affine: bool) -> nn.Module:
    if stage.light_kernel:
        return _Light(cin, stage.inner, stage.light_kernel, affine=affine)
    return _Conv(cin, stage.inner, 3, affine=affine)


class _Stage(nn.Module):
    def __init__(self, cin: int, stage: Stage, shape: Shape, *, halves: bool) -> None:
        super().__init__()
        self.downsample = _Conv(cin, cin, 3, 2, groups=cin, act=False) if halves else nn.Identity()
        first = _Block(cin, stage, shape, shortcut=False)
        self.blocks = nn.Sequential(
            first, *(_Block(stage.out, stage, shape, shortcut=True) for _ in range(stage.blocks - 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.downsample(x))


B0 = Shape(
    16, 3, (Stage(16, 64, 1), Stage(32, 256, 1), Stage(64, 512, 2, 5), Stage(128, 1024, 1, 5)), affine=True
)
B2 = Shape(
    24, 4, (Stage(32, 96, 1), Stage(64, 384, 1), Stage(128, 768, 3, 5), Stage(256, 1536, 1, 5)), affine=True
)
B4 = Shape(
    32,
    6,
    (Stage(48, 128, 1), Stage(96, 512, 1), Stage(192, 1024, 3, 5), Stage(384, 2048, 1, 5)),
    affine=False,
)
B5 = Shape(
    32,
    6,
    (Stage(64, 128, 1), Stage(128, 512, 2), Stage(256, 1024, 5, 5), Stage(512, 2048, 2, 5)),
    affine=False,
)


def narrowed(shape: Shape, share: float) -> Shape:
    """A share of the channels, one block a stage."""
    stages = (
        replace(stage, inner=_even(stage.inner * share), out=_even(stage.out * share), blocks=1)
        for stage in shape.stages
    )
    return replace(shape, stem=_even(shape.stem * share), stages=tuple(stages))


def _even(channels: float) -> int:
    return max(2 * round(channels / 2), 8)


class HGNet(nn.Module):
    """(N, 3, H, W) → features of the last `levels` stages, of strides 8, 16 and 32."""

    def __init__(self, shape: Shape = B0, *, levels: int = 3) -> None:
        super().__init__()
        first = shape.stages[0].inner
        self.stem = _Stem(shape.stem, first, affine=shape.affine)
        widths = [first, *(stage.out for stage in shape.stages)]
        self.stages = nn.ModuleList(
            _Stage(cin, stage, shape, halves=row > 0)
            for row, (cin, stage) in enumerate(zip(widths, shape.stages, strict=False))
        )
        self.levels = levels
        self.channels = widths[-levels:]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[-self.levels :]
