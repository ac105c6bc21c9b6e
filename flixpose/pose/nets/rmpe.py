"""AlphaPose's regional multi-person pose estimation (Fang et al. 2017): FastPose, alone or between a spatial
transformer, which centres the person that a box shows badly, and its inverse.

The "sstn" sizes have the symmetric transformers; nobody publishes weights of them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.fastpose import SIZES as DEPTHS
from flixpose.pose.nets.fastpose import FastPose
from flixpose.pose.nets.spatial import Localiser, inverse, sampled

SIZES = DEPTHS | {f"sstn-{name}": depth for name, depth in DEPTHS.items()}


class SymmetricPose(nn.Module):
    """(N, 3, H, W) → (N, keypoints, H/4, W/4) heat maps of the picture that was given."""

    def __init__(self, depth: int, *, keypoints: int = 17, width: int = 64) -> None:
        super().__init__()
        self.localiser = Localiser(width=width)
        self.pose = FastPose(depth, keypoints=keypoints, width=width)

    def forward(self, x: Tensor) -> Tensor:
        transform = self.localiser(x)
        return sampled(self.pose(sampled(x, transform)), inverse(transform))


def symmetric_loss(
    net: SymmetricPose, parallel: nn.Module, x: Tensor, target: Tensor, centred: Tensor, *, share: float = 0.5
) -> Tensor:
    """What the estimator misses, and a share of how far the transformer leaves the person off the middle.

    The parallel estimator sees what the transformer shows and is not transformed back. It must not learn:
    it only tells the transformer.

    Args:
        parallel: a trained estimator such as `net.pose` was; its weights are not changed.
        target: heat maps in the frame of x. centred: of the same pose, its middle in the picture's middle.
    """
    for weight in parallel.parameters():
        weight.requires_grad_(False)
    transform = net.localiser(x)
    seen = sampled(x, transform)
    found = sampled(net.pose(seen), inverse(transform))
    return functional.mse_loss(found, target) + share * functional.mse_loss(parallel(seen), centred)


def middle_shift(xy: Tensor, seen: Tensor, picture: tuple[int, int]) -> Tensor:
    """(N, 2) what takes the middle of each pose into the middle of the (width, height) picture.

    Args:
        xy: (N, K, 2) pixels. seen: (N, K) > 0 for what counts; a pose without any stays.
    """
    there = (seen > 0)[..., None]
    low = torch.where(there, xy, torch.inf).amin(dim=1)
    high = torch.where(there, xy, -torch.inf).amax(dim=1)
    shift = torch.tensor(picture) / 2 - (low + high) / 2
    return torch.where(there.any(dim=1), shift, 0)


def build(size: str, *, keypoints: int = 17) -> FastPose | SymmetricPose:
    kind = SymmetricPose if size.startswith("sstn-") else FastPose
    return kind(SIZES[size], keypoints=keypoints)
