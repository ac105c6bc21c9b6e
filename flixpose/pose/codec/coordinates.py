"""Coordinates as they are, for nets that regress them; and the residual log-likelihood of such nets."""

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flixpose.geometry.view import Size
from flixpose.pose.nets.realnvp import RealNvp

Base = Literal["laplace", "normal"]


def encode(xy: NDArray[np.floating], picture: Size) -> NDArray[np.float32]:
    """(..., 2) pixels of the (width, height) picture, house's frame → shares of it, the first pixel at 0."""
    return ((np.asarray(xy) - 0.5) / np.array(picture)).astype(np.float32)


def decode(shares: NDArray[np.floating], picture: Size) -> NDArray[np.floating]:
    """The inverse of `encode`."""
    return shares * np.array(picture, dtype=shares.dtype) + shares.dtype.type(0.5)


def residual_loss(
    flow: RealNvp, xy: Tensor, sigma: Tensor, target: Tensor, seen: Tensor, *, base: Base = "laplace"
) -> Tensor:
    """Negative log-likelihood of the truth (Li et al. 2021), the mean over the keypoints that are seen.

    What is left of the truth after shift by xy and scale by sigma has the density base × flow, up to the
    factor that makes it one; as in the paper that factor is left out.

    Args:
        xy, sigma, target: (N, K, 2). seen: (N, K), 0 or 1.
    """
    left = (target - xy) / sigma
    laplace = left.abs() + math.log(2)
    simple = laplace if base == "laplace" else left.square() / 2 + math.log(2 * math.pi) / 2
    loss = (torch.log(sigma) + simple).sum(dim=-1) - flow.log_density(left)
    return torch.where(seen > 0, loss, 0).sum() / seen.sum().clamp(min=1)
