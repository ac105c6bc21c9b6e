"""The garment's outline as two half paths, from the top centre round each side to the bottom centre.

Both halves are told in one frame, so that one set of rules serves left and right: u = distance outward from
the axis of symmetry, v = downward, in pixels of the region. A positive turn is a convex corner.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_AXIS_SIDE = 128  # size at which the axis of symmetry is sought
_LEAST_HOLE = 0.001  # of the region's area
_LONGEST_CUT = 0.3  # of the photo's height
_MOST_SAMPLES = 400
_STEP = 0.010  # distance between samples of a path, share of the region's longer side


@dataclass(frozen=True, eq=False, slots=True)
class HalfPath:
    """One side of the outline.

    Attributes:
        uv: (N, 2) float64, from the top centre to the bottom centre, evenly spaced.
        step: pixels between samples.
        sign: x = axis + sign * u; +1 for the image's right side (the wearer's left in a front view).
    """

    uv: NDArray[np.float64]
    step: float
    sign: int

    def __len__(self) -> int:
        return len(self.uv)


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """Both halves of an outline about its axis.

    Attributes:
        axis: x of the vertical axis of symmetry.
        top, bottom: y where the axis enters and leaves the region.
        crown: y of the highest point over the body: the neck's corners, the straps' tops.
        foot: y of the region's lowest point: sleeves, legs and hems may hang below `bottom`.
        width: half width of the body: what is left of the region without sleeves.
        upper_width, hem_width, top_width: the same at chest height, just above the hem, and at the very top.
        symmetry: overlap of the region with its mirror image, in [0, 1].
        halves: the image's left side, then its right side.
    """

    axis: float
    top: float
    bottom: float
    crown: float
    foot: float
    width: float
    upper_width: float
    hem_width: float
    top_width: float
    symmetry: float
    halves: tuple[HalfPath, HalfPath]

    @property
    def height(self) -> float:
        """Of the body, from its highest point to where the axis leaves it."""
        return self.bottom - self.crown

    def xy(self, half: HalfPath, index: int) -> tuple[float, float]:
        """(x, y) of a sample, in the region's pixels, house's frame."""
        u, v = half.uv[index]
        return self.axis + half.sign * float(u), float(v)


def trace(region: NDArray[np.bool_]) -> Outline | None:
    """The outline of the largest piece; None where the axis does not cross it."""
    axis, symmetry = find_axis(region)
    region = open_gaps(region, axis)
    contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64) + 0.5
    near = np.nonzero(np.abs(contour[:, 0] - axis) <= 1.5)[0]
    if len(near) < 2:
        return None
    first, last = near[contour[near, 1].argmin()], near[contour[near, 1].argmax()]
    top, bottom = float(contour[first, 1]) - 0.5, float(contour[last, 1]) + 0.5
    if bottom - top < 16:
        return None
    one, other = _between(contour, first, last), _between(contour, last, first)[::-1]
    step = _STEP * float(np.ptp(contour, axis=0).max())
    halves = [_half(path, axis, step) for path in (one, other)]
    halves.sort(key=lambda half: half.sign)
    if halves[0].sign == halves[1].sign:
        return None
    width = _body_width(region, axis, (top, bottom), (0.5, 0.93))
    over_body = np.abs(contour[:, 0] - axis) <= width
    crown = float(contour[over_body, 1].min()) - 0.5
    foot = float(contour[:, 1].max()) + 0.5
    return Outline(
        axis,
        top,
        bottom,
        crown,
        foot,
        width,
        _body_width(region, axis, (crown, bottom), (0.15, 0.35), 30),
        _body_width(region, axis, (crown, bottom), (0.94, 0.985)),
        _body_width(region, axis, (top, foot), (0.02, 0.10)),
        symmetry,
        (halves[0], halves[1]),
    )


def open_gaps(region: NDArray[np.bool_], axis: float) -> NDArray[np.bool_]:
    """The region with its holes beside the body cut open downwards, so that the outline enters them.

    A sleeve that touches the hip closes the gap beside the body; the fork at its top is still to be seen.
    """
    holes = (~region).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(holes, connectivity=4)
    opened = region.copy()
    half = float(region.any(axis=0).sum()) / 2
    for label in range(1, count):
        x, y, width, height, area = (int(n) for n in stats[label])
        inside = x > 0 and y > 0 and x + width < region.shape[1] and y + height < region.shape[0]
        if not inside or area < _LEAST_HOLE * region.sum() or abs(centres[label][0] - axis) < 0.3 * half:
            continue
        lowest = y + height - 1
        column = int(np.nonzero(labels[lowest] == label)[0].mean())
        below = np.nonzero(~region[lowest + 1 :, column])[0]
        if len(below) and below[0] < _LONGEST_CUT * region.shape[0]:
            opened[lowest : lowest + 1 + below[0] + 1, column : column + 2] = False
    return opened


def find_axis(region: NDArray[np.bool_]) -> tuple[float, float]:
    """x of the vertical line about which the region overlaps best with its mirror image, and the overlap."""
    shrink = min(1.0, _AXIS_SIDE / max(region.shape))
    small = cv2.resize(region.astype(np.float32), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    rows = small.sum(axis=1) > 0
    small = small[rows]
    columns = small.shape[1]
    centre = float((small.sum(axis=0) @ (np.arange(columns) + 0.5)) / small.sum())
    sums = np.arange(int(2 * centre - 0.2 * columns), int(2 * centre + 0.2 * columns) + 1)  # = twice the axis
    overlaps = np.array([_overlap(small, int(total)) for total in sums])
    best = int(overlaps.argmax())
    offset = 0.0
    if 0 < best < len(sums) - 1:
        before, here, after = overlaps[best - 1 : best + 2]
        offset = 0.5 * (before - after) / min(before - 2 * here + after, -1e-9)
    return float((sums[best] + offset) / 2 / shrink * region.shape[1] * shrink / columns), float(
        overlaps[best]
    )


def _overlap(small: NDArray[np.float32], total: int) -> float:
    """Intersection over union with the mirror image about x = total / 2 (pixel i ↔ total - 1 - i)."""
    columns = small.shape[1]
    index = total - 1 - np.arange(columns)
    valid = (index >= 0) & (index < columns)
    mirrored = np.zeros_like(small)
    mirrored[:, valid] = small[:, index[valid]]
    return float(np.minimum(small, mirrored).sum() / np.maximum(small, mirrored).sum())


def _between(contour: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    """The closed contour's points from one index to another, in its own direction."""
    if first <= last:
        return contour[first : last + 1]
    return np.concatenate([contour[first:], contour[: last + 1]])


