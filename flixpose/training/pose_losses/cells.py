"""One cell, one person: YOLOv8's pose head, RTMO, and DETRPose's queries."""

from collections.abc import Sequence
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from flixpose.pose.codec.matching import Owners, complete_overlap, corners, likeness, task_aligned
from flixpose.pose.nets import rtmo as rtmo_nets
from flixpose.pose.nets import yolo_pose as yolo_nets
from flixpose.pose.nets.yolo import cells
from flixpose.pose.skeletons import COCO_17, sigmas
from flixpose.training.loop import Losses
from flixpose.training.pose_data import People

_BOX, _SCORE, _BINS, _POSE, _SEEN = 7.5, 0.5, 1.5, 12.0, 1.0  # YOLOv8's weights of the losses
_FAR = 0.2  # of the plain distance, which still pulls where the similarity is flat
_FARTHER = 2.0  # YOLO's, whose keypoints have no other guide: with less, wrists stay where most wrists are
_PADDING, _JITTER = 1.25, 0.08  # of the boxes along which RTMO places keypoints; and what they are shaken by
_GUESS, _UNLIKELY, _MEANS = 10.0, 0.5, 10.0  # of RTMO's first guesses, its bins, and their means
_EACH = 3  # cells of each person whose keypoints RTMO learns from
_LEAST_TARGET = 0.05  # score of a query that stands for somebody, however far off
_NEAR = 4  # queries that learn where a person is, besides the one that tells of them


def _spread(x: Tensor) -> Tensor:
    return torch.from_numpy(sigmas(COCO_17)).to(x)


def _pose_loss(xy: Tensor, people: People, who: Tensor, *, far: float = _FAR) -> Tensor:
    """Of (M, K, 2) poses, each of the person in its row of `who`."""
    there, area = people.there[who], people.area[who].clamp(min=1)
    alike = likeness(xy, people.xy[who], there, area, _spread(xy))
    apart = (xy - people.xy[who]).abs().sum(dim=2) / area.sqrt()[:, None]
    apart = functional.smooth_l1_loss(apart, torch.zeros_like(apart), reduction="none", beta=0.1)
    return (1 - alike + far * (apart * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)).mean()


def _sums(parts: dict[str, list[Tensor]], x: Tensor) -> dict[str, Tensor]:
    return {n: torch.stack(v).mean() if v else x.new_zeros(()) for n, v in parts.items()}


