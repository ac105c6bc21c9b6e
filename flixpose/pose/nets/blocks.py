"""Building blocks that several architectures share, under the names that published weights use."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvNorm(nn.Module):
    """Convolution without bias, batch norm, activation (none where `act` is None).

    Padding keeps the size at stride 1 and an odd kernel.
    """

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        act: Callable[[Tensor], Tensor] | None = functional.silu,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(cout, eps=eps)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        return x if self.act is None else self.act(x)


def conv_norm(cin: int, cout: int, kernel: int = 1, stride: int = 1, *, act: bool = True) -> nn.Sequential:
    """The same with ReLU as a plain sequence: names "0.weight", "1.weight"."""
    layers: list[nn.Module] = [
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(cout),
    ]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if act else nn.Sequential(*layers)


def deconvolutions(channels: list[int]) -> nn.Sequential:
    """A doubling of the size per step: transposed convolution of width 4, batch norm, ReLU."""
    layers: list[nn.Module] = []
    for cin, cout in pairwise(channels):
        up = nn.ConvTranspose2d(cin, cout, 4, stride=2, padding=1, bias=False)
        layers += [up, nn.BatchNorm2d(cout), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class SqueezeExcite(nn.Module):
    """Channels weighted by what their means say (Hu et al. 2018), without a bottleneck."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc(x.mean(dim=(2, 3))))[:, :, None, None]


class BasicBlock(nn.Module):
    """Two convolutions of width 3 and a shortcut (He et al. 2016)."""

    expansion = 1

    def __init__(self, cin: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        differs = stride != 1 or cin != planes
        self.downsample = conv_norm(cin, planes, 1, stride, act=False) if differs else None

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """Widths 1, 3, 1 and a shortcut; the stride is in the middle.

    Args:
        planes: of the middle; the outcome has four times as many unless `cout` is given.
        squeezed: weigh the outcome's channels. projected: a convolution in the shortcut in any case.
    """

    expansion = 4

    def __init__(
        self,
        cin: int,
        planes: int,
        stride: int = 1,
        *,
        cout: int | None = None,
        squeezed: bool = False,
        projected: bool = False,
    ) -> None:
        super().__init__()
        cout = cout or planes * self.expansion
        self.conv1 = nn.Conv2d(cin, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, cout, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(cout)
        self.se = SqueezeExcite(cout) if squeezed else None
        differs = projected or stride != 1 or cin != cout
        self.downsample = conv_norm(cin, cout, 1, stride, act=False) if differs else None

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        if self.se is not None:
            y = self.se(y)
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


def enlarged(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, corners on corners."""
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=True)
