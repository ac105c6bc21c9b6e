"""DETRPose's neck: RT-DETR's hybrid encoder with D-FINE's blocks (Peng et al. 2025)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.hybrid import attended, fused, sine_grid

_HEADS = 8
_TEMPERATURE = 20.0


@dataclass(frozen=True, slots=True)
class Neck:
    """Attributes: width: channels of every level. inner: of the attention's wide layer.
    narrow, blocks: channels and number of the blocks that join two levels.
    """

    width: int
    inner: int
    narrow: int
    blocks: int


class _Conv(nn.Module):
    def __init__(
        self, cin: int, cout: int, kernel: int = 1, stride: int = 1, *, groups: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(cout)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return functional.silu(x) if self.act else x


class _RepBlock(nn.Module):
    """Widths 3 and 1 side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _Conv(channels, channels, 3, act=False)
        self.conv2 = _Conv(channels, channels, act=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(self.conv1(x) + self.conv2(x))


class _Csp(nn.Module):
    def __init__(self, cin: int, cout: int, blocks: int) -> None:
        super().__init__()
        self.conv1 = _Conv(cin, cout)
        self.conv2 = _Conv(cin, cout)
        self.bottlenecks = nn.Sequential(*(_RepBlock(cout) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        return self.bottlenecks(self.conv1(x)) + self.conv2(x)


class _Elan(nn.Module):
    """Two levels into one: every step's outcome is kept."""

    def __init__(self, neck: Neck) -> None:
        super().__init__()
        wide, narrow = neck.width, neck.narrow
        self.cv1 = _Conv(2 * wide, 2 * wide)
        self.cv2 = nn.Sequential(_Csp(wide, narrow, neck.blocks), _Conv(narrow, narrow, 3))
        self.cv3 = nn.Sequential(_Csp(narrow, narrow, neck.blocks), _Conv(narrow, narrow, 3))
        self.cv4 = _Conv(2 * wide + 2 * narrow, wide)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.cv1(x).chunk(2, dim=1)
        third = self.cv2(second)
        return self.cv4(torch.cat([first, second, third, self.cv3(third)], dim=1))


class _Halving(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.cv1 = _Conv(width, width, act=False)
        self.cv2 = _Conv(width, width, 3, 2, groups=width, act=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.cv2(self.cv1(x))


class _EncoderLayer(nn.Module):
    """Self-attention with places, then a wide layer; each added and normalised."""

    def __init__(self, neck: Neck) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(neck.width, _HEADS, batch_first=True)
        self.linear1 = nn.Linear(neck.width, neck.inner)
        self.linear2 = nn.Linear(neck.inner, neck.width)
        self.norm1 = nn.LayerNorm(neck.width)
        self.norm2 = nn.LayerNorm(neck.width)

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        seen = x + place
        x = self.norm1(x + self.self_attn(seen, seen, x, need_weights=False)[0])
        return self.norm2(x + self.linear2(functional.gelu(self.linear1(x))))


class _Encoder(nn.Module):
    def __init__(self, neck: Neck) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_EncoderLayer(neck)])

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        return self.layers[0](x, place)


class HybridEncoder(nn.Module):
    """Features at strides such as 8, 16, 32 → as many levels of one width."""

    def __init__(self, channels: list[int], neck: Neck) -> None:
        super().__init__()
        width, steps = neck.width, range(len(channels) - 1)
        self.width = width
        self.input_proj = nn.ModuleList(_Conv(c, width, act=False) for c in channels)
        self.encoder = nn.ModuleList([_Encoder(neck)])
        self.lateral_convs = nn.ModuleList(_Conv(width, width) for _ in steps)
        self.fpn_blocks = nn.ModuleList(_Elan(neck) for _ in steps)
        self.downsample_convs = nn.ModuleList(nn.Sequential(_Halving(width)) for _ in steps)
        self.pan_blocks = nn.ModuleList(_Elan(neck) for _ in steps)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        levels = [project(x) for project, x in zip(self.input_proj, features, strict=True)]
        last = levels[-1]
        place = sine_grid(last.shape[2], last.shape[3], self.width, _TEMPERATURE, last)
        levels[-1] = attended(self.encoder[0], last, place)
        return fused(
            levels,
            list(self.lateral_convs),
            list(self.fpn_blocks),
            list(self.pan_blocks),
            list(self.downsample_convs),
        )
