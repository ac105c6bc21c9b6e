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


def reaches(
    mask: Mask, starts: NDArray[np.float64], directions: NDArray[np.float64], limit: float
) -> NDArray[np.float64]:
    """(K,) as `reach` for (K, 2) starts and directions; NaN in place of None."""
    steps = np.arange(0.0, limit, 1.0)
    columns, rows = (
        np.floor(starts[:, axis, None] + steps * directions[:, axis, None]).astype(np.intp) for axis in (0, 1)
    )
    on_photo = (columns >= 0) & (columns < mask.width) & (rows >= 0) & (rows < mask.height)
    places = np.clip(rows, 0, mask.height - 1) * mask.width + np.clip(columns, 0, mask.width - 1)
    outside = (mask.alpha.ravel()[places] < _INSIDE) | ~on_photo
    pairs = outside[:, :-1] & outside[:, 1:]
    runs = pairs[:, :-3] & pairs[:, 2:-1] & outside[:, 4:]
    first = runs.argmax(axis=1) if runs.shape[1] else np.zeros(len(starts), np.intp)
    ends = (
        np.take_along_axis(runs, first[:, None], axis=1)[:, 0]
        if runs.shape[1]
        else np.zeros(len(starts), bool)
    )
    return np.where(ends & ~outside[:, :3].all(axis=1), first.astype(np.float64), np.nan)
