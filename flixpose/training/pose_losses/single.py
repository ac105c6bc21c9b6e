"""One person a picture: heat maps, two classifications, coordinates."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.codec import coordinates, queries
from flixpose.pose.codec.maps import bumps
from flixpose.pose.nets import rmpe
from flixpose.training.loop import Losses
from flixpose.training.pose_data import People

Loss = Callable[[Any, Tensor, Sequence[People]], Losses]

_SIGMA = 1.5  # of a bump, in cells
_STRIDE = 4  # of FastPose's cells
_HARDEST = 8  # keypoints that RefineNet learns from (Chen et al. 2018)
_BINS_SIGMA, _SHARPNESS = 3.0, 10.0  # SimCC's bump in bins, and what the logits are multiplied by


def stacked(people: Sequence[People]) -> tuple[Tensor, Tensor]:
    """(N, K, 2) and (N, K) of the one person in each picture; nothing is there where nobody is left."""
    first = next((p for p in people if len(p)), None)
    if first is None:
        raise ValueError("a batch without anybody")
    nobody = torch.zeros_like(first.xy[0]), torch.zeros_like(first.there[0])
    pairs = [(p.xy[0], p.there[0]) if len(p) else nobody for p in people]
    return torch.stack([xy for xy, _ in pairs]), torch.stack([there for _, there in pairs])


def heat_maps(*, ends_meet: bool = False) -> Loss:
    """Mean squared distance from bumps. Args: ends_meet: outermost cells on outermost pixels (UDP)."""

    def loss(net: nn.Module, x: Tensor, people: Sequence[People]) -> Losses:
        maps = net(x)
        return {"loss": _squared(maps, *_target(maps, x, people, ends_meet)).mean()}

    return loss


def cascaded(net: nn.Module, x: Tensor, people: Sequence[People]) -> Losses:
    """CPN's: all keypoints for GlobalNet, the hardest ones for RefineNet."""
    out = net(x)
    target, there = _target(out.refined, x, people, False)
    coarse = torch.stack([_squared(maps, target, there).mean() for maps in out.coarse]).sum()
    refined = _squared(out.refined, target, there).topk(_HARDEST, dim=1).values.mean()
    return {"loss": coarse + refined, "coarse": coarse, "refined": refined}


def symmetric(net: rmpe.SymmetricPose, x: Tensor, people: Sequence[People]) -> Losses:
    """AlphaPose's: the maps in the box's frame, and by the parallel branch the person in the middle."""
    xy, there = stacked(people)
    size = (x.shape[3] // _STRIDE, x.shape[2] // _STRIDE)
    shift = rmpe.middle_shift(xy, there, (x.shape[3], x.shape[2]))
    target, centred = (
        bumps((places - 0.5) / _STRIDE, there, size, _SIGMA) for places in (xy, xy + shift[:, None])
    )
    missed, off = rmpe.symmetric_loss(net, rmpe.held(net.pose), x, target, centred, there=there)
    return {"loss": 100 * (missed + off), "missed": missed, "off": off}


def _target(maps: Tensor, x: Tensor, people: Sequence[People], ends_meet: bool) -> tuple[Tensor, Tensor]:
    """The maps that should be, as the families' decoders read cells, and (N, K) which count."""
    xy, there = stacked(people)
    size, ends = (maps.shape[3], maps.shape[2]), float(ends_meet)
    stride = torch.tensor([(x.shape[3] - ends) / (size[0] - ends), (x.shape[2] - ends) / (size[1] - ends)])
    return bumps((xy - 0.5) / stride.to(xy), there, size, _SIGMA), there


def _squared(maps: Tensor, target: Tensor, there: Tensor) -> Tensor:
    """(N, K)."""
    return (maps - target).square().mean(dim=(2, 3)) * there * 100


def two_axes(net: nn.Module, x: Tensor, people: Sequence[People]) -> Losses:
    """SimCC's: the divergence from a bump over the bins of each axis."""
    out = net(x)
    xy, there = stacked(people)
    parts = {}
    for axis, (name, logits) in enumerate((("x", out.x), ("y", out.y))):
        split = logits.shape[2] / x.shape[3 - axis]
        bins = torch.arange(logits.shape[2], device=x.device)
        target = torch.softmax(
            -0.5 * ((bins - (xy[..., axis, None] - 0.5) * split) / _BINS_SIGMA) ** 2, dim=2
        )
        told = (logits * _SHARPNESS).log_softmax(dim=2)
        apart = functional.kl_div(told, target, reduction="none").sum(dim=2) * there
        parts[name] = apart.sum() / there.sum().clamp(min=1)
    return {"loss": parts["x"] + parts["y"]} | parts


def regressed(net: nn.Module, x: Tensor, people: Sequence[People]) -> Losses:
    """DeepPose's: residual log-likelihood where the net tells its spread, else the distance."""
    out = net(x)
    xy, there = stacked(people)
    target = (xy - 0.5) / torch.tensor([x.shape[3], x.shape[2]]).to(xy)
    distance = ((out.xy - target).abs().sum(dim=2) * there).sum() / there.sum().clamp(min=1)
    if out.sigma is None:
        return {"loss": distance * 10, "distance": distance}
    likely = coordinates.residual_loss(net.flow, out.xy, out.sigma, target, there.float())  # type: ignore[arg-type]
    return {"loss": likely, "distance": distance}


def queried(net: nn.Module, x: Tensor, people: Sequence[People]) -> Losses:
    """PoseTED's: each keypoint given to one query, the cheapest way."""
    out = net(x)
    xy, there = stacked(people)
    target = xy / torch.tensor([x.shape[3], x.shape[2]]).to(xy)
    return {"loss": queries.loss(out.logits, out.xy, target, there.float())}
