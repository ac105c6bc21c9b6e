"""Boxes: layouts, overlap, and greedy suppression."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_FEW = 256  # boxes up to which all pairs at once are quicker


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
    boxes: Array,
    scores: Array,
    *,
    max_overlap: float,
    classes: NDArray[np.integer] | None = None,
    most: int = 300,
) -> NDArray[np.intp]:
    """Rows of the boxes that stay, best first: none overlaps a better one of its class by more than that.

    Args:
        most: how many stay at the most.
    """
    order = np.argsort(-scores, kind="stable")
    if classes is None:
        return order[_alone(boxes[order], max_overlap, most)]
    kinds = classes[order]
    groups = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    kept = [group[_alone(boxes[order[group]], max_overlap, most)] for group in groups]
    return order[np.sort(np.concatenate([*kept, order[:0]]))[:most]]


def _alone(boxes: Array, max_overlap: float, most: int) -> list[int]:
    """Rows of boxes, best first, that overlap no better one."""
    return _few(boxes, max_overlap)[:most] if len(boxes) <= _FEW else _many(boxes, max_overlap, most)


def _few(boxes: Array, max_overlap: float) -> list[int]:
    """All pairs at once."""
    clash = overlap(boxes, boxes) > max_overlap
    gone = np.zeros(len(boxes), dtype=bool)
    kept = []
    for row in range(len(boxes)):
        if not gone[row]:
            kept.append(row)
            gone |= clash[row]
    return kept


def _many(boxes: Array, max_overlap: float, most: int) -> list[int]:
    """One against the rest, again and again."""
    left = np.arange(len(boxes))
    kept: list[int] = []
    while len(left) and len(kept) < most:
        best, left = int(left[0]), left[1:]
        kept.append(best)
        left = left[overlap(boxes[best : best + 1], boxes[left])[0] <= max_overlap]
    return kept
