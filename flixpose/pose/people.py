"""Several people in one photo: who is meant, and who was found twice."""

import numpy as np
from numpy.typing import NDArray

from flixpose.structures.found import Pose

_SAME_SPREAD = 0.15


def prominence(pose: Pose, size: tuple[int, int]) -> float:
    """How likely this person is the photo's subject: area × score × centredness, each a fraction."""
    width, height = size
    box = pose.box
    off_x = abs((box.x0 + box.x1) / width - 1)
    off_y = abs((box.y0 + box.y1) / height - 1)
    centredness = 1 - 0.5 * min(float(np.hypot(off_x, off_y)), 1.0)
    return box.area / (width * height) * pose.score * centredness


def same_person(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Whether two readings, (N, 2) each, are of one body: the points lie together for its size."""
    return spread_between(a, b) < _SAME_SPREAD


def spread_between(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Median distance between two readings' points, (N, 2) each, as a fraction of the first one's size."""
    return float(np.median(np.hypot(*(a - b).T)) / max(np.hypot(*np.ptp(a, axis=0)), 1e-6))
