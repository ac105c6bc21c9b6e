"""Whether a garment opens in front: a line from the chest to the hem in its middle, and none beside it."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.outline import Outline

_FROM, _TO = 0.5, 0.97  # of the height: below a polo's placket, above the hem's stitching
_PIECES = 24
_HALF_BAND = 0.06  # of the body's half width
_BESIDE = (-0.6, -0.45, -0.3, 0.3, 0.45, 0.6)  # where no such line may be, in half widths
_OVER_BESIDE, _LEAST_EDGE = 2.0, 0.6  # times the gradient beside it; L*a*b* per pixel
_RIM = 9


def opening(lab: NDArray[np.float32], region: NDArray[np.bool_], outline: Outline) -> float:
    """Share of the way from chest to hem along which an upright edge runs down the middle, in [0, 1]."""
    edges = _upright_edges(lab, region)
    ends = np.linspace(_FROM, _TO, _PIECES + 1) * outline.height + outline.crown
    rows = np.clip(ends.astype(int), 0, len(edges))
    middle = _strongest(edges, rows, outline, 0.0)
    beside = np.median([_strongest(edges, rows, outline, u) for u in _BESIDE], axis=0)
    return float((middle > np.maximum(_OVER_BESIDE * beside, _LEAST_EDGE)).mean())


def _upright_edges(lab: NDArray[np.float32], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) gradient along x, 0 along the outline and outside."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    along_x = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8), np.float32)
    inner = cv2.erode(region.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8))
    return np.sqrt(np.square(along_x).sum(axis=2)) * inner


def _strongest(
    edges: NDArray[np.float32], rows: NDArray[np.int_], outline: Outline, u: float
) -> NDArray[np.float64]:
    """Per piece the strongest column near u half widths from the axis, averaged down the piece."""
    begin, end = (int(outline.axis + (u + side) * outline.width) for side in (-_HALF_BAND, _HALF_BAND))
    band = edges[:, max(begin, 0) : max(end, 0) + 1]
    values = [band[a:b].mean(axis=0).max() if b > a and band.size else 0.0 for a, b in pairwise(rows)]
    return np.array(values)
