"""AlphaPose's regional multi-person pose estimation (Fang et al. 2017): FastPose, alone or between a spatial
transformer, which centres the person that a box shows badly, and its inverse.

The "sstn" sizes have the symmetric transformers; nobody publishes weights of them.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from flixpose.pose.nets.fastpose import SIZES as DEPTHS
from flixpose.pose.nets.fastpose import FastPose
from flixpose.pose.nets.spatial import Localiser, inverse, sampled

Estimate = Callable[[Tensor], Tensor]

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


def held(estimator: nn.Module) -> Estimate:
    """The estimator as it is now: what is asked of it teaches its input, not it."""
    weights = {name: weight.detach() for name, weight in estimator.named_parameters()}
    statistics = {name: value.clone() for name, value in estimator.named_buffers()}
    return lambda x: torch.func.functional_call(estimator, weights | statistics, (x,))


def symmetric_loss(
    net: SymmetricPose,
    parallel: Estimate,
    x: Tensor,
    target: Tensor,
    centred: Tensor,
    *,
    there: Tensor | None = None,
    share: float = 0.5,
) -> tuple[Tensor, Tensor]:
    """What the estimator misses, and a share of how far the transformer leaves the person off the middle.

    The parallel estimator sees what the transformer shows and is not transformed back. It does not learn:
    it only tells the transformer.

    Args:
        parallel: an estimator such as `net.pose`, `held`.
        target: heat maps in the frame of x. centred: of the same pose, its middle in the picture's middle.
        there: (N, K), which keypoints count; all unless given.
    """
    transform = net.localiser(x)
    seen = sampled(x, transform)
    found = sampled(net.pose(seen), inverse(transform))
    counts = torch.ones_like(target[:, :, 0, 0]) if there is None else there.to(target)
    missed, off = (
        (maps - told).square() * counts[..., None, None]
        for maps, told in ((found, target), (parallel(seen), centred))
    )
    return missed.mean(), share * off.mean()


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
