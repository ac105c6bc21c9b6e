"""Where a short sleeve's end meets the side of the body, read off the outline of a garment on a mannequin.

A sleeve that never parts from the side forks at its end: the corner that the outline makes there is both the
armpit and the last that is seen of the cuff. As sewn, the cuff goes on behind it.
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
_ASTRAY = 0.09  # of it: a corner farther away than this is another one


def cap_armpits(region: NDArray[np.bool_], marks: Marks) -> Marks:
    """Armpits and inner cuffs anew, from a garment's region, (H, W), and all of its landmarks.

    Nothing of sleeves that part from the side, and of those whose armpit lies in a corner already.
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
    reach = round(_AROUND * size)
    step = np.unwrap(np.arctan2(*np.diff(path, axis=0).T[::-1]))
    sense = 1.0 if hem[0] < outer[0] else -1.0
    inward = -sense * np.rad2deg(step[2 * reach :] - step[: -2 * reach])
    away = np.linalg.norm(path[reach : reach + len(inward)] - pit, axis=1)
    inward[away > _ASTRAY * size] = 0.0
    known = away < _SAME_PX
    if inward.max(initial=0.0) < _CORNER_DEG or inward[known].max(initial=0.0) > _CORNER_DEG:
        return {}
    at = reach + int(inward.argmax())
    turn = bend(path[at - reach : at + reach + 1])
    corner = [round(turn.at[0], 2), round(turn.at[1], 2), 2.0]
    return {f"armpit_{name}": corner, f"cuff_{name}_inner": list(corner)}
