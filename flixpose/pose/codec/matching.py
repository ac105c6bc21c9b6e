"""For training detectors: which cell or query answers for whom, and how far off boxes and poses are."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_MOST_CELLS = 10  # that answer for one person
_SCORE_POWER, _OVERLAP_POWER = 0.5, 6.0


def corners(cxcywh: Tensor) -> Tensor:
    """(..., 4) → xyxy."""
    half = cxcywh[..., 2:] / 2
    return torch.cat([cxcywh[..., :2] - half, cxcywh[..., :2] + half], dim=-1)


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """(P, C) intersection over union of (P, 4) and (C, 4) xyxy."""
    low, high = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    return shared / (_area(a)[:, None] + _area(b) - shared).clamp(min=1e-6)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)


def complete_overlap(a: Tensor, b: Tensor) -> Tensor:
    """(N,) overlap of boxes, less what middles and shapes differ by (Zheng et al. 2020), pair by pair."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    plain = shared / (_area(a) + _area(b) - shared).clamp(min=1e-6)
    around = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]).square().sum(dim=1) / 4
    (aw, ah), (bw, bh) = ((x[:, 2:] - x[:, :2]).clamp(min=1e-3).unbind(dim=1) for x in (a, b))
    shape = 4 / math.pi**2 * (torch.atan(bw / bh) - torch.atan(aw / ah)).square()
    with torch.no_grad():
        weight = shape / (1 - plain + shape + 1e-6)
    return plain - apart / around.square().sum(dim=1).clamp(min=1e-6) - weight * shape


def likeness(a: Tensor, b: Tensor, there: Tensor, area: Tensor, sigmas: Tensor) -> Tensor:
    """(...) object keypoint similarity of (..., K, 2) poses, over the keypoints that are there."""
    spread = 2 * area[..., None].clamp(min=1) * (2 * sigmas).square()
    alike = (-(a - b).square().sum(dim=-1) / spread).exp() * there
    return alike.sum(dim=-1) / there.sum(dim=-1).clamp(min=1)


@dataclass(frozen=True, eq=False, slots=True)
class Owners:
    """Attributes: person: (C,) of each cell, -1 for nobody; target: (C,) the score that it should have."""

    person: Tensor
    target: Tensor

    @property
    def cells(self) -> Tensor:
        """(M,) that answer for somebody."""
        return torch.nonzero(self.person >= 0)[:, 0]

    def surest(self, count: int) -> Tensor:
        """(M,) of each person's cells the `count` that should be surest, the surest first."""
        order = self.cells[self.target[self.cells].argsort(descending=True)]
        who = self.person[order]
        rank = (who[:, None] == who).tril().sum(dim=1)
        return order[rank <= count]


@torch.no_grad()
def task_aligned(scores: Tensor, boxes: Tensor, centres: Tensor, people: Tensor) -> Owners:
    """Each person's best cells by score and overlap (Feng et al. 2021).

    Args:
        scores: (C,) in [0, 1]. boxes: (C, 4) xyxy as told. centres: (C, 2) of the cells. people: (P, 4) xyxy.
    """
    nobody = torch.full((len(scores),), -1, device=scores.device)
    if not len(people):
        return Owners(nobody, torch.zeros_like(scores))
    inside = ((centres > people[:, None, :2]) & (centres < people[:, None, 2:])).all(dim=2)
    alike = overlap(people, boxes) * inside
    metric = scores**_SCORE_POWER * alike**_OVERLAP_POWER + 1e-9 * inside
    best = metric.topk(min(_MOST_CELLS, metric.shape[1]), dim=1)
    chosen = torch.zeros_like(metric, dtype=torch.bool).scatter_(1, best.indices, best.values > 0)
    owner = torch.where(chosen, alike + 1e-6, torch.zeros_like(alike)).max(dim=0)
    taken = owner.values > 0
    mine = torch.nn.functional.one_hot(owner.indices, len(people)).T.bool() & taken
    kept = metric * mine
    share = kept / kept.amax(dim=1, keepdim=True).clamp(min=1e-12)
    target = (share * (alike * mine).amax(dim=1, keepdim=True)).amax(dim=0)
    return Owners(torch.where(taken, owner.indices, nobody), target)
