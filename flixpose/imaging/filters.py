"""Edge-aware and plain smoothing of masks, and their soft thresholds."""

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def ramp(values: NDArray[np.floating], low: float, high: float) -> Plane:
    """0 up to `low`, 1 from `high` on, a straight line between; of any shape."""
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), np.float32)


def box_mean(plane: NDArray[np.floating], radius: int) -> Plane:
    """Mean over (2 radius + 1)² pixels, the border mirrored; (H, W) or (H, W, C)."""
    side = 2 * radius + 1
    mean = cv2.blur(np.asarray(plane, np.float32), (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(mean, np.float32)


def guided_filter(guide: NDArray, plane: NDArray[np.floating], *, radius: int, smoothness: float) -> Plane:
    """The plane, redrawn so that its edges lie on the guide's edges.

    In every window the plane is fitted as a linear function of the guide. Source: He, Sun, Tang 2013,
    "Guided Image Filtering", equations 5, 6 (grey) and 19 to 21 (colour).

    Args:
        guide: (H, W) or (H, W, 3); uint8, or float in [0, 1].
        plane: (H, W) float, such as a soft mask in [0, 1].
        radius: of the window, pixels.
        smoothness: variance of the guide, in squared units of [0, 1], below which a window counts as flat.

    Returns:
        (H, W) float32; may leave the plane's range a little at strong edges.
    """
    guide = np.asarray(guide / 255 if guide.dtype == np.uint8 else guide, np.float32)
    colour = guide[..., None] if guide.ndim == 2 else guide
    slope, offset = _linear_fit(colour, np.asarray(plane, np.float32), radius, smoothness)
    mean_slope = box_mean(slope, radius).reshape(colour.shape)
    return np.einsum("hwc,hwc->hw", mean_slope, colour) + box_mean(offset, radius)


def _linear_fit(guide: Plane, plane: Plane, radius: int, smoothness: float) -> tuple[Plane, Plane]:
    """Per window: plane ≈ guide · slope + offset; (H, W, C) and (H, W)."""
    channels = guide.shape[2]
    mean_guide = box_mean(guide, radius).reshape(guide.shape)
    mean_plane = box_mean(plane, radius)
    shared = (
        box_mean(guide * plane[..., None], radius).reshape(guide.shape) - mean_guide * mean_plane[..., None]
    )
    spread = np.empty((*plane.shape, channels, channels), np.float32)
    for i in range(channels):
        for j in range(i, channels):
            product = box_mean(guide[..., i] * guide[..., j], radius)
            spread[..., i, j] = spread[..., j, i] = product - mean_guide[..., i] * mean_guide[..., j]
    spread += np.eye(channels, dtype=np.float32) * smoothness
    slope = _solve(spread, shared)
    return slope, mean_plane - np.einsum("hwc,hwc->hw", slope, mean_guide)


def _solve(matrix: Plane, vector: Plane) -> Plane:
    """One small symmetric system a pixel; 3×3 by Cramer's rule, ten times the speed of a general solver."""
    if matrix.shape[-1] == 1:
        return vector / matrix[..., 0]
    a, b, c = (matrix[..., 0, i] for i in range(3))
    d, e, f = matrix[..., 1, 1], matrix[..., 1, 2], matrix[..., 2, 2]
    minors = d * f - e * e, c * e - b * f, b * e - c * d
    rows = (minors, (minors[1], a * f - c * c, b * c - a * e), (minors[2], b * c - a * e, a * d - b * b))
    determinant = a * minors[0] + b * minors[1] + c * minors[2]
    return np.stack(
        [sum(m * vector[..., i] for i, m in enumerate(row)) / determinant for row in rows], axis=-1
    )


def feather(alpha: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """(H, W) uint8 with its edges spread over `radius` pixels to either side; straight ones stay in place."""
    if radius <= 0:
        return alpha.copy()
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), radius / 2, borderType=cv2.BORDER_REPLICATE), np.uint8)
