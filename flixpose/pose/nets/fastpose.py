"""FastPose (Fang et al. 2017/2022, AlphaPose): SE-ResNet, then sub-pixel convolutions up to the heat maps."""

from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import ConvNorm
from flixpose.pose.nets.resnet import ResNet

SIZES = {"r50": 50, "r101": 101, "r152": 152}


def _doubling(cin: int, cout: int) -> ConvNorm:
    """Dense upsampling convolution: channels become pixels afterwards."""
    return ConvNorm(cin, cout, 3, act=lambda x: functional.pixel_shuffle(functional.relu(x), 2))


class FastPose(nn.Module):
    """(N, 3, H, W) → (N, keypoints, H/4, W/4) heat maps."""

    def __init__(self, depth: int, *, keypoints: int = 17, width: int = 64) -> None:
        super().__init__()
        self.preact = ResNet(depth, squeezed=True, width=width)
        shuffled = self.preact.channels[-1] // 4
        self.duc1 = _doubling(shuffled, 2 * shuffled)
        self.duc2 = _doubling(shuffled // 2, shuffled)
        self.conv_out = nn.Conv2d(shuffled // 4, keypoints, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pixel_shuffle(self.preact(x)[-1], 2)
        return self.conv_out(self.duc2(self.duc1(x)))


def build(size: str, *, keypoints: int = 17) -> FastPose:
    return FastPose(SIZES[size], keypoints=keypoints)
