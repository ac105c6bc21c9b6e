"""Single-shot detection: anchors, decoding, weighted non-maximum suppression.

Source: the options that MediaPipe publishes for its pose detector and the SSD paper (Liu et al. 2016); the
weighted suppression is BlazeFace's (Bazarevsky et al. 2019). Coordinates are fractions of the square picture
that the network sees.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.pose.codec.activation import sigmoid

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Detections:
    """What the network saw, best first; all coordinates as fractions of its square picture.

    Attributes:
        boxes: (N, 4) xyxy.
        points: (N, K, 2).
        scores: (N,) in [0, 1].
    """

    boxes: Array
    points: Array
    scores: Array

    def __len__(self) -> int:
        return len(self.scores)

    def pick(self, rows: NDArray[np.intp]) -> "Detections":
        return Detections(self.boxes[rows], self.points[rows], self.scores[rows])


def anchor_centres(size: int, strides: tuple[int, ...], per_layer: int = 2) -> Array:
    """(A, 2) centres of the anchors, as fractions; layers of equal stride share their cells.

    Anchors have a fixed size of 1, so that centres are all there is to them.
    """
    layers = []
    for stride in dict.fromkeys(strides):
        cells = -(-size // stride)
        ticks = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(ticks, ticks)
        grid = np.stack([x, y], axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, per_layer * strides.count(stride), axis=0))
    return np.concatenate(layers)


def decode(raw_boxes: Array, raw_scores: Array, anchors: Array, *, size: int, min_score: float) -> Detections:
    """The detections that score at least `min_score`, best first.

    Args:
        raw_boxes: (A, 4 + 2K): centre, width and height, then K points, in pixels relative to the anchor.
        raw_scores: (A,) logits.
    """
    scores = sigmoid(raw_scores)
    rows = np.flatnonzero(scores >= min_score)
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    values = (raw_boxes[rows] / np.float32(size)).reshape(len(rows), raw_boxes.shape[1] // 2, 2)
    origin = anchors[rows]
    centre, extent = values[:, 0] + origin, values[:, 1]
    boxes = np.concatenate([centre - extent / 2, centre + extent / 2], axis=1)
    found = Detections(boxes, np.asarray(values[:, 2:] + origin[:, None], np.float32), scores[rows])
    return found.pick(np.flatnonzero((extent > 0).all(axis=1)))


def suppress(found: Detections, *, max_overlap: float) -> Detections:
    """One detection for each group that overlaps its best by more than `max_overlap` (IoU).

    It is the group's average weighted by score, and keeps the best one's score.
    """
    left = np.arange(len(found))
    merged: list[tuple[Array, Array, float]] = []
    while len(left):
        same = _iou(found.boxes[left[0]], found.boxes[left]) > max_overlap
        same[0] = True
        group = found.pick(left[same])
        share = group.scores / group.scores.sum()
        merged.append((share @ group.boxes, np.tensordot(share, group.points, 1), float(group.scores[0])))
        left = left[~same]
    if not merged:
        return found
    boxes, points, scores = zip(*merged, strict=True)
    return Detections(np.stack(boxes), np.stack(points), np.array(scores, dtype=np.float32))


def _iou(box: Array, others: Array) -> Array:
    """(N,) intersection over union of one xyxy box with (N, 4) others."""
    overlap = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    shared = overlap.prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return shared / np.maximum((box[2:] - box[:2]).prod() + areas - shared, np.float32(1e-12))
