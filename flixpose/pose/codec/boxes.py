"""Boxes: layouts, overlap, and greedy suppression."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def cxcywh_to_xyxy(boxes: Array) -> Array:
    """(..., 4) centre and size → corners."""
    half = boxes[..., 2:] / 2
    return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], axis=-1)


def overlap(a: Array, b: Array) -> Array:
    """(N, M) intersection over union of (N, 4) and (M, 4) xyxy."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = (a[:, 2:] - a[:, :2]).prod(axis=1)[:, None] + (b[:, 2:] - b[:, :2]).prod(axis=1)
    return shared / np.maximum(areas - shared, np.float32(1e-12))


def suppress(
    boxes: Array, scores: Array, *, max_overlap: float, classes: NDArray[np.integer] | None = None
) -> NDArray[np.intp]:
    """Rows of the boxes that stay, best first: none overlaps a better one of its class by more than that."""
    order = np.argsort(-scores, kind="stable")
    clash = overlap(boxes[order], boxes[order]) > max_overlap
    if classes is not None:
        clash &= classes[order, None] == classes[None, order]
    gone = np.zeros(len(order), dtype=bool)
    kept = []
    for row in range(len(order)):
        if not gone[row]:
            kept.append(row)
            gone |= clash[row]
    return order[kept]
