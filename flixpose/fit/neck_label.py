"""The label sewn into the back of a neck: it is found, so that its rim is not taken for the front edge.

A label is compact, lies near the middle of the opening and stands out of the cloth all around it. It hangs
on the inside, so the front edge runs below it, or cuts off its lower end.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.neck_view import SIDE, Floats, NeckView, Plane

_AROUND = 0.14  # widths: half of the window whose usual colour a label stands out of
_STANDS_OUT = 14.0  # Lab units, lightness counting less
_LAB_WEIGHT = np.array([0.4, 1.0, 1.0], np.float32)
_UNLIKE, _LIKE = 0.4, 0.25  # the front's cloth: a label is, and what lies around it
_RING_LIKE, _RING_INSIDE = 0.6, 0.75  # shares of what lies around it
_WIDE, _HIGH = (0.05, 0.5), (0.03, 0.29)  # widths
_FULL, _UPRIGHT = 0.45, 0.9  # least share of its box, and breadth over height
_ASIDE, _DEPTH = 0.17, (-0.05, 0.52)  # widths off the middle, and below the corners
# The corners of a collar are close together: in the deep neck between them a label is so much larger, stands
# out of a window so much wider and the more so, and lies down to a share of that depth. It fills its box:
# what does not is the opening itself, through which a darker inside shows.
_DEEP, _LARGER, _WIDER, _BOLD, _DEPTH_SHARE, _SQUARE = 0.7, 1.2, 2.4, 45.0, 0.75, 0.8
_MARGIN = 0.05  # widths that a front edge may lie above a label's foot
_LANDMARK = 0.06  # widths beside a label within which a landmark is put there for its sake


@dataclass(frozen=True, eq=False)
class NeckLabel:
    """A label in the frame of `NeckView`.

    Attributes:
        mask: (h, w) uint8, 1 on it and on its rim. left, right, head, foot: what it spans, widths.
    """

    mask: NDArray[np.uint8]
    left: float
    right: float
    head: float
    foot: float

    def above_foot(self, u: Floats, v: Floats) -> Floats:
        """(C,) share of each curve's way past the label on which it runs clearly above the label's foot."""
        past = (u > self.left) & (u < self.right)
        over = past & (v < self.foot - _MARGIN)
        return np.asarray(over.sum(axis=1) / np.maximum(past.sum(axis=1), 1), np.float64)

    def holds(self, u: float, v: float) -> bool:
        """Whether a landmark lies on the label or at its rim."""
        beside = self.left - _LANDMARK < u < self.right + _LANDMARK
        return beside and self.head - _LANDMARK < v < self.foot + _LANDMARK

    def painted_over(self, view: NeckView) -> NeckView:
        """The view with the cloth's colours where the label is."""
        x, y, width, height = cv2.boundingRect(self.mask)
        here = np.s_[max(0, y - 8) : y + height + 8, max(0, x - 8) : x + width + 8]
        mask = cv2.erode(self.mask[here], np.ones((3, 3), np.uint8))
        filled = cv2.inpaint(_bytes(view.lab[here]), mask, 3, cv2.INPAINT_TELEA)
        lab = view.lab.copy()
        lab[here][mask > 0] = (filled.astype(np.float32) - (0, 128, 128))[mask > 0] * (100 / 255, 1, 1)
        return replace(view, lab=lab)


def find_label(view: NeckView, depth: float = 0.0) -> NeckLabel | None:
    """The labels near the middle of a neck, taken together; None where none is seen.

    Args:
        depth: widths below the corners at which the front edge's lowest point was seen.
    """
    mask = np.maximum(_by_surroundings(view), _by_front(view))
    if depth > _DEEP:
        mask = np.maximum(mask, _bold(view, depth))
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    left, right = np.percentile(columns, (5, 95)) / SIDE - view.aside
    head, foot = np.percentile(rows, (3, 97)) / SIDE + view.top
    return NeckLabel(mask, float(left), float(right), float(head), float(foot))


