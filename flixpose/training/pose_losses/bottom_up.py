"""Several people a picture, keypoints first: fields, tags, offsets from centres, displacements."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from flixpose.pose.codec import body_parts, centre, displacement, embedding, paf, regression
from flixpose.pose.codec.maps import bumps, of_all
from flixpose.training.loop import Losses
from flixpose.training.pose_data import People

_SIGMA = 1.2  # of a keypoint's bump, in cells
_CENTRE_SIGMA = 2.0
_BACKGROUND = 0.1  # weight of cells without anything (DEKR)
_LIMB_WIDTH = 1.0  # cells on either side
_FOREGROUND = 3.0  # how much more a bump or a limb counts than the empty cells around it
_PULL, _PUSH = 1.0, 1.0
_REACH = 1.25  # cells around a part that stand for it (DeeperCut)
_MOVES, _STEPS = 0.5, 0.1  # so much that neither the scores nor the many steps drown where a part is


def _sized(maps: Tensor) -> tuple[int, int]:
    return maps.shape[3], maps.shape[2]


def _edge_cells(xy: Tensor, stride: float) -> Tensor:
    """Where the first cell covers the first pixels: cell i is at pixel (i + 0.5) × stride."""
    return xy / stride - 0.5


def _corner_cells(xy: Tensor, stride: float) -> Tensor:
    """Where the first cell lies on the first pixel's index."""
    return (xy - 0.5) / stride


def _heat(people: Sequence[People], size: tuple[int, int], cells: Any, stride: float, sigma: float) -> Tensor:
    """(N, K, H, W)."""
    return torch.stack([of_all(bumps(cells(p.xy, stride), p.there, size, sigma)) for p in people])


def _squared(maps: Tensor, target: Tensor, filled: Tensor) -> Tensor:
    """Mean squared error, larger where something is to be told (`filled`, 0 to 1): that is in few cells."""
    return ((maps - target).square() * (1 + _FOREGROUND * filled)).mean()


