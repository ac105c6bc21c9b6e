"""Where the worn top ends: new trousers go up to there, or a strip of the old ones shows above them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders

_ACROSS = np.linspace(-0.36, 0.36, 19)  # shoulder widths; the first third is the wearer's right
_DEPTHS = np.arange(0.40, 1.10, 0.01)  # torso lengths
_GAP = 4  # rows without the top in which it has ended
_OVER = 0.012  # torso lengths by which trousers go on above the top's end
_HIGHER = 0.17  # torso lengths: a waistband is raised by so much at most


def end_of_top(body: Body, occluders: Occluders) -> NDArray[np.float64] | None:
    """(3,) depths in torso lengths where the worn top ends, at the wearer's right, middle and left.

    None where colour does not tell it from the lower clothes.
    """
    if not occluders.parted:
        return None
    rows = [
        body.axis_at(float(d)) + _ACROSS[:, None] * body.shoulder_width * body.across_at(float(d))
        for d in _DEPTHS
    ]
    at = np.array(rows, np.float32) - np.float32(0.5)
    upper, front = (
        cv2.remap(mask.alpha, at[..., 0], at[..., 1], cv2.INTER_LINEAR) > 127
        for mask in (occluders.worn_upper, occluders.arms)
    )
    ends = [_end(upper[:, column], front[:, column]) for column in range(len(_ACROSS))]
    thirds = np.array_split(np.array(ends), 3)
    seen = [third[np.isfinite(third)] for third in thirds]
    known = np.concatenate(seen)
    if len(known) < len(_ACROSS) / 3:
        return None
    usual = float(np.median(known))
    return np.array([float(np.median(third)) if len(third) > 1 else usual for third in seen])


def _end(upper: NDArray[np.bool_], front: NDArray[np.bool_]) -> float:
    """The depth below which there is no more of the top in a column; nan where an arm lies before it."""
    if not upper.any():
        return float("nan")
    last = int(np.flatnonzero(upper)[-1])
    if last + _GAP >= len(upper) or front[last : last + _GAP].any():
        return float("nan")
    return float(_DEPTHS[last])


def raised(own: float, end: float) -> float:
    """The depth of a waistband whose own is `own`, so that nothing shows between it and the top's end."""
    return end - _OVER if 0.0 < own - (end - _OVER) <= _HIGHER else own
