"""Where a short sleeve's end meets the side of the body, read off the outline of a garment on a mannequin.

A sleeve that never parts from the side forks at its end: the corner that the outline makes there is the
armpit. The cuff's inner corner is where the outline turns from the sleeve's end towards the fork; where it
turns nowhere before, the fork is the last that is seen of the cuff. As sewn, the cuff goes on behind it.
"""

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.turns import bend, dense, outline_ring, way_between, without_steps
from flixpose.studio.body import SIDES
from flixpose.studio.curves import Points
from flixpose.studio.simulated.landmarks import Marks

_SAME_PX = 2.0  # an armpit so near to the cuff's corner was put there for want of a gap
_AROUND = 0.025  # of the garment's longer side: how much of cuff and side tell how they run
_SMOOTH = 0.006  # of it: pixels' steps and small folds
_CORNER_DEG = 25.0
_NEAR = 0.012  # of it: how much of end and under edge tell how they run
_END_DEG = 35.0
_END = 0.03  # of it: so near to the outer corner, it is that one which turns
_BESIDE = 0.075  # of it: a turn farther from the fork is a fold of the end
_ASTRAY = 0.09  # of it: a corner farther away than this is another one


def cap_armpits(region: NDArray[np.bool_], marks: Marks) -> Marks:
    """Armpits and inner cuffs anew, from a garment's region, (H, W), and all of its landmarks.

    Nothing of sleeves that part from the side. An armpit that lies in a corner already stays there.
    """
    ring = outline_ring(region)
    if ring is None:
        return {}
    found: Marks = {}
    for name, _side in SIDES:
        inner, pit = marks.get(f"cuff_{name}_inner"), marks.get(f"armpit_{name}")
        if inner and pit and np.hypot(inner[0] - pit[0], inner[1] - pit[1]) < _SAME_PX:
            found |= _corner(ring, marks, name)
    return found


def _corner(ring: Points, marks: Marks, name: str) -> Marks:
    outer, pit, hem = (
        np.array(marks[mark][:2]) for mark in (f"cuff_{name}_outer", f"armpit_{name}", f"hem_{name}")
    )
    size = float(np.ptp(ring, axis=0).max())
    path = without_steps(way_between(ring, outer, hem), _SMOOTH * size)
    count = max(round(float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())), 2)
    path = dense(path, count)  # a pixel apart
    sense = 1.0 if hem[0] < outer[0] else -1.0
    reach, near = (max(1, round(share * size)) for share in (_AROUND, _NEAR))
    inward = -sense * _turns(path, reach)
    away = np.linalg.norm(path - pit, axis=1)
    inward[away > _ASTRAY * size] = 0.0
    if inward.max() < _CORNER_DEG:
        return {}
    fork, at = marks[f"armpit_{name}"], int(away.argmin())
    if inward[away < _SAME_PX].max(initial=0.0) <= _CORNER_DEG:
        at = int(inward.argmax())
        fork = _place(path, at, reach)
    outward = sense * _turns(path, near)
    outward[: round(_END * size)] = outward[max(at - near, 0) :] = 0.0
    outward[np.linalg.norm(path - fork[:2], axis=1) > _BESIDE * size] = 0.0
    end = int(outward.argmax())
    inner = _place(path, end, near) if outward[end] > _END_DEG else list(fork)
    return {f"armpit_{name}": fork, f"cuff_{name}_inner": inner}


def _turns(path: Points, reach: int) -> NDArray[np.float64]:
    """(N,) degrees by which a path, (N, 2), turns from so many points before each to as many after."""
    step = np.unwrap(np.arctan2(*np.diff(path, axis=0).T[::-1]))
    found = np.zeros(len(path))
    found[reach : len(step) - reach] = np.rad2deg(step[2 * reach :] - step[: -2 * reach])
    return found


def _place(path: Points, at: int, reach: int) -> list[float]:
    """x, y, visibility of where a path turns, near one of its points."""
    x, y = bend(path[at - reach : at + reach + 1]).at
    return [round(x, 2), round(y, 2), 2.0]
