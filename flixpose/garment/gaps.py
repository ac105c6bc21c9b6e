"""The narrow gap between a hanging sleeve and the body: the fork of an armpit is its upper end.

Below a fork the net may take any spot of the gap for it, down to the hem; the outline is exact there.
"""

import numpy as np
from numpy.typing import NDArray

_BESIDE = 0.03  # of the garment's longer side: how far from a point its gap lies
_WIDEST = 0.25  # of that side: what is wider is no gap between a sleeve and the body
_BREAK = 0.012  # of that side: a gap of a pixel's breadth may be closed for so long
_LEAST = 0.02  # of that side: a shorter way up is left to who saw the point

XY = tuple[float, float]
Run = tuple[int, int]


def top_of_gap(region: NDArray[np.bool_], point: XY, side: float) -> XY:
    """The upper end of the gap that a point lies in or just below; the point itself where there is none.

    Args:
        region: (H, W) the garment.
        point: x, y in pixels, house's frame.
        side: the garment's longer, in pixels.
    """
    column, row = int(point[0]), int(point[1])
    reach = max(1, round(_BESIDE * side))
    for start in range(row, max(row - reach, 0), -1):
        run = _beside(region, start, column, reach, _WIDEST * side)
        if run is not None:
            break
    else:
        return point
    top = start
    while (above := _above(region, top, run, side)) is not None:
        run, top = above
    if row - top < _LEAST * side:
        return point
    return (run[0] + run[1]) / 2, float(top)


def _gaps(region: NDArray[np.bool_], row: int, widest: float) -> list[Run]:
    """From and to columns of the background between two pieces of the garment in a row."""
    inside = np.flatnonzero(region[row])
    breaks = np.flatnonzero(np.diff(inside) > 1)
    runs = [(int(inside[i]) + 1, int(inside[i + 1])) for i in breaks]
    return [(a, b) for a, b in runs if b - a <= widest]


def _beside(region: NDArray[np.bool_], row: int, column: int, reach: int, widest: float) -> Run | None:
    """The gap of a row nearest to a column, within reach."""

    def away(run: Run) -> int:
        return max(run[0] - column, column - run[1], 0)

    near = [run for run in _gaps(region, row, widest) if away(run) <= reach]
    return min(near, key=away, default=None)


def _above(region: NDArray[np.bool_], row: int, below: Run, side: float) -> tuple[Run, int] | None:
    """The widest gap, and its row, that the gap of a row leads on to; the nearest row that has one."""
    for higher in range(row - 1, max(row - 2 - round(_BREAK * side), -1), -1):
        gaps = _gaps(region, higher, _WIDEST * side)
        on = [run for run in gaps if run[0] <= below[1] + 1 and run[1] >= below[0] - 1]
        if on:
            return max(on, key=lambda run: run[1] - run[0]), higher
    return None
