"""High-resolution net (Sun et al. 2019): branches at several strides that never part for long."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import BasicBlock, Bottleneck, conv_norm

SIZES = {"w32": 32, "w48": 48}

MODULES = {2: 1, 3: 4, 4: 3}  # stage → its exchange modules


class _Exchange(nn.Module):
    """Four blocks on each branch, then every branch added to every other one.

    Args:
        outputs: how many branches, from the finest, leave.
    """

    def __init__(self, channels: list[int], outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(c, c) for _ in range(4))) for c in channels)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_path(channels, source, target) for source in range(len(channels)))
            for target in range(outputs)
        )

    def forward(self, xs: list[Tensor]) -> list[Tensor]:
        xs = [branch(x) for branch, x in zip(self.branches, xs, strict=True)]
        return [functional.relu(self._sum(xs, paths)) for paths in self.fuse_layers]

    def _sum(self, xs: list[Tensor], paths: nn.Module) -> Tensor:
        steps = [path(x) for path, x in zip(paths.children(), xs, strict=True)]
        total = steps[0]
        for step in steps[1:]:
            total = total + step
        return total


def _path(channels: list[int], source: int, target: int) -> nn.Module:
    """From one branch to another: up by repetition, down by strided convolutions."""
    if source == target:
        return nn.Identity()
    cin, cout = channels[source], channels[target]
    if source > target:
        return nn.Sequential(
            *conv_norm(cin, cout, act=False), nn.Upsample(scale_factor=2 ** (source - target), mode="nearest")
        )
    steps = [conv_norm(cin, cin, 3, 2) for _ in range(target - source - 1)]
    return nn.Sequential(*steps, conv_norm(cin, cout, 3, 2, act=False))


class HighResolution(nn.Module):
    """The backbone: (N, 3, H, W) → branches of width, 2 width, … channels at strides 4, 8, 16, 32.

    Args:
        outputs: how many branches leave the last module. stem: channels before the branches.
        modules: stage → how many exchange modules.
    """

    def __init__(
        self,
        width: int,
        *,
        outputs: int = 1,
        stem: int = 64,
        modules: Mapping[int, int] = MODULES,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.conv2 = nn.Conv2d(stem, stem, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(stem)
        self.layer1 = nn.Sequential(Bottleneck(stem, stem), *(Bottleneck(4 * stem, stem) for _ in range(3)))
        self.channels = [width * 2**level for level in range(4)]
        self.transition1 = nn.ModuleList(
            [
                conv_norm(4 * stem, self.channels[0], 3),
                nn.Sequential(conv_norm(4 * stem, self.channels[1], 3, 2)),
            ]
        )
        for stage, count in modules.items():
            leaving = [stage] * (count - 1) + [outputs if stage == 4 else stage]
            steps = (_Exchange(self.channels[:stage], each) for each in leaving)
            self.add_module(f"stage{stage}", nn.Sequential(*steps))
            if stage < 4:
                down = nn.Sequential(conv_norm(self.channels[stage - 1], self.channels[stage], 3, 2))
                self.add_module(
                    f"transition{stage}", nn.ModuleList([*(nn.Identity() for _ in range(stage)), down])
                )

    def branches(self, x: Tensor) -> list[Tensor]:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        x = self.layer1(x)
        xs = [step(x) for step in self.transition1]
        for stage in MODULES:
            xs = self.get_submodule(f"stage{stage}")(xs)
            if stage < 4:
                xs = [*xs, self.get_submodule(f"transition{stage}.{stage}")(xs[-1])]
        return xs


class HRNet(HighResolution):
    """(N, 3, H, W) → (N, keypoints, H/4, W/4) heat maps."""

    def __init__(self, width: int, *, keypoints: int = 17, **backbone: Any) -> None:
        super().__init__(width, **backbone)
        self.final_layer = nn.Conv2d(width, keypoints, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.final_layer(self.branches(x)[0])


def build(size: str, *, keypoints: int = 17) -> HRNet:
    return HRNet(SIZES[size], keypoints=keypoints)
