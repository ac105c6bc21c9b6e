"""Shoulder tips of sleeved garments on mannequins: where the outline turns down into the sleeve.

The tips tell a garment's size. Readers differ in where a dropped shoulder or a cap sleeve begins; where the
outline turns is plain to see, and on simulated mannequins it lies as far from the neck as seams do.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import Point, point
from flixpose.structures.found import Garment

# In widths between the armpits: how far beside the neck the turn is looked for, half the way over which the
# slope is taken, and how far off a tip is believed by half, and no more at all.
_LOOKED_AT = 0.12, 0.6
_HALF_WAY = 0.08
_NEAR, _FAR = 0.08, 0.14
_SLOPE = 1.0  # down for one aside


def with_tips(garment: Garment) -> Garment:
    """The garment with each shoulder's tip midway to where its outline turns, or there where it is far off.

    As it is where a neck's corner, an armpit or a turn is not found.
    """
    marks = garment.landmarks
    wanted = [f"{name}_{side}" for name in ("neck", "shoulder", "armpit") for side in ("left", "right")]
    if not all(marks.has(name) for name in wanted):
        return garment
    width = abs(float(marks["armpit_left"][0] - marks["armpit_right"][0]))
    edge = _upper_edge(garment, max(float(marks["armpit_left"][1]), float(marks["armpit_right"][1])))
    xy = marks.xy.copy()
    for side, other in (("left", "right"), ("right", "left")):
        corner, tip = point(garment, f"neck_{side}"), point(garment, f"shoulder_{side}")
        outward = 1.0 if corner[0] > float(marks[f"neck_{other}"][0]) else -1.0
        turn = _turn(edge, corner, outward, width)
        if turn is None:
            return garment
        off = float(np.linalg.norm(tip - turn)) / width
        share = float(np.interp(off, (_NEAR, _FAR), (0.5, 0.0)))
        xy[marks.skeleton.index[f"shoulder_{side}"]] = turn + share * (tip - turn)
    return replace(garment, landmarks=replace(marks, xy=xy))


def _upper_edge(garment: Garment, low: float) -> NDArray[np.float64]:
    """(W,) the row in which each column's cloth begins; `low` where it does not above there."""
    top = max(0, int(garment.box.y0))
    cloth = garment.mask.alpha[top : max(top + 1, int(low) + 1)] > 127
    return np.where(cloth.any(axis=0), top + cloth.argmax(axis=0), low)


def _turn(edge: NDArray[np.float64], corner: Point, outward: float, width: float) -> Point | None:
    """Where an upper edge first falls steeply, from a neck's corner on."""
    columns = np.floor(corner[0] + outward * np.arange(round(_LOOKED_AT[1] * width))).astype(int)
    columns = columns[(columns >= 0) & (columns < len(edge))]
    half = max(2, round(_HALF_WAY * width))
    if len(columns) < 2 * half + 2:
        return None
    rows = edge[columns]
    slopes = (rows[2 * half :] - rows[: -2 * half]) / (2 * half)
    middles = half + np.arange(len(slopes))
    steep = np.flatnonzero((slopes > _SLOPE) & (middles > _LOOKED_AT[0] * width))
    if not len(steep):
        return None
    at = middles[steep[0]]
    return np.array([columns[at] + 0.5, rows[at]])
