"""ResNet (He et al. 2016) as a backbone."""

from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import BasicBlock, Bottleneck

DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, ...]]] = {
    10: (BasicBlock, (1, 1, 1, 1)),
    14: (Bottleneck, (1, 1, 1, 1)),
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """Four stages at strides 4, 8, 16 and 32.

    Args:
        squeezed: the first block of each stage weighs its channels (AlphaPose's variant).
        width: channels of the first stage; the published nets have 64.
    """

    def __init__(self, depth: int, *, squeezed: bool = False, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        block, counts = DEPTHS[depth]
        cin = width
        self.channels: list[int] = []
        for stage, count in enumerate(counts):
            planes = width * 2**stage
            options = {"squeezed": True} if squeezed else {}
            layers = [block(cin, planes, 1 if stage == 0 else 2, **options)]
            cin = planes * block.expansion
            layers += [block(cin, planes) for _ in range(count - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
            self.channels.append(cin)

    def forward(self, x: Tensor) -> list[Tensor]:
        """The four stages' features."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.max_pool2d(x, 3, 2, 1)
        features = []
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
            features.append(x)
        return features
