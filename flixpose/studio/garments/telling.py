"""Where eyes see a sleeve part from the body, and which places of an outline an eye can tell at all.

A landmark that may lie anywhere along a stretch of some percent of the garment is a guess, whoever makes it:
people who annotate photos mark it as one, and so does the studio.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from flixpose.studio.curves import Points
from flixpose.studio.garments.plan import Pair

_SEEN_GAP, _PLAIN_GAP = 0.3, 0.9  # units: a slit that begins to show, and one that nobody overlooks
_VAGUE = 0.04  # of a garment's extent: a place that may lie anywhere along so much is a guess
_AROUND = 2.5  # units on either side of a kink that tell its angle
_KINK_DEG = 12.0


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
    cuff = dense(end, 60)
    covered = np.flatnonzero(_outside(cuff, trunk) <= 0)
    corner = cuff[-1]
    if len(covered):
        first = max(int(covered[0]) - 1, 0)
        told = first > 0 and kinked(cuff[: first + 1], _below(cuff[first], side))
        return Parting(_pair(corner if over else cuff[first]), _pair(cuff[first]), told)
    line = dense(under, 160)
    gap = _outside(line, trunk)
    closed = np.flatnonzero(gap <= _SEEN_GAP)
    if not len(closed):
        return Parting(_pair(corner), _pair(line[-1]), True)
    first = int(closed[0])
    narrow = np.flatnonzero(gap[: first + 1] <= _PLAIN_GAP)
    stretch = float(np.linalg.norm(line[first] - line[int(narrow[0])])) if len(narrow) else 0.0
    told = first > 0 and stretch < _VAGUE * extent and kinked(line[: first + 1], _below(line[first], side))
    return Parting(_pair(corner), _pair(line[first]), told)


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


def dense(line: Points, count: int) -> Points:
    """(count, 2) evenly spaced along a line."""
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    t = np.linspace(0, steps[-1], count)
    return np.stack([np.interp(t, steps, line[:, k]) for k in (0, 1)], axis=1)


def _below(at: Points, side: Points) -> Points:
    """The side from a point on it downwards."""
    return np.concatenate([at[None], side[side[:, 1] > at[1] + 0.5]])


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
