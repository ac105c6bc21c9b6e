"""Outlines of garments in pictures of scenes, off which landmarks are read."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.curves import Points
from flixpose.studio.garments.telling import dense

Marks = dict[str, list[float]]  # landmark → x, y in pixels, visibility 0, 1 or 2


def outline_ring(region: NDArray[np.bool_]) -> Points | None:
    """(N, 2) the longest closed outline of a region, (H, W), through its pixels' centres; None of nothing."""
    contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)[:, 0].astype(float) + 0.5 if contours else None


def way_between(ring: Points, start: Points, end: Points) -> Points:
    """The part of a closed outline, (N, 2), from one place to another: the shorter way round."""
    first, last = (int(np.linalg.norm(ring - at, axis=1).argmin()) for at in (start, end))
    there = np.roll(ring, -first, axis=0)[: (last - first) % len(ring) + 1]
    back = np.roll(ring[::-1], first + 1, axis=0)[: (first - last) % len(ring) + 1]
    return min(there, back, key=len)


def without_steps(path: Points, sigma: float) -> Points:
    """A traced outline without its pixels' steps and small folds; it ends where it ended."""
    pad = int(4 * sigma) + 1
    even = dense(path, max(len(path), 2 * pad))
    columns = [np.pad(even[:, k], pad, mode="reflect", reflect_type="odd") for k in (0, 1)]
    soft = [cv2.GaussianBlur(c[None], (0, 0), sigma)[0][pad:-pad] for c in columns]
    return np.stack(soft, axis=1)
