"""How broad the clothes below an old hem are: under it they go on upwards, and not to its sides."""

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.patching import LEAST_EDGE, Plane, grown

_BAND = 0.12  # shoulder widths of their topmost rows that tell how broad they are
_ABOVE = 0.25  # shoulder widths above it that they go on so
_FULL = 0.3  # of their broadest row: rows with less tell nothing
_LOWEST = 0.5  # shoulder widths below their topmost row that a slanting hem may hide their side
_BESIDE = 0.05  # shoulder widths beyond a side in which an old top hides more of it


def flanks(stays: Plane, hides: Plane, unit: float) -> tuple[Plane, Plane]:
    """(h, w) what lies beside the clothes that stay on, and above them, as broad as they are at their top.

    Where a slanting hem hides a side of theirs, they are as broad there as where it comes out. Further down
    they are seen and need no telling, far above they are narrower. Nothing, where none are seen.

    Args:
        stays: (h, w) where the clothes that stay on are seen. hides: (h, w) the old top that shows.
        unit: a shoulder width in pixels.
    """
    beside, above = np.zeros(stays.shape, bool), np.zeros(stays.shape, bool)
    breadths = stays.sum(axis=1)
    rows = np.flatnonzero(breadths > _FULL * breadths.max(initial=0))
    if not len(rows):
        return beside, above
    first, band = rows[0], max(1, round(_BAND * unit))
    hides = grown(hides, max(_BESIDE * unit, LEAST_EDGE))
    (left, foot_left), (right, foot_right) = (
        _side(stays[:, ::sign], hides[:, ::sign], first, band, round(_LOWEST * unit)) for sign in (1, -1)
    )
    right = stays.shape[1] - 1 - right
    top, foot = max(0, first - round(_ABOVE * unit)), max(first + band, foot_left, foot_right)
    columns = np.arange(stays.shape[1])
    above[top:foot] = (columns >= left[top:foot, None]) & (columns <= right[top:foot, None])
    beside[top:foot] = ~above[top:foot]
    return beside, above


def _side(stays: Plane, hides: Plane, first: int, band: int, lowest: int) -> tuple[NDArray[np.intp], int]:
    """(h,) the column where clothes begin, and the row from which on their own side is seen.

    Args:
        first: their topmost row. band: rows that tell. lowest: rows below in which the side must come out.
    """
    has, begins = np.asarray(stays.any(axis=1), bool), np.argmax(stays, axis=1)
    usual = int(np.min(begins[first : first + band][has[first : first + band]]))
    found = np.where(has, np.minimum(begins, usual), usual)
    rows = np.arange(first, min(first + lowest, len(stays)))
    free = rows[has[rows] & ~hides[rows, begins[rows]]]
    if not len(free) or free[0] == first:
        return found, first
    own = begins[free[free < free[0] + band]]
    edge = min(usual, int(np.median(own)))
    found[: free[0]] = np.minimum(found[: free[0]], edge)
    return found, int(free[0])
