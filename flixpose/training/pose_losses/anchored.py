"""Boxes as moves of anchors: KAPAO's objects, and both stages of Keypoint R-CNN."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from flixpose.pose.codec import anchors as moves
from flixpose.pose.codec.matching import complete_overlap, corners, overlap
from flixpose.pose.nets import kapao as kapao_nets
from flixpose.pose.nets import keypoint_rcnn as rcnn_nets
from flixpose.training.loop import Losses
from flixpose.training.pose_data import People

_SIDE = 0.06  # of a keypoint object, share of the picture's longer side
_MOST_RATIO = 4.0  # between an object's sides and its anchor's
_OBJECT, _CLASS, _BOX, _POINTS = 1.0, 0.5, 0.5, 0.5
_BALANCE = (4.0, 1.0, 0.5, 0.25)  # of the levels' objectness

_RPN_SPREAD, _BOX_SPREAD = (1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)
_SURELY, _SURELY_NOT, _SAME = 0.6, 0.3, 0.5  # overlaps with an anchor; with a box of the second stage
_NEGATIVES, _SUREST, _PROPOSED, _SHAKEN = 64, 12, 24, 4


def kapao(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """YOLOv5's matching by shape: people with their keypoints, and each keypoint as a small object."""
    out = net(x)
    objects = _objects(people, max(x.shape[2:]) * _SIDE, x)
    head = net.model.get_submodule("33")
    parts: dict[str, list[Tensor]] = {"box": [], "class": [], "points": []}
    loss, start = x.new_zeros(()), 0
    for level, raw in enumerate(out.raw):
        count = raw[0, ..., 0].numel()
        decoded = out.decoded[:, start : start + count].float()
        start += count
        flat = raw.flatten(1, 3).float()
        picture, cell, which = _matched(objects, head.anchor_grid[level].view(3, 2), raw, level)
        wanted = torch.zeros_like(flat[..., 4])
        if len(picture):
            told, truth = decoded[picture, cell], objects.boxes[which]
            alike = complete_overlap(corners(told[:, :4]), truth)
            wanted[picture, cell] = alike.detach().clamp(min=0.0)
            parts["box"].append(1 - alike)
            kinds = functional.one_hot(objects.kinds[which], 18).to(flat)
            logits = flat[picture, cell, 5:23]
            parts["class"].append(
                functional.binary_cross_entropy_with_logits(logits, kinds, reduction="none").mean(dim=1)
            )
            parts["points"].append(_points(told, objects, which))
        told = functional.binary_cross_entropy_with_logits(flat[..., 4], wanted)
        loss = loss + _BALANCE[level] * told * _OBJECT
    means = {name: torch.cat(v).mean() if any(map(len, v)) else x.new_zeros(()) for name, v in parts.items()}
    total = loss + _BOX * means["box"] + _CLASS * means["class"] + _POINTS * means["points"]
    return {"loss": total, "object": loss} | means


class _Objects:
    """Of all pictures: picture, kinds: (O,), boxes: (O, 4), xy: (O, K, 2), there: (O, K), people's alone."""

    def __init__(self, picture: Tensor, kinds: Tensor, boxes: Tensor, xy: Tensor, there: Tensor) -> None:
        self.picture, self.kinds, self.boxes, self.xy, self.there = picture, kinds, boxes, xy, there


def _objects(people: Sequence[People], side: float, x: Tensor) -> _Objects:
    picture, kinds, boxes, xy, there = [], [], [], [], []
    for row, p in enumerate(people):
        who, part = torch.nonzero(p.there, as_tuple=True)
        points = p.xy[who, part]
        picture.append(torch.full((len(p) + len(points),), row, device=x.device))
        kinds.append(torch.cat([torch.zeros(len(p), dtype=torch.long, device=x.device), part + 1]))
        boxes.append(torch.cat([p.boxes, torch.cat([points - side / 2, points + side / 2], dim=1)]))
        xy.append(torch.cat([p.xy, points[:, None].expand(-1, p.xy.shape[1], -1)]))
        there.append(torch.cat([p.there, torch.zeros_like(p.there[who])]))
    return _Objects(*(torch.cat(each) for each in (picture, kinds, boxes, xy, there)))