def yolo(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """Task-aligned cells: scores, boxes and the distributions of their sides, keypoints and whether seen."""
    out = net(x)
    rows = net.decoded(out).float().transpose(1, 2)
    centres, strides = _centres(out.features)
    parts: dict[str, list[Tensor]] = {"score": [], "box": [], "bins": [], "pose": [], "seen": []}
    owners = [
        task_aligned(each[:, 4], corners(each[:, :4]), centres, p.boxes)
        for each, p in zip(rows, people, strict=True)
    ]
    total = torch.stack([o.target.sum() for o in owners]).sum().clamp(min=1)
    for row, (owner, p) in enumerate(zip(owners, people, strict=True)):
        logits = out.scores[row, 0].float()
        told = functional.binary_cross_entropy_with_logits(logits, owner.target, reduction="sum")
        parts["score"].append(told * len(rows) / total)
        some = owner.cells
        if not len(some):
            continue
        who, weight = owner.person[some], owner.target[some]
        boxes = corners(rows[row, some, :4])
        parts["box"].append(((1 - complete_overlap(boxes, p.boxes[who])) * weight).sum() * len(rows) / total)
        sides = torch.cat([centres[some] - p.boxes[who, :2], p.boxes[who, 2:] - centres[some]], dim=1)
        bins = out.boxes[row, :, some].float().T.unflatten(1, (4, -1))
        apart = _distribution(bins, sides / strides[some, None]).mean(dim=1)
        parts["bins"].append((apart * weight).sum() * len(rows) / total)
        points = rows[row, some, 5:].unflatten(1, (-1, 3))
        parts["pose"].append(_pose_loss(points[..., :2], p, who, far=_FARTHER))
        seen = out.keypoints[row, 2::3, some].float().T
        parts["seen"].append(functional.binary_cross_entropy_with_logits(seen, p.there[who].float()))
    means = _sums(parts, x)
    weights = {"score": _SCORE, "box": _BOX, "bins": _BINS, "pose": _POSE, "seen": _SEEN}
    return {"loss": torch.stack([weights[name] * value for name, value in means.items()]).sum()} | means


def _centres(features: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(cells, 2) pixels and (cells,) strides."""
    places, strides = [], []
    for level, stride in zip(features, yolo_nets.STRIDES, strict=True):
        grid = (cells(level.shape[2], level.shape[3], level).float().flatten(0, 1) + 0.5) * stride
        places.append(grid)
        strides.append(grid.new_full((len(grid),), stride))
    return torch.cat(places), torch.cat(strides)


def _distribution(bins: Tensor, at: Tensor) -> Tensor:
    """(M, 4) cross-entropy of (M, 4, B) logits with the two bins around each place (Li et al. 2020)."""
    at = at.clamp(0, bins.shape[2] - 1.01)
    low = at.floor().long()
    after = at - low
    logs = bins.log_softmax(dim=2)
    below, above = (logs.gather(2, which[..., None])[..., 0] for which in (low, low + 1))
    return -(below * (1 - after) + above * after)


def rtmo(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """The same cells; keypoints by classification along the sides of the true box, shaken a little."""
    out, guesses = net.guessed(x)
    scores, raw, visible, features, ways = (_rows(levels) for levels in (*out, guesses))
    centres, strides = rtmo_nets.grid([tuple(level.shape[2:]) for level in out.scores], x)
    middle = raw[..., :2] * strides + centres
    boxes = corners(torch.cat([middle, raw[..., 2:].clamp(max=9).exp() * strides], dim=2))
    guessed = ways.unflatten(2, (-1, 2)) * strides[:, None] + centres[:, None]
    parts: dict[str, list[Tensor]] = {"score": [], "box": [], "seen": [], "guess": []}
    chosen: list[tuple[int, Owners]] = []
    for row, p in enumerate(people):
        truth, logits = p.boxes - 0.5, scores[row, :, 0]
        owner = task_aligned(logits.sigmoid(), boxes[row], centres, truth)
        told = functional.binary_cross_entropy_with_logits(logits, owner.target, reduction="sum")
        parts["score"].append(told / owner.target.sum().clamp(min=1))
        some, who = owner.cells, owner.person[owner.cells]
        if len(some):
            chosen.append((row, owner))
            parts["box"].append((1 - complete_overlap(boxes[row, some], truth[who])).mean())
            seen = p.there[who].float()
            parts["seen"].append(functional.binary_cross_entropy_with_logits(visible[row, some], seen))
            parts["guess"].append(_pose_loss(guessed[row, some] + 0.5, p, who))
    means = _sums(parts, x)
    means |= _placed(net, features, centres, people, chosen)
    weights = {"score": 1.0, "box": 5.0, "seen": 1.0, "guess": _GUESS, "bins": _UNLIKELY, "pose": _MEANS}
    return {"loss": torch.stack([weights[name] * value for name, value in means.items()]).sum()} | means


def _rows(levels: Sequence[Tensor]) -> Tensor:
    """(N, cells, C), level after level."""
    return torch.cat([level.flatten(2) for level in levels], dim=2).transpose(1, 2).float()


def _placed(
    net: Any, features: Tensor, centres: Tensor, people: Sequence[People], chosen: list[tuple[int, Owners]]
) -> dict[str, Tensor]:
    """RTMO's chosen cells, all pictures' at once, since its head needs a batch.

    Returns "bins", how unlikely they hold the keypoints, and "pose", how far off their means lie: what bins
    say of a few places can be likely while what is read, their mean, is nowhere.
    """
    told, cells_at, who = [], [], []
    for row, owner in chosen:
        some = owner.surest(_EACH)  # it is they who are read
        told.append(features[row, some])
        cells_at.append(centres[some])
        who.append(owner.person[some] + sum(map(len, people[:row])))
    if sum(map(len, told)) < 2:
        return {"bins": features.sum() * 0, "pose": features.sum() * 0}
    everybody, mine, at = _together(people), torch.cat(who), torch.cat(cells_at)
    boxes = _shaken(everybody.boxes[mine] - 0.5)
    xy, unlikely = net.tried(torch.cat(told), boxes, at, everybody.xy[mine] - 0.5)
    marked = everybody.there[mine]
    return {
        "bins": (unlikely.float() * marked).sum() / marked.sum().clamp(min=1),
        "pose": _pose_loss(xy.float() + 0.5, everybody, mine),
    }


def _together(people: Sequence[People]) -> People:
    """Of all pictures."""
    return People(
        *(torch.cat([getattr(p, name) for p in people]) for name in ("xy", "there", "boxes", "area"))
    )


def _shaken(box: Tensor) -> Tensor:
    """(M, 4) cxcywh of xyxy, wider, and each a little off, as boxes found will be."""
    size = box[:, 2:] - box[:, :2]
    shake = torch.sin(torch.arange(box.numel(), device=box.device).view_as(box) * 12.9898) * _JITTER
    middle = (box[:, :2] + box[:, 2:]) / 2 + shake[:, :2] * size
    return torch.cat([middle, size * (_PADDING + shake[:, 2:])], dim=1)


def queries(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """DETRPose's, of all cells' guesses and of every layer's answer."""
    size = torch.tensor([x.shape[3], x.shape[2]]).to(x)
    told = [_queried(out.logits[..., 1].float(), out.xy.float() * size, people) for out in net.tried(x)]
    means = {name: torch.stack([each[name] for each in told]).mean() for name in told[0]}
    return {"loss": means["score"] + 5 * means["pose"], "last": told[-1]["pose"].detach()} | means


def _queried(logits: Tensor, xy: Tensor, people: Sequence[People]) -> dict[str, Tensor]:
    """One query tells of each person, the cheapest way, the others are to be nobody; several learn where.

    Args:
        logits: (N, Q). xy: (N, Q, K, 2) pixels.
    """
    parts: dict[str, list[Tensor]] = {"score": [], "pose": []}
    count = max(sum(map(len, people)), 1)
    for row, p in enumerate(people):
        target = torch.zeros_like(logits[row])
        if len(p):
            costs, alike = _costs(logits[row].detach(), xy[row].detach(), p)
            who, mine = (torch.as_tensor(each).to(xy.device) for each in linear_sum_assignment(costs.cpu()))
            target[mine] = alike[who, mine].clamp(min=_LEAST_TARGET)
            near = costs.topk(min(_NEAR, costs.shape[1]), dim=1, largest=False).indices
            mine, who = (
                torch.cat([mine, near.flatten()]),
                torch.cat([who, who.repeat_interleave(near.shape[1])]),
            )
            parts["pose"].append(_pose_loss(xy[row, mine], p, who) * len(p) * len(people) / count)
        weight = (logits[row].sigmoid() - target).abs().square().detach() + (target > 0)
        told = functional.binary_cross_entropy_with_logits(logits[row], target, weight, reduction="sum")
        parts["score"].append(told * len(people) / count)
    return _sums(parts, xy)


def _costs(logits: Tensor, xy: Tensor, p: People) -> tuple[Tensor, Tensor]:
    """(P, Q) of each query telling of each person, and (P, Q) how alike they are."""
    alike = likeness(xy[None], p.xy[:, None], p.there[:, None], p.area[:, None], _spread(xy))
    gap = ((xy[None] - p.xy[:, None]).abs().sum(dim=3) * p.there[:, None]).mean(dim=2)
    return gap / p.area.clamp(min=1).sqrt()[:, None] - alike - logits.sigmoid(), alike