def fields(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """OpenPose's, stage by stage: keypoints' maps with the background, and limbs' fields."""
    stages = net(x)
    size, stride = _sized(stages[0].heat), x.shape[3] / stages[0].heat.shape[3]
    heat = _heat(people, size, _edge_cells, stride, _SIGMA)
    heat = torch.cat([heat, 1 - heat.amax(dim=1, keepdim=True)], dim=1)
    limbs = torch.stack(
        [paf.encode(_edge_cells(p.xy, stride), p.there, size, width=_LIMB_WIDTH) for p in people]
    )
    along = limbs.unflatten(1, (-1, 2)).norm(dim=2).repeat_interleave(2, dim=1)  # 1 where a limb runs
    told = sum((_squared(stage.heat, heat, heat) for stage in stages), start=x.new_zeros(()))
    joined = sum((_squared(stage.fields, limbs, along) for stage in stages), start=x.new_zeros(()))
    return {"loss": 100 * (told + joined), "heat": told, "fields": joined}


def tags(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """HigherHRNet's: heat maps at both sizes, tags alike within a person and unlike between two."""
    out = net(x)
    count = out.half.shape[1]
    heat = x.new_zeros(())
    for maps in (out.quarter[:, :count], out.half):
        stride = x.shape[3] / maps.shape[3]
        target = _heat(people, _sized(maps), _edge_cells, stride, _SIGMA * 4 / stride)
        heat = heat + _squared(maps, target, target) * 100
    stride = x.shape[3] / out.quarter.shape[3]
    grouped = [
        embedding.spread(maps, _edge_cells(p.xy, stride), p.there)
        for maps, p in zip(out.quarter[:, count:], people, strict=True)
    ]
    pull, push = (torch.stack([each[row] for each in grouped]).mean() for row in (0, 1))
    return {"loss": heat + _PULL * pull + _PUSH * push, "heat": heat, "pull": pull, "push": push}


def offsets(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """DEKR's: keypoints' and centres' maps, and from around each centre the way to its keypoints."""
    out = net(x)
    size, stride = _sized(out.heat), x.shape[3] / out.heat.shape[3]
    heat, offset = [], []
    for row, p in enumerate(people):
        target = regression.encode(
            _corner_cells(p.xy, stride), p.there, size, sigma=_SIGMA, centre_sigma=_CENTRE_SIGMA
        )
        weight = torch.where(target.heat > 0.01, 1.0, _BACKGROUND)
        heat.append(((out.heat[row] - target.heat).square() * weight).mean())
        gaps = functional.smooth_l1_loss(out.offsets[row], target.offsets, reduction="none", beta=1 / 9)
        offset.append((gaps * target.weights).sum() / target.weights.count_nonzero().clamp(min=1))
    told, led = 300 * torch.stack(heat).mean(), torch.stack(offset).mean()
    return {"loss": told + 3 * led, "heat": told, "offsets": led}


def parts(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """DeeperCut's: where parts are, the way to each part's middle, and to all the others of the person."""
    maps = net(x)
    size, stride = _sized(maps.scores), x.shape[3] / maps.scores.shape[3]
    wanted = []
    for p in people:
        cells = torch.cat([p.xy / stride, p.there[..., None].to(p.xy)], dim=2)
        wanted.append(body_parts.encode(cells.cpu().numpy(), size, reach=_REACH))
    targets = body_parts.Targets(*(torch.cat(each).to(x) for each in zip(*wanted, strict=True)))
    told = body_parts.losses(body_parts.Maps(*(each.float() for each in maps)), targets)
    return {"loss": told.scores + _MOVES * told.moves + _STEPS * told.steps} | told._asdict()


def centres(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """CenterNet's: penalised logistic regression of the maps, absolute distances at the cells that count."""
    parts: dict[str, list[Tensor]] = {}
    stacks = net(x)
    stride = x.shape[3] / stacks[0]["hm"].shape[3]
    for row, p in enumerate(people):
        low, high = _corner_cells(p.boxes[:, :2], stride), _corner_cells(p.boxes[:, 2:], stride)
        size = _sized(stacks[0]["hm"])
        target = centre.encode(torch.cat([low, high], dim=1), _corner_cells(p.xy, stride), p.there, size)
        for maps in stacks:
            for name, value in centre.distances({k: v[row] for k, v in maps.items()}, target).items():
                parts.setdefault(name, []).append(value)
    means = {name: torch.stack(values).mean() for name, values in parts.items()}
    weights = {"hm": 1.0, "hm_hp": 1.0, "wh": 0.1, "hps": 0.5, "reg": 0.5, "hp_offset": 0.5}
    total = sum((weights[name] * value for name, value in means.items()), start=x.new_zeros(()))
    return {"loss": total} | means


def displacements(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """PoseNet's: discs around keypoints, in them the ways to the keypoint and to its neighbours."""
    out = net(x)
    size, stride = _sized(out.heat), net.stride
    parts: dict[str, list[Tensor]] = {"heat": [], "offsets": [], "forward": [], "backward": []}
    for row, p in enumerate(people):
        target = displacement.encode(p.xy - 0.5, p.there, size, stride=stride)
        told = out.heat[row].float().clamp(1e-4, 1 - 1e-4)
        parts["heat"].append(functional.binary_cross_entropy(told, target.heat))
        for name in ("offsets", "forward", "backward"):
            moves, inside = getattr(target, name)
            gaps = (getattr(out, name)[row].unflatten(0, moves.shape[:2]) - moves).abs() / stride
            parts[name].append((gaps * inside).sum() / (2 * inside.sum()).clamp(min=1))
    means = {name: torch.stack(values).mean() for name, values in parts.items()}
    return {"loss": 4 * means["heat"] + means["offsets"] + means["forward"] + means["backward"]} | means