def _matched(objects: _Objects, anchors: Tensor, raw: Tensor, level: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures, flat cells and objects that belong together: in its own cell and the two nearest ones."""
    height, width, stride = raw.shape[2], raw.shape[3], kapao_nets.STRIDES[level]
    size = objects.boxes[:, 2:] - objects.boxes[:, :2]
    ratio = size[:, None] / anchors
    fits = torch.maximum(ratio, 1 / ratio.clamp(min=1e-6)).amax(dim=2) < _MOST_RATIO
    which, anchor = torch.nonzero(fits, as_tuple=True)
    middle = (objects.boxes[which, :2] + objects.boxes[which, 2:]) / 2 / stride
    own = middle.floor()
    after = middle - own
    step = torch.where(after < 0.5, -1.0, 1.0)
    beside = torch.stack(
        [own, own + step * torch.tensor([1, 0]).to(own), own + step * torch.tensor([0, 1]).to(own)]
    )
    inside = ((beside >= 0) & (beside < torch.tensor([width, height]).to(own))).all(dim=2)
    copy, row = torch.nonzero(inside, as_tuple=True)
    place = beside[copy, row].long()
    cell = (anchor[row] * height + place[:, 1]) * width + place[:, 0]
    return objects.picture[which[row]], cell, which[row]


def _points(told: Tensor, objects: _Objects, which: Tensor) -> Tensor:
    """(M,) how far people's keypoints are off, in their boxes' longer sides; nothing for keypoint objects."""
    person = objects.kinds[which] == 0
    which = which[person]
    truth, there = objects.xy[which], objects.there[which]
    xy = told[person][:, -2 * truth.shape[1] :].unflatten(1, (-1, 2))
    side = (objects.boxes[which, 2:] - objects.boxes[which, :2]).amax(dim=1)[:, None]
    apart = (xy - truth).abs().sum(dim=2) / side
    apart = functional.smooth_l1_loss(apart, torch.zeros_like(apart), reduction="none", beta=0.02)
    return 5 * (apart * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


def rcnn(net: Any, x: Tensor, people: Sequence[People]) -> Losses:
    """Anchors' objectness and moves; then classes, moves and keypoints of proposed and of true boxes."""
    pyramid = net.pyramid(x)
    proposals = net.proposals(pyramid)
    places = torch.cat(rcnn_nets.anchors([tuple(level.shape[2:]) for level in pyramid])).to(x)
    logits = torch.cat([o.permute(0, 2, 3, 1).flatten(1) for o in proposals.objectness], dim=1).float()
    deltas = torch.cat(
        [d.unflatten(1, (3, 4)).permute(0, 3, 4, 1, 2).flatten(1, 3) for d in proposals.deltas], dim=1
    ).float()
    first = [_proposal_loss(*each, places) for each in zip(logits, deltas, people, strict=True)]
    boxes = [_candidates(*each, places, x) for each in zip(logits, deltas, people, strict=True)]
    second = _second_stage(net, pyramid, boxes, people)
    objects, led = (torch.stack([each[row] for each in first]).mean() for row in (0, 1))
    return {
        "loss": objects + led + sum(second.values(), start=x.new_zeros(())),
        "rpn": objects,
        "led": led,
    } | second


def _proposal_loss(logits: Tensor, deltas: Tensor, p: People, places: Tensor) -> tuple[Tensor, Tensor]:
    """All anchors that show somebody, and the hardest of those that show nobody."""
    alike = overlap(p.boxes, places) if len(p) else places.new_zeros(1, len(places))
    best, who = alike.max(dim=0)
    shows = best >= _SURELY
    if len(p):
        nearest = alike.argmax(dim=1)
        shows[nearest] = True
        who = who.index_copy(0, nearest, torch.arange(len(p), device=who.device))
    empty = torch.nonzero((best < _SURELY_NOT) & ~shows)[:, 0]
    hardest = empty[logits[empty].topk(min(_NEGATIVES, len(empty))).indices]
    rows = torch.cat([torch.nonzero(shows)[:, 0], hardest])
    told = functional.binary_cross_entropy_with_logits(logits[rows], shows[rows].float())
    if not len(p):
        return told, deltas.sum() * 0
    target = moves.encode(places[shows], p.boxes[who[shows]], _RPN_SPREAD)
    return told, functional.smooth_l1_loss(deltas[shows], target, beta=1 / 9)


@torch.no_grad()
def _candidates(logits: Tensor, deltas: Tensor, p: People, places: Tensor, x: Tensor) -> Tensor:
    """(R, 4) true boxes shaken in fixed ways, the surest proposals, and ever rarer ones of the others.

    In use the second stage is asked about a thousand proposals: it must have met those that show nobody.
    """
    order = logits.argsort(descending=True)
    ranks = torch.logspace(0, math.log10(len(order)), _PROPOSED, dtype=torch.float64).long() - 1
    best = order[torch.unique(torch.cat([ranks, torch.arange(min(_SUREST, len(order)))])).to(order)]
    proposed = moves.moved(places[best], deltas[best], _RPN_SPREAD)
    shakes = torch.tensor([[0, 0, 0, 0], [0.1, 0.05, 0.1, 0], [-0.1, 0, 0.05, 0.1], [0, -0.1, -0.05, 0.05]])
    size = (p.boxes[:, 2:] - p.boxes[:, :2]).repeat(1, 2)
    shaken = (p.boxes[:, None] + shakes[:_SHAKEN].to(x) * size[:, None]).flatten(0, 1)
    boxes = moves.within(torch.cat([shaken, proposed]), x.shape[3], x.shape[2])
    return boxes[((boxes[:, 2:] - boxes[:, :2]) >= 2).all(dim=1)]


def _second_stage(net: Any, pyramid: list[Tensor], boxes: list[Tensor], people: Sequence[People]) -> Losses:
    classes, shifts = net.boxes(pyramid, boxes)
    owners = [_owner(b, p) for b, p in zip(boxes, people, strict=True)]
    who = torch.cat([owner for owner, _ in owners])
    shows = who >= 0
    told = functional.cross_entropy(classes.float(), shows.long())
    zero = classes.float().sum() * 0
    if not shows.any():
        return {"class": told, "box": zero, "keypoints": zero}
    truth = torch.cat(
        [p.boxes[o.clamp(min=0)] if len(p) else b for (o, _), p, b in zip(owners, people, boxes, strict=True)]
    )
    target = moves.encode(torch.cat(boxes)[shows], truth[shows], _BOX_SPREAD)
    box = functional.smooth_l1_loss(shifts.float()[shows, 4:8], target, beta=1.0)
    fit = [b[o >= 0] for b, (o, _) in zip(boxes, owners, strict=True)]
    maps = net.keypoints(pyramid, fit).float()
    xy = torch.cat([p.xy[o[o >= 0]] for p, (o, _) in zip(people, owners, strict=True)])
    there = torch.cat([p.there[o[o >= 0]] for p, (o, _) in zip(people, owners, strict=True)])
    return {"class": told, "box": box, "keypoints": _keypoints(maps, torch.cat(fit), xy, there)}


def _owner(boxes: Tensor, p: People) -> tuple[Tensor, Tensor]:
    """(R,) whose each box is, -1 for nobody's, and the overlap."""
    if not len(p):
        nobody = torch.full((len(boxes),), -1, device=boxes.device)
        return nobody, torch.zeros(len(boxes), device=boxes.device)
    best, who = overlap(p.boxes, boxes).max(dim=0)
    return torch.where(best >= _SAME, who, -1), best


def _keypoints(maps: Tensor, boxes: Tensor, xy: Tensor, there: Tensor) -> Tensor:
    """Cross-entropy over the cells of each box."""
    side = maps.shape[3]
    cells = ((xy - boxes[:, None, :2]) / (boxes[:, None, 2:] - boxes[:, None, :2]) * side).floor()
    inside = there & ((cells >= 0) & (cells < side)).all(dim=2)
    place = (cells[..., 1] * side + cells[..., 0]).long().clamp(0, side**2 - 1)
    apart = functional.cross_entropy(maps.flatten(2).transpose(1, 2), place, reduction="none")
    return (apart * inside).sum() / inside.sum().clamp(min=1)
