"""Walking on masks: how far something reaches along a ray."""

import numpy as np
from numpy.typing import NDArray

from flixpose.structures.image import Mask

_INSIDE = 128


def reach(
    mask: Mask, start: NDArray[np.float64], direction: NDArray[np.float64], limit: float
) -> float | None:
    """Distance from `start` along the unit vector `direction` to where the mask ends, in pixels.

    None where `start` lies outside the mask, or the mask goes on past `limit`. A run of up to four outside
    pixels (a crease, a seam) is stepped over.
    """
    steps = np.arange(0.0, limit, 1.0)
    columns = np.floor(start[0] + steps * direction[0]).astype(int)
    rows = np.floor(start[1] + steps * direction[1]).astype(int)
    on_photo = (columns >= 0) & (columns < mask.width) & (rows >= 0) & (rows < mask.height)
    inside = np.zeros(len(steps), dtype=bool)
    inside[on_photo] = mask.alpha[rows[on_photo], columns[on_photo]] >= _INSIDE
    if not inside[:3].any():
        return None
    outside = ~inside
    pairs = outside[:-1] & outside[1:]
    runs = np.flatnonzero(pairs[:-3] & pairs[2:-1] & outside[4:])
    return float(steps[runs[0]]) if len(runs) else None
