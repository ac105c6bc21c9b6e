"""RTMDet's and YOLOX's CSP backbones (Lyu et al. 2022; Ge et al. 2021), under mmdet's names."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import ConvNorm

_POOLS = (5, 9, 13)


def set_eps(net: nn.Module, eps: float) -> None:
    """What every batch norm of a net adds to the variance."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = eps


class SeparableConv(nn.Module):
    """Each channel by itself, then all together, both normalised and activated."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.depthwise_conv = ConvNorm(channels, channels, kernel, groups=channels)
        self.pointwise_conv = ConvNorm(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise_conv(self.depthwise_conv(x))


class NextBlock(nn.Module):
    """RTMDet's: a convolution of width 3, then a wide separable one."""

    def __init__(self, channels: int, *, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, channels, 3)
        self.conv2 = SeparableConv(channels, 5)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.conv1(x))
        return x + y if self.shortcut else y


class DarknetBlock(nn.Module):
    """YOLOX's: widths 1 and 3."""

    def __init__(self, channels: int, *, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, channels)
        self.conv2 = ConvNorm(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.conv1(x))
        return x + y if self.shortcut else y


class _Attention(nn.Module):
    """Channels weighted by what their means say."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * functional.hardsigmoid(self.fc(x.mean(dim=(2, 3), keepdim=True)))


class CspLayer(nn.Module):
    """Half of the channels through the blocks, half past them."""

    def __init__(
        self, channels: int, count: int, *, block: type[NextBlock] | type[DarknetBlock], shortcut: bool
    ) -> None:
        super().__init__()
        half = channels // 2
        self.main_conv = ConvNorm(channels, half)
        self.short_conv = ConvNorm(channels, half)
        self.final_conv = ConvNorm(2 * half, channels)
        self.blocks = nn.Sequential(*(block(half, shortcut=shortcut) for _ in range(count)))
        self.attention = _Attention(2 * half) if block is NextBlock else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat([self.blocks(self.main_conv(x)), self.short_conv(x)], dim=1)
        return self.final_conv(self.attention(joined))


class PyramidPool(nn.Module):
    """The neighbourhood's maxima at several widths."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, channels // 2)
        self.conv2 = ConvNorm(channels // 2 * (len(_POOLS) + 1), channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        pooled = [functional.max_pool2d(x, kernel, 1, kernel // 2) for kernel in _POOLS]
        return self.conv2(torch.cat([x, *pooled], dim=1))


class Focus(nn.Module):
    """Every second pixel as a channel of its own: upper left, lower left, upper right, lower right."""

    def __init__(self, cout: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.conv = ConvNorm(12, cout, 3, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        parts = [x[..., row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.conv(torch.cat(parts, dim=1))


@dataclass(frozen=True, slots=True)
class Scale:
    """Shares of the channels and of the blocks' number."""

    deepen: float
    widen: float


class CspBackbone(nn.Module):
    """(N, 3, H, W) → features of the wanted stages 1 to 4, at strides 4, 8, 16, 32.

    Args:
        is_next: RTMDet's blocks, attention and stem; else YOLOX's.
    """

    def __init__(self, scale: Scale, *, is_next: bool, wanted: Sequence[int]) -> None:
        super().__init__()
        self.channels = [int(c * scale.widen) for c in (64, 128, 256, 512, 1024)]
        self.wanted = tuple(wanted)
        first = self.channels[0]
        self.stem = (
            nn.Sequential(
                ConvNorm(3, first // 2, 3, 2),
                ConvNorm(first // 2, first // 2, 3),
                ConvNorm(first // 2, first, 3),
            )
            if is_next
            else Focus(first)
        )
        counts = (3, 6, 6, 3) if is_next else (3, 9, 9, 3)
        block = NextBlock if is_next else DarknetBlock
        for stage, count in enumerate(counts, 1):
            cin, cout = self.channels[stage - 1 : stage + 1]
            is_last = stage == 4
            csp = CspLayer(cout, max(round(count * scale.deepen), 1), block=block, shortcut=not is_last)
            pool = [PyramidPool(cout)] if is_last else []
            self.add_module(f"stage{stage}", nn.Sequential(ConvNorm(cin, cout, 3, 2), *pool, csp))
        if not is_next:
            set_eps(self, 1e-3)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        features = []
        for stage in range(1, 5):
            x = self.get_submodule(f"stage{stage}")(x)
            if stage in self.wanted:
                features.append(x)
        return features