def _by_surroundings(view: NeckView) -> NDArray[np.uint8]:
    """What stands out of the usual colour around it."""
    hot = (_standing_out(view, _AROUND) > _STANDS_OUT).astype(np.uint8)
    hot = cv2.morphologyEx(hot, cv2.MORPH_CLOSE, np.ones((7, 11), np.uint8))
    hot = cv2.morphologyEx(hot, cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
    return cv2.dilate(_compact(hot, view), np.ones((5, 5), np.uint8))


def _bold(view: NeckView, depth: float) -> NDArray[np.uint8]:
    """What stands out plainly deep between the leaves of a collar."""
    hot = (_standing_out(view, _WIDER * _AROUND) > _BOLD).astype(np.uint8)
    hot = cv2.morphologyEx(hot, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    hot = cv2.morphologyEx(hot, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.dilate(_compact(hot, view, _LARGER, _DEPTH_SHARE * depth, _SQUARE), np.ones((5, 5), np.uint8))


def _standing_out(view: NeckView, around: float) -> Plane:
    """(h, w) Lab units by which the garment differs from the usual colour so many widths around."""
    lab, inside = _bytes(view.lab), view.inside > 0
    if not inside.any():
        return np.zeros(view.inside.shape, np.float32)
    lab[~inside] = np.median(lab[inside], axis=0)  # the paper is nobody's surroundings
    usual = cv2.medianBlur(lab, 2 * round(around * SIDE) + 1)
    off = np.abs(lab.astype(np.float32) - usual) @ _LAB_WEIGHT
    return np.asarray(np.where(inside, off, 0), np.float32)


def _by_front(view: NeckView) -> NDArray[np.uint8]:
    """What is unlike the front's cloth amid what is like it: letters and white patches on stripes."""
    unlike, inside = view.unlike_front, view.inside > 0
    hot = ((unlike > _UNLIKE) & inside).astype(np.uint8)
    hot = cv2.morphologyEx(hot, cv2.MORPH_CLOSE, np.ones((5, 9), np.uint8))
    count, labels = cv2.connectedComponents(_compact(hot, view))
    found = np.zeros_like(hot)
    for number in range(1, count):
        one = (labels == number).astype(np.uint8)
        ring = (cv2.dilate(one, np.ones((9, 9), np.uint8)) > 0) & (one == 0)
        like = ring & inside
        if like.sum() > _RING_INSIDE * ring.sum() and (unlike[like] < _LIKE).mean() > _RING_LIKE:
            found |= one
    return cv2.dilate(found, np.ones((7, 7), np.uint8))


def _compact(
    hot: NDArray[np.uint8],
    view: NeckView,
    larger: float = 1.0,
    lowest: float = _DEPTH[1],
    full: float = _FULL,
) -> NDArray[np.uint8]:
    """Of the pieces of a plane those that a label's place, size and shape fit."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(hot)
    width, height, area = (stats[:, n] for n in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    kept = (width > _WIDE[0] * SIDE) & (width < _WIDE[1] * larger * SIDE)
    kept &= (height > _HIGH[0] * SIDE) & (height < _HIGH[1] * larger * SIDE)
    kept &= (area > full * width * height) & (width > _UPRIGHT * height)
    depth = centres[:, 1] / SIDE + view.top
    kept &= np.abs(centres[:, 0] / SIDE - view.aside) < _ASIDE
    kept &= (depth > _DEPTH[0]) & (depth < lowest) & (np.arange(count) > 0)
    return kept[labels].astype(np.uint8)


def _bytes(lab: Plane) -> NDArray[np.uint8]:
    """Lab in bytes, as OpenCV has it."""
    scaled = lab * (2.55, 1.0, 1.0) + (0.0, 128.0, 128.0)
    return np.clip(scaled, 0, 255).astype(np.uint8)
