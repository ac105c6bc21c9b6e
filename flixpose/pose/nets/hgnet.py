"""HGNetV2 (Cui et al., PaddleClas), the small backbone of today's real-time transformers."""

from dataclasses import dataclass

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


class _Affine(nn.Module):
    """One learned factor and one learned summand for the whole map."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.bias


class _Conv(nn.Module):
    """Args: act: ReLU and the affine step after it."""

    def __init__(
        self, cin: int, cout: int, kernel: int, stride: int = 1, *, groups: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        padding = kernel // 2 if kernel % 2 else 0
        self.conv = nn.Conv2d(cin, cout, kernel, stride, padding, groups=groups, bias=False)
        self.bn = FrozenNorm(cout)
        self.lab = _Affine() if act else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        return x if self.lab is None else self.lab(functional.relu(x))


class _Light(nn.Module):
    """All channels together, then each by itself."""

    def __init__(self, cin: int, cout: int, kernel: int) -> None:
        super().__init__()
        self.conv1 = _Conv(cin, cout, 1, act=False)
        self.conv2 = _Conv(cout, cout, kernel, groups=cout)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x))


class _Stem(nn.Module):
    def __init__(self, wide: int, out: int) -> None:
        super().__init__()
        self.stem1 = _Conv(3, wide, 3, 2)
        self.stem2a = _Conv(wide, wide // 2, 2)
        self.stem2b = _Conv(wide // 2, wide, 2)
        self.stem3 = _Conv(2 * wide, wide, 3, 2)
        self.stem4 = _Conv(wide, out, 1)

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


class _Block(nn.Module):
    """Three layers, every one's outcome kept."""

    def __init__(self, cin: int, stage: Stage, *, shortcut: bool) -> None:
        super().__init__()
        widths = [cin, stage.inner, stage.inner]
        self.layers = nn.ModuleList(
            _Light(c, stage.inner, stage.light_kernel) if stage.light_kernel else _Conv(c, stage.inner, 3)
            for c in widths
        )
        total = cin + 3 * stage.inner
        self.aggregation = nn.Sequential(_Conv(total, stage.out // 2, 1), _Conv(stage.out // 2, stage.out, 1))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        kept = [x]
        for layer in self.layers:
            kept.append(layer(kept[-1]))
        y = self.aggregation(torch.cat(kept, dim=1))
        return x + y if self.shortcut else y


class _Stage(nn.Module):
    def __init__(self, cin: int, stage: Stage, *, halves: bool) -> None:
        super().__init__()
        self.downsample = _Conv(cin, cin, 3, 2, groups=cin, act=False) if halves else nn.Identity()
        first = _Block(cin, stage, shortcut=False)
        self.blocks = nn.Sequential(
            first, *(_Block(stage.out, stage, shortcut=True) for _ in range(stage.blocks - 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.downsample(x))


B0 = (Stage(16, 64, 1), Stage(32, 256, 1), Stage(64, 512, 2, 5), Stage(128, 1024, 1, 5))


class HGNet(nn.Module):
    """(N, 3, H, W) → features at strides 8, 16 and 32."""

    def __init__(self, stages: tuple[Stage, ...] = B0) -> None:
        super().__init__()
        first = stages[0].inner
        self.stem = _Stem(first, first)
        widths = [first, *(stage.out for stage in stages)]
        self.stages = nn.ModuleList(
            _Stage(cin, stage, halves=row > 0)
            for row, (cin, stage) in enumerate(zip(widths, stages, strict=False))
        )
        self.channels = widths[2:]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[1:]
