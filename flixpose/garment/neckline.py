"""The front neckline: the edge between the inner back of a garment and its front, seen below the collar.

A family of curves from neck corner to neck corner, V to U to square, is laid over the photo's gradient; the
curve that lies on an edge along most of its length wins.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

_ROUNDNESS = (1.0, 1.35, 1.8, 2.5)  # exponent of the curve: V, ..., U
_LEANS = (-0.06, 0.0, 0.06)  # how far the lowest point lies off the middle, in neck widths
_FIRST_ROUND = 1.5
_SAMPLES = 33
_REACH = 0.86  # of the way from the centre to the neck corners
_DEEPEST = 0.6  # of the garment's height
_LEAST_DEPTH = 0.012
_FULL_EDGE = (0.7, 5.0)  # L*a*b* per pixel at which an edge counts as whole: between these
_OVER_TEXTURE = 1.5  # times the ordinary gradient where the neckline may lie
_ROUND_DEPTH = (0.28, 0.5)  # of the neck's width, with the spread of its logarithm: crew necks
_V_DEPTH = (0.6, 0.7)
_ALL_ALONG = 0.6  # weight of the weakest third of the curve: a print meets only its middle
_DARKER_FRONT = 0.6  # the front is nearly always lighter than the shaded inside
_RIM = 4  # pixels along the outline whose edge is the background's
_SMOOTH = 1.2


@dataclass(frozen=True, slots=True)
class Neckline:
    """(x, y) of the lowest centre point in the region's pixels, and how clearly it was seen, in [0, 1]."""

    x: float
    y: float
    clarity: float


def find_front_neckline(
    lab: NDArray[np.float32],
    region: NDArray[np.bool_],
    corners: tuple[tuple[float, float], tuple[float, float]],
    back: tuple[float, float],
    height: float,
) -> Neckline:
    """The front neckline between two neck corners.

    Args:
        lab: (H, W, 3) the photo at working size.
        region: (H, W) the garment in it.
        corners: (x, y) of the neck corners, the image's left one first.
        back: (x, y) of the centre of the back neckline's top edge.
        height: of the garment, from `back` to the hem.
    """
    (x0, y0), (x1, y1) = corners
    t = np.linspace(-_REACH, _REACH, _SAMPLES)
    x = x0 + (t + 1) / 2 * (x1 - x0)
    base = y0 + (t + 1) / 2 * (y1 - y0)
    lowest = min(back[1] + _DEEPEST * height, lab.shape[0] - 3)
    gradient = _gradients(lab, region)
    gradient /= _full_edge(gradient[round(back[1]) : round(lowest), round(x0) : round(x1)])
    depths = np.arange(back[1] + _LEAST_DEPTH * height, lowest, 1.0)
    best = Neckline((x0 + x1) / 2, back[1], 0.0)
    for roundness, lean in product(_ROUNDNESS, _LEANS):
        shift = lean * (x1 - x0)
        values = _edge_values(
            gradient, x + shift * (1 - np.abs(t)), base, t, depths, roundness, (x1 - x0) / 2
        )
        values *= _depth_prior((depths - back[1]) / (x1 - x0), roundness)
        index = int(values.argmax())
        if values[index] > best.clarity:
            best = Neckline((x0 + x1) / 2 + shift, float(depths[index]), float(values[index]))
    return best


def _gradients(lab: NDArray[np.float32], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W, 3, 2) derivative of each channel along x and y, per pixel; 0 along the outline and outside."""
    smooth = cv2.GaussianBlur(lab, (0, 0), _SMOOTH)
    along_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    along_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    inner = cv2.erode(region.astype(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8))
    return np.stack([along_x, along_y], axis=-1) * inner[:, :, None, None]


def _full_edge(gradient: NDArray[np.float32]) -> float:
    if gradient.size == 0:
        return _FULL_EDGE[1]
    strength = np.sqrt(np.square(gradient).sum(axis=(2, 3)))
    return float(np.clip(_OVER_TEXTURE * np.median(strength), *_FULL_EDGE))


def _edge_values(
    gradient: NDArray[np.float32],
    x: NDArray[np.float64],
    base: NDArray[np.float64],
    t: NDArray[np.float64],
    depths: NDArray[np.float64],
    roundness: float,
    half: float,
) -> NDArray[np.float64]:
    """Per depth how much of the curve lies on an edge whose two sides differ the same way all along it."""
    drop = depths[:, None] - base.mean()
    y = base[None, :] + drop * (1 - np.abs(t) ** roundness)
    slope = -drop * roundness * np.sign(t) * np.abs(t) ** (roundness - 1) / half
    rows = np.clip(np.rint(y - 0.5).astype(int), 0, gradient.shape[0] - 1)
    columns = np.broadcast_to(np.clip(np.rint(x - 0.5).astype(int), 0, gradient.shape[1] - 1), rows.shape)
    samples = gradient[rows, columns]
    normal = np.stack([-slope, np.ones_like(slope)], axis=-1) / np.sqrt(1 + slope**2)[..., None]
    across = np.clip((samples * normal[:, :, None, :]).sum(axis=-1), -1.0, 1.0)
    thirds = np.stack([part.mean(axis=1) for part in np.array_split(across, 3, axis=1)], axis=1)
    steps = np.sqrt(np.square(thirds).sum(axis=-1))
    step = across.mean(axis=1)
    value = (1 - _ALL_ALONG) * np.sqrt(np.square(step).sum(axis=-1)) + _ALL_ALONG * steps.min(axis=1)
    return np.where(step[:, 0] < -0.3 * value, _DARKER_FRONT * value, value)


def _depth_prior(depth: NDArray[np.float64], roundness: float) -> NDArray[np.float64]:
    """How common a depth is, in widths of the neck opening, with long tails both ways."""
    usual, spread = _V_DEPTH if roundness < _FIRST_ROUND else _ROUND_DEPTH
    away = np.log(np.maximum(depth, 0.01) / usual) / spread
    return 1.0 / (1.0 + np.square(away) / 4.0)
