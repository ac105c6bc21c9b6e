"""Both sides of a garment that lies straight mirror each other: where they do not, one of them is wrong.

The witnesses of a landmark often differ: a corner of the outline here, a seam there. Among what they say on
both sides the pair is taken that they believe in and that mirrors best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flixpose.garment.net_merge import group_of, logit
from flixpose.garment.shapes import Point
from flixpose.garment.shared_points import mirror_name

_BODY = ("neck", "shoulder", "armpit", "hem")  # arms and legs may be posed, and waists are vague
_SURE = 0.6  # scores of the pairs that tell the axis
_LEAST_PAIRS = 3
_STRAIGHT = 0.015  # of the longer side: farther off, the garment is turned, or cut so
_MIRRORED = 0.03  # of the longer side: nearer than this a pair is left alone
_LOST = 0.02  # of the longer side that a pair is off for each unit of log odds

XY = NDArray[np.float64]
Options = Mapping[str, Sequence[Point]]


@dataclass(frozen=True, eq=False, slots=True)
class Axis:
    """A line that mirrors the garment: a point on it, and the unit vector across it."""

    at: XY
    across: XY

    def mirrored(self, xy: ArrayLike) -> XY:
        point = np.asarray(xy, float)[:2]
        mirrored: XY = point - 2 * ((point - self.at) @ self.across) * self.across
        return mirrored


def consistent(options: Options, side: float) -> dict[str, Point]:
    """One of each landmark's options, the first unless another pair mirrors much better.

    Args:
        options: landmark → (x, y, score) that it may be at, the likeliest first.
        side: the garment's longer, in pixels.
    """
    chosen = {name: places[0] for name, places in options.items()}
    axis = axis_of(chosen, side)
    if axis is None:
        return chosen
    for left, right in _pairs(chosen):
        if _off(axis, chosen[left], chosen[right]) > _MIRRORED * side:
            pairs = product(options[left], options[right])
            chosen[left], chosen[right] = min(pairs, key=lambda pair: _cost(axis, pair[0], pair[1], side))
    return chosen


def axis_of(points: Mapping[str, Point], side: float) -> Axis | None:
    """By the pairs that are sure; None where few are, or where they do not mirror each other."""
    sure = [
        (np.array(points[left][:2]), np.array(points[right][:2]))
        for left, right in _pairs(points)
        if min(points[left][2], points[right][2]) >= _SURE
    ]
    if len(sure) < _LEAST_PAIRS:
        return None
    lefts, rights = (np.array(ends) for ends in zip(*sure, strict=True))
    span = np.median(lefts - rights, axis=0)
    axis = Axis(np.median((lefts + rights) / 2, axis=0), span / max(float(np.hypot(*span)), 1e-6))
    off = [_off(axis, left, right) for left, right in sure]
    return axis if float(np.median(off)) < _STRAIGHT * side else None


def _pairs(points: Mapping[str, Point]) -> list[tuple[str, str]]:
    return [
        (name, mirror_name(name))
        for name in points
        if "_left" in name and group_of(name) in _BODY and mirror_name(name) in points
    ]


def _off(axis: Axis, left: ArrayLike, right: ArrayLike) -> float:
    """How far, in pixels, one of a pair is from the mirror image of the other."""
    return float(np.hypot(*(axis.mirrored(left) - np.asarray(right, float)[:2])))


def _cost(axis: Axis, left: Point, right: Point, side: float) -> float:
    return _off(axis, left, right) / (_LOST * side) - logit(left[2]) - logit(right[2])