def _half(path: NDArray[np.float64], axis: float, step: float) -> HalfPath:
    sign = 1 if float(np.median(path[:, 0])) > axis else -1
    uv = np.stack([sign * (path[:, 0] - axis), path[:, 1]], axis=1)
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(uv, axis=0).T))])
    count = min(max(8, round(length[-1] / step)), _MOST_SAMPLES)
    smooth = cv2.GaussianBlur(
        uv, (1, 0), sigmaX=0.1, sigmaY=max(0.3 * step, 0.6), borderType=cv2.BORDER_REFLECT
    )
    smooth[0], smooth[-1] = uv[0], uv[-1]
    at = np.linspace(0.0, length[-1], count + 1)
    even = np.stack([np.interp(at, length, smooth[:, axis_]) for axis_ in (0, 1)], axis=1)
    return HalfPath(even, float(length[-1] / count), sign)


def _body_width(
    region: NDArray[np.bool_],
    axis: float,
    span: tuple[float, float],
    part: tuple[float, float],
    percentile: float = 30,
) -> float:
    """Half width of the run that holds the axis, over a part of the span of y.

    A low percentile, because sleeves may touch the body on some rows.
    """
    (top, bottom), (begin, end) = span, part
    rows = np.linspace(top + begin * (bottom - top), top + end * (bottom - top), 40).astype(int)
    widths = []
    for row in region[np.clip(rows, 0, region.shape[0] - 1)]:
        column = int(np.clip(axis, 0, len(row) - 1))
        if not row[column]:
            continue
        edges = np.nonzero(~row)[0]
        left = edges[edges < column].max(initial=-1)
        right = edges[edges > column].min(initial=len(row))
        widths.append((right - left - 1) / 2)
    return float(np.percentile(widths, percentile)) if widths else float(region.any(axis=0).sum()) / 4
