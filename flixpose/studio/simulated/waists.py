"""Waists of long garments on mannequins, read off their outline in the picture: where the trunk is narrowest.

The rule is the drawn studio's (`garments.cut.narrowest`): a trunk that only widens, or is about as narrow
along a long stretch, has a waist nowhere exactly; its landmarks stay where they are, as guesses.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.simulated.landmarks import Marks
from flixpose.studio.solid import Array

_SAME_WIDTH = 0.0024  # of the length below the armpits: as much wider is as narrow
_VAGUE = 0.06  # of the garment's length: as narrow along so much is nowhere exactly
_EDGE = 0.03  # of the length below the armpits: a place so near to the end of the search is none
_FIRST, _LAST = 0.08, 0.5  # of that length: where waists are
_OFF_PX = 3.0  # a side found so far from where the trunk is known to end is a sleeve's
_STEP_PX = 3.0  # from row to row: a sleeve begins or ends


def waists(cover: NDArray[np.uint8], marks: Marks) -> Marks:
    """The waist's landmarks anew, from a garment's coverage, (H, W), and all of its landmarks.

    Nothing, where there is none, where sleeves hide the trunk's sides, and where it is a guess already.
    """
    if not {"waist_left", "waist_right", "armpit_left", "armpit_right", "hem_center"} <= set(marks):
        return {}
    old = [marks["waist_left"], marks["waist_right"]]
    if min(at[2] for at in old) < 2:
        return {}
    top = max(marks["armpit_left"][1], marks["armpit_right"][1])
    length = marks["hem_center"][1] - top
    rows = np.arange(int(top + _FIRST * length), int(top + _LAST * length))
    sides = _sides(cover, rows, (old[0][0] + old[1][0]) / 2)
    known = round((old[0][1] + old[1][1]) / 2 - 0.5) - int(rows[0])
    if not 0 <= known < len(rows) or np.abs(sides[known] - sorted(at[0] for at in old)).max() > _OFF_PX:
        return {}
    first, last = _whole(sides, known)
    wide = np.diff(cv2.GaussianBlur(sides[first:last], (1, 0), 0, None, 2.0), axis=1)[:, 0]
    narrow = first + np.flatnonzero(wide < wide.min() + _SAME_WIDTH * length)
    at = round(float(np.median(narrow)))
    size = marks["hem_center"][1] - min(marks["neck_left"][1], marks["neck_right"][1])
    inside = _EDGE * length < at - first and at < last - _EDGE * length
    if not inside or np.ptp(narrow) > _VAGUE * size:
        return {name: [*marks[name][:2], 1.0] for name in ("waist_left", "waist_right")}
    y, (low, high) = float(rows[at]) + 0.5, (round(float(x), 2) for x in sides[at])
    flipped = old[0][0] < old[1][0]
    return {
        "waist_left": [low if flipped else high, y, 2.0],
        "waist_right": [high if flipped else low, y, 2.0],
    }


def _sides(cover: NDArray[np.uint8], rows: NDArray[np.int64], middle: float) -> Array:
    """(N, 2) x of the left and the right end of the run of cloth around the middle, to parts of a pixel."""
    found = np.zeros((len(rows), 2))
    for k, row in enumerate(cover[rows].astype(float) / 255):
        centre = int(middle)
        empty = np.flatnonzero(row < 0.5)
        low = int(empty[empty < centre].max(initial=-1)) + 1
        high = int(empty[empty > centre].min(initial=len(row)))
        left = low + 1 - row[max(low - 1, 0) : low + 1].sum()
        right = high - 1 + row[high - 1 : high + 1].sum()
        found[k] = left, right
    return found


def _whole(sides: Array, known: int) -> tuple[int, int]:
    """The rows around a known one in which no sleeve joins the trunk."""
    jumps = np.flatnonzero(np.abs(np.diff(sides, axis=0)).max(axis=1) > _STEP_PX)
    first = int(jumps[jumps < known].max(initial=-1)) + 1
    return first, int(jumps[jumps >= known].min(initial=len(sides) - 1)) + 1
