"""From a person's heat maps to points, for every family that draws them."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.geometry.view import Size
from flixpose.pose.codec import peaks
from flixpose.pose.families.parts import Decoding, Scores
from flixpose.pose.skeletons import mirror_rows
from flixpose.structures.keypoints import Skeleton

Read = Callable[[nn.Module, Tensor], tuple[NDArray[np.floating], Scores]]
Step = Callable[[Scores, Scores], NDArray[np.floating]]


def reader(
    skeleton: Skeleton,
    *,
    decoding: Decoding,
    flip: bool,
    maps_of: Callable[[nn.Module, Tensor], Tensor] = lambda net, x: net(x),
) -> Read:
    """A `TopDown.read`.

    Args:
        decoding: "udp" also lays the outermost cells on the outermost pixels, as such nets are trained.
        maps_of: the net's (N, K, h, w) heat maps of (N, 3, H, W).
    """
    mirrored = torch.from_numpy(mirror_rows(skeleton))

    def read(net: nn.Module, x: Tensor) -> tuple[NDArray[np.floating], Scores]:
        maps = maps_of(net, x)
        if flip:
            back = maps_of(net, x.flip(3)).flip(3)[:, mirrored]
            maps = (maps + (back if decoding == "udp" else _shifted(back))) / 2
        return decode(maps.numpy(), (x.shape[3], x.shape[2]), decoding)

    return read


def decode(
    maps: NDArray[np.float32], picture: Size, decoding: Decoding
) -> tuple[NDArray[np.floating], Scores]:
    """(N, K, 2) pixels of the (width, height) picture, house's frame, and (N, K) heights."""
    count, keypoints, height, width = maps.shape
    flat = maps.reshape(-1, height, width)
    cells, scores = peaks.highest(flat)
    steps: dict[str, Step] = {"plain": peaks.quarter, "dark": peaks.dark, "udp": peaks.dark_udp}
    ends = 1 if decoding == "udp" else 0
    stride = (np.array(picture) - ends) / (np.array([width, height]) - ends)
    xy = steps[decoding](flat, cells) * stride + 0.5
    return xy.reshape(count, keypoints, 2), scores.reshape(count, keypoints)


def _shifted(maps: Tensor) -> Tensor:
    """One cell to the right: a mirrored map of cells that begin on the first pixel is nearly one off."""
    return torch.cat([maps[..., :1], maps[..., :-1]], dim=3)
