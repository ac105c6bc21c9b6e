"""Connected pieces of a plane, with their boxes and areas.

OpenCV's own count of these takes eight times as long as its labels: it looks at every pixel, and at the
background's, too. Here runs of pixels along the rows are looked at, of which there are few.
"""

import cv2
import numpy as np
from numpy.typing import NDArray


def find_pieces(
    plane: NDArray[np.uint8] | NDArray[np.bool_], connectivity: int = 8
) -> tuple[int, NDArray[np.int32], NDArray[np.int32]]:
    """As `cv2.connectedComponentsWithStats`, but that nothing is told of what is in no piece.

    Args:
        plane: (H, W), other than 0 in the pieces.
        connectivity: 4 or 8 neighbours hang together with a pixel.

    Returns:
        How many numbers there are; (H, W) numbers, 0 beside the pieces; and (N, 5) per number left, top,
        width, height and area in pixels, in OpenCV's columns; 0 throughout for number 0.
    """
    count, labels = cv2.connectedComponents(plane.view(np.uint8), connectivity=connectivity)
    stats = np.zeros((count, 5), np.int32)
    if count == 1:
        return count, labels, stats
    rows, starts, ends = runs(plane)
    numbers = labels[rows, starts]
    low = np.full((2, count), np.iinfo(np.int32).max, np.int32)
    high = np.zeros((2, count), np.int32)
    for least, most, first, end in zip(low, high, (starts, rows), (ends, rows + 1), strict=True):
        np.minimum.at(least, numbers, first.astype(np.int32))
        np.maximum.at(most, numbers, end.astype(np.int32))
    stats[1:, :2], stats[1:, 2:4] = low.T[1:], (high - low).T[1:]
    stats[:, 4] = np.bincount(numbers, ends - starts, count)
    return count, np.asarray(labels, np.int32), stats


def numbers_met(labels: NDArray[np.int32], where: NDArray[np.uint8] | NDArray[np.bool_]) -> NDArray[np.int32]:
    """(K,) the numbers of all pieces that some pixels belong to, many of them again and again.

    Args:
        labels: (H, W) of pieces. where: (H, W), other than 0 at those pixels, none of them beside a piece.
    """
    rows, starts, _ = runs(where)  # what lies side by side is one piece's
    return np.asarray(labels[rows, starts], np.int32)


def runs(plane: NDArray[np.uint8] | NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
    """(N,) each: rows, first columns, and columns after the last, of runs of pixels other than 0."""
    height, width = plane.shape
    there = np.zeros((height, width + 1), bool)  # a column that ends every row
    np.not_equal(plane, 0, out=there[:, :width])
    flat = there.ravel()
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[0]:
        turns = np.concatenate([[0], turns])
    rows, starts = np.divmod(turns[0::2], width + 1)
    return rows, starts, turns[1::2] % (width + 1)
