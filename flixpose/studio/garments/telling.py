"""Where eyes see a sleeve part from the body, and which places of an outline an eye can tell at all.

A landmark that may lie anywhere along a stretch of some percent of the garment is a guess, whoever makes it:
people who annotate photos mark it as one, and so does the studio.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from flixpose.garment.turns import Bend, bend, dense
from flixpose.studio.curves import Points, joined
from flixpose.studio.garments.plan import Pair

SEEN_GAP, PLAIN_GAP = 0.004, 0.012  # of the extent: a slit that begins to show, one that nobody overlooks
VAGUE = 0.04  # of a garment's extent: a place that may lie anywhere along so much is a guess
_BEFORE, _AFTER = 0.15, 0.07  # of the extent: how much of a sleeve and of a side tell which way they run
_AROUND = 2.5  # units on either side of a kink that tell its angle
_KINK_DEG = 12.0
_SLIT_DEG = 120.0  # where sleeve and side turn about so much they leave a slit


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a sleeve and the body part, in units.

    Attributes:
        inner: the last of the cuff's edge that is seen. fork: the armpit.
        told: an eye can tell the fork: it is a corner, or the slit below it soon opens.
    """

    inner: Pair
    fork: Pair
    told: bool


def parting(end: Points, under: Points, trunk: Points, side: Points, extent: float, *, over: bool) -> Parting:
    """Of the wearer's left sleeve and the body behind or before it.

    Args:
        end: (N, 2) the cuff's edge from its outer corner to the inner one. under: on to the armpit.
        trunk: closed outline of the body as it is painted. side: (N, 2) its left side, downwards.
        extent: the garment's, in units.
        over: the sleeve lies on the body, so that all of its edge is seen.
    """
    cuff, corner = dense(end, 60), _pair(end[-1])
    line = dense(under, 160)
    gap = _outside(line, trunk)
    window = _highest_opening(line, gap, extent)
    covered = np.flatnonzero(_outside(cuff, trunk) <= 0)
    if len(covered):
        first = max(int(covered[0]) - 1, 0)
        inner = corner if over else _pair(cuff[first])
        if not window:
            told = first > 0 and kinked(cuff[: first + 1], _below(cuff[first], side))
            return Parting(inner, _pair(cuff[first]), told)
    else:
        inner = corner
    closed = window + np.flatnonzero(gap[window:] <= SEEN_GAP * extent)
    if not len(closed):
        return Parting(inner, _pair(line[-1]), True)
    first = int(closed[0])
    if first == 0:
        return Parting(inner, _pair(line[0]), False)
    before = _last(line[: first + 1], _BEFORE * extent)
    turn = bend(joined(before, _onward(line[first], side, _AFTER * extent)))
    return Parting(inner, turn.at, _told(turn, line[window : first + 1], gap[window : first + 1], extent))


def _highest_opening(line: Points, gap: np.ndarray, extent: float) -> int:
    """Where on the way up the last plain opening between sleeve and body begins; 0 = at the cuff, or none.

    A sleeve that touches the body half-way, or whose cuff lies on it, still parts from it at the armpit.
    """
    plain = np.flatnonzero(gap > PLAIN_GAP * extent)
    if not len(plain):
        return 0
    breaks = np.flatnonzero(np.diff(plain) > 1)
    first = int(plain[breaks[-1] + 1]) if len(breaks) else int(plain[0])
    return first if np.linalg.norm(line[plain[-1]] - line[first]) > VAGUE * extent else 0


def _told(turn: Bend, line: Points, gap: np.ndarray, extent: float) -> bool:
    """Whether an eye can tell a fork: a corner at once, a slit where it soon opens."""
    if abs(turn.degrees) < _KINK_DEG or turn.slow >= VAGUE * extent:
        return False
    narrow = np.flatnonzero(gap <= PLAIN_GAP * extent)
    long = float(np.linalg.norm(line[-1] - line[int(narrow[0])])) if len(narrow) else 0.0
    return abs(turn.degrees) < _SLIT_DEG or long < VAGUE * extent


def kinked(before: Points, after: Points) -> bool:
    """Whether the line `before`, (N, 2), and the line `after`, which begins where it ends, meet in a kink."""
    if len(before) < 2 or len(after) < 2:
        return True
    a, b = dense(before, 200), dense(after, 200)
    first, second = _within(a[::-1]), _within(b)
    if first is None or second is None:
        return True
    turn = np.arctan2(*(a[-1] - first)[::-1]) - np.arctan2(*(second - b[0])[::-1])
    return bool(abs((np.rad2deg(turn) + 180) % 360 - 180) > _KINK_DEG)


def _below(at: Points, side: Points) -> Points:
    """The side from a point on it downwards."""
    return np.concatenate([at[None], side[side[:, 1] > at[1] + 0.5]])


def _onward(at: Points, side: Points, reach: float) -> Points:
    """From a point on the side so far down, straight on where the side ends."""
    heading = (side[-1] - side[-3]) / np.linalg.norm(side[-1] - side[-3])
    line = joined(_below(at, side), (side[-1] if side[-1, 1] > at[1] else at)[None] + heading * reach)
    even = dense(line, 200)
    gone = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(even, axis=0), axis=1))])
    return even[1 : int(np.searchsorted(gone, reach)) + 2]


def _last(line: Points, reach: float) -> Points:
    """The end of a line, about `reach` long."""
    even = dense(line, 100)
    left = np.cumsum(np.linalg.norm(np.diff(even, axis=0), axis=1)[::-1])[::-1]
    return even[int(np.argmax(left <= reach)) :]


def _within(line: Points) -> Points | None:
    """The point `_AROUND` away from the line's beginning; None where it is shorter."""
    away = np.flatnonzero(np.linalg.norm(line - line[0], axis=1) >= _AROUND)
    return line[int(away[0])] if len(away) else None


def _outside(points: Points, shape: Points) -> np.ndarray:
    """(N,) units by which points lie outside a closed outline; negative inside."""
    outline = shape.astype(np.float32)
    return np.array([-cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x, y in points])


def _pair(at: Points) -> Pair:
    return float(at[0]), float(at[1])
