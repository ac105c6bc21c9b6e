"""Regressed points sharpened by the heat maps that the same network draws."""

import numpy as np
from numpy.typing import NDArray

from flixpose.pose.codec.activation import sigmoid

Array = NDArray[np.float32]


def refine(uv: Array, heatmaps: Array, *, kernel: int, min_peak: float = 0.5) -> Array:
    """Each point moved to the centre of mass of its heat map in a window around it.

    Points that lie outside, or whose window peaks below `min_peak`, stay where they are.
    Source: MediaPipe's heat-map refinement; the centre of mass is over cell indices, as there.

    Args:
        uv: (N, 2) as fractions of the picture.
        heatmaps: (H, W, N) logits.
    """
    height, width, _ = heatmaps.shape
    cells = (uv * (width, height)).astype(np.int64)
    inside = ((cells >= 0) & (cells < (width, height))).all(axis=1)
    moved = uv.copy()
    for row in np.flatnonzero(inside):
        centre = _centre_of_mass(heatmaps[..., row], cells[row], kernel // 2, min_peak)
        if centre is not None:
            moved[row] = centre / (width, height)
    return moved


def _centre_of_mass(
    heatmap: Array, cell: NDArray[np.int64], reach: int, min_peak: float
) -> NDArray[np.float64] | None:
    """(2,) x, y in cells, or None where the window is too faint."""
    x0, y0 = np.maximum(cell - reach, 0)
    window = sigmoid(heatmap[y0 : cell[1] + reach + 1, x0 : cell[0] + reach + 1])
    if window.max() < min_peak:
        return None
    rows, columns = np.indices(window.shape)
    total = float(window.sum(dtype=np.float64))
    return np.array([(window * columns).sum() / total + x0, (window * rows).sum() / total + y0])
