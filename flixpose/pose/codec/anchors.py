"""Boxes as moves of anchors (Ren et al. 2015), for the two stages of Keypoint R-CNN."""

import math

import torch
from torch import Tensor

_MOST_GROWTH = math.log(1000 / 16)


def moved(anchors: Tensor, deltas: Tensor, spread: tuple[float, float, float, float]) -> Tensor:
    """(N, 4) xyxy: anchors moved and grown by (N, 4) deltas, each divided by its spread."""
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2
    scaled = deltas / deltas.new_tensor(spread)
    centre = centre + scaled[:, :2] * size
    half = size * scaled[:, 2:].clamp(max=_MOST_GROWTH).exp() / 2
    return torch.cat([centre - half, centre + half], dim=1)


def within(boxes: Tensor, width: int, height: int) -> Tensor:
    """Cut to a picture."""
    low = boxes.new_zeros(4)
    return torch.minimum(torch.maximum(boxes, low), boxes.new_tensor([width, height, width, height]))


def encode(anchors: Tensor, boxes: Tensor, spread: tuple[float, float, float, float]) -> Tensor:
    """(N, 4) deltas that move anchors onto boxes, (N, 4) xyxy each: the inverse of `moved`."""
    size, target = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    shift = (boxes[:, :2] + target / 2 - anchors[:, :2] - size / 2) / size
    return torch.cat([shift, (target / size).log()], dim=1) * anchors.new_tensor(spread)
