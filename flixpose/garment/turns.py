"""Where an outline turns: half of the turn is done there, which is where people mark a corner that is round.

The studios put their truth by this rule, and the reader asks it of the outlines it sees.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
XY = tuple[float, float]

# Of the way from neck to armpit: the part of the outline that turns at a shoulder, measured along it.
_FROM, _TO = 0.08, 1.35
_SMOOTH = 0.012  # of the garment's longer side: folds that are no shoulder
_ASTRAY = 0.03  # of it: a neck or a cuff so far off the outline is hidden behind something
TURN_DEG, SLOW = 10.0, 0.055  # less has no tip; nor has one whose middle fifth is longer, of the same side
_FEWEST = 12


@dataclass(frozen=True, slots=True)
class Bend:
    """Where a line turns.

    Attributes:
        at: where half of the turn is done, in the line's units. slow: how long its middle fifth is.
        degrees: the whole turn from the line's beginning to its end, clockwise as seen.
    """

    at: XY
    slow: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Tip:
    """The tip of a shoulder, pixels. plain: it turns enough, and fast enough, for an eye to tell it."""

    at: XY
    plain: bool


def bend(line: Points) -> Bend:
    """Of a line, (N, 2), that begins and ends about straight."""
    even = dense(line, 100)
    step = np.diff(even, axis=0)
    angle = np.rad2deg(np.unwrap(np.arctan2(step[:, 1], step[:, 0])))
    first, last = float(angle[:12].mean()), float(angle[-10:].mean())
    share = (angle - first) / ((last - first) or 1.0)
    soon, half, late = (int(np.argmax(share >= part)) for part in (0.4, 0.5, 0.6))
    slow = float(np.linalg.norm(step, axis=1)[soon:late].sum())
    return Bend((float(even[half, 0]), float(even[half, 1])), slow, last - first)


def dense(line: Points, count: int) -> Points:
    """(count, 2) evenly spaced along a line."""
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    t = np.linspace(0, steps[-1], count)
    return np.stack([np.interp(t, steps, line[:, k]) for k in (0, 1)], axis=1)


def outline_ring(region: NDArray[np.bool_]) -> Points | None:
    """(N, 2) the longest closed outline of a region, (H, W), through its pixels' centres; None of nothing."""
    contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)[:, 0].astype(float) + 0.5 if contours else None


def way_between(ring: Points, start: Points, end: Points) -> Points:
    """The part of a closed outline, (N, 2), from one place to another: the shorter way round."""
    first, last = (int(np.linalg.norm(ring - at, axis=1).argmin()) for at in (start, end))
    there = np.roll(ring, -first, axis=0)[: (last - first) % len(ring) + 1]
    back = np.roll(ring[::-1], first + 1, axis=0)[: (first - last) % len(ring) + 1]
    return min(there, back, key=len)


def without_steps(path: Points, sigma: float) -> Points:
    """A traced outline without its pixels' steps and small folds; it ends where it ended."""
    pad = int(4 * sigma) + 1
    even = dense(path, max(len(path), 2 * pad))
    columns = [np.pad(even[:, k], pad, mode="reflect", reflect_type="odd") for k in (0, 1)]
    soft = [cv2.GaussianBlur(c[None], (0, 0), sigma)[0][pad:-pad] for c in columns]
    return np.stack(soft, axis=1)


def shoulder_tip(ring: Points, neck: Points, cuff: Points, armpit: Points) -> Tip | None:
    """Where a garment's outline turns from the shoulder into the sleeve.

    Args:
        ring: (N, 2) its outline, pixels, every one of them.
        neck, cuff, armpit: (2,) the neck's point, the cuff's outer corner and the armpit of that side.

    Returns:
        None where neck or cuff do not lie on the outline.
    """
    size = float(np.ptp(ring, axis=0).max())
    path = way_between(ring, neck, cuff)
    if len(path) < _FEWEST or _off(path, neck, cuff) > _ASTRAY * size:
        return None
    turn = bend(_turning(path, float(np.linalg.norm(armpit - neck)), _SMOOTH * size))
    down = turn.degrees if cuff[0] > neck[0] else -turn.degrees
    return Tip(turn.at, down > TURN_DEG and turn.slow < SLOW * size)


def _off(path: Points, neck: Points, cuff: Points) -> float:
    return float(max(np.linalg.norm(path[0] - neck), np.linalg.norm(path[-1] - cuff)))


def _turning(path: Points, reach: float, sigma: float) -> Points:
    """The outline near the shoulder, its pixels' steps and small folds smoothed away."""
    line = without_steps(path, sigma)
    gone = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    first, last = np.searchsorted(gone, (_FROM * _TO * reach, _TO * reach))
    return line[int(first) : max(int(last), int(first) + 3)]
