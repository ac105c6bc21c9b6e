"""Walking on masks: how far something reaches along a ray."""

import numpy as np
from numpy.typing import NDArray

from flixpose.structures.image import Mask

_INSIDE = 128
_FIVE = b"\1" * 5  # pixels outside, one after another


def reach(
    mask: Mask, start: NDArray[np.float64], direction: NDArray[np.float64], limit: float
) -> float | None:
    """Distance from `start` along the unit vector `direction` to where the mask ends, in pixels.

    None where `start` lies outside the mask, or the mask goes on past `limit`. A run of up to four outside
    pixels (a crease, a seam) is stepped over.
    """
    if limit <= 0:
        return None
    steps = np.arange(0.0, limit, 1.0)
    columns, rows = (np.floor(start[axis] + steps * direction[axis]).astype(np.intp) for axis in (0, 1))
    outside = (_along(mask, rows, columns) < _INSIDE).tobytes()
    if b"\0" not in outside[:3]:
        return None
    end = outside.find(_FIVE)
    return float(end) if end >= 0 else None


def _along(mask: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint8]:
    """(K,) of the mask along a straight line; 0 off the photo."""
    sides = (rows, mask.height), (columns, mask.width)
    if all(0 <= places[end] < size for places, size in sides for end in (0, -1)):
        return mask.alpha[rows, columns]
    on_photo = np.logical_and.reduce([(places >= 0) & (places < size) for places, size in sides])
    found = np.zeros(len(rows), np.uint8)
    found[on_photo] = mask.alpha[rows[on_photo], columns[on_photo]]
    return found


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
