"""What the empty background of a product photo looks like: a smooth surface of colour and its noise.

Colours are CIE L*a*b* (D65) as OpenCV computes it from float sRGB: L in 0..100.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_BORDER = 0.02  # width of the sampled frame, share of the shorter side
_MOST_SAMPLES = 6000
_LEAST_NOISE = 0.12  # of L*: half a grey level near white
_SMOOTH = 0.0016  # of the longer side
_MODE_BIN = 3.0  # L*a*b* units
_NEAR_MODE = 9.0


@dataclass(frozen=True, eq=False, slots=True)
class Background:
    """The photo as it would be without the garment.

    Attributes:
        surface: (H, W, 3) float32 L*a*b*, the colour expected at every pixel.
        noise: one standard deviation of an empty pixel around it, in units of L*a*b*.
        coverage: share of the photo's frame that looks like it, in [0, 1].
        sides: shares of the top, right, bottom and left side that look like it.
    """

    surface: NDArray[np.float32]
    noise: float
    coverage: float
    sides: tuple[float, float, float, float]

    def distance(self, lab: NDArray[np.float32], *, smooth: bool = False) -> NDArray[np.float32]:
        """(H, W) colour distance of each pixel from the empty background, in units of L*a*b*.

        `smooth` averages differences over a pixel or two: coding noise falls, pale stripes run together.
        """
        difference = lab - self.surface
        if smooth:
            difference = np.asarray(cv2.GaussianBlur(difference, (0, 0), max(_SMOOTH * max(lab.shape), 0.1)))
        return np.sqrt(np.square(difference).sum(axis=2, dtype=np.float32))


def rgb_to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) sRGB → float32 L*a*b*."""
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB), np.float32)


def fit_background(lab: NDArray[np.float32]) -> Background:
    """The commonest colour of the frame, followed along its gradient by a quadratic surface per channel."""
    height, width = lab.shape[:2]
    rows, columns, side = _frame(height, width)
    colours = lab[rows, columns]
    terms = _terms(columns / width, rows / height)
    inside = np.abs(colours - _mode(colours)).max(axis=1) < _NEAR_MODE
    weights = np.zeros((6, 3), np.float32)
    for degree in (1, 3, 6, 6):
        weights[:] = 0
        weights[:degree] = _least_squares(terms[inside, :degree], colours[inside])
        error = np.sqrt(np.square(colours - terms @ weights).sum(axis=1))
        spread = 1.4826 * float(np.median(error[inside]))
        inside = error < max(4.0 * spread, 2.0)
    noise = max(1.4826 * float(np.median(error[inside])) / 1.54, _LEAST_NOISE)
    shares = tuple(float(inside[side == s].mean()) for s in range(4))
    return Background(_surface(weights, height, width), noise, float(inside.mean()), shares)  # type: ignore[arg-type]


def _frame(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows, columns and side (0 top, 1 right, 2 bottom, 3 left) of evenly thinned pixels of the frame."""
    band = max(2, round(_BORDER * min(height, width)))
    frame = np.full((height, width), -1, np.int8)
    frame[:, :band], frame[:, -band:] = 3, 1
    frame[:band], frame[-band:] = 0, 2
    rows, columns = np.nonzero(frame >= 0)
    step = max(1, len(rows) // _MOST_SAMPLES)
    rows, columns = rows[::step], columns[::step]
    return rows, columns, frame[rows, columns].astype(np.intp)


def _mode(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3,) the fullest cell of a coarse colour grid, then the mean of what lies near it."""
    cells = np.floor(colours / _MODE_BIN).astype(np.int64)
    keys = (cells[:, 0] << 40) + ((cells[:, 1] + 512) << 20) + cells[:, 2] + 512
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    centre = (cells[first[counts.argmax()]] + 0.5) * _MODE_BIN
    near = np.abs(colours - centre).max(axis=1) < 1.5 * _MODE_BIN
    return colours[near].mean(axis=0)


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    x, y = 2 * x - 1, 2 * y - 1
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1).astype(np.float32)


def _least_squares(terms: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.linalg.lstsq(terms.astype(np.float64), values, rcond=1e-6)[0].astype(np.float32)


def _surface(weights: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """(H, W, 3): the polynomial on every pixel."""
    x = (np.arange(width, dtype=np.float32) / width * 2 - 1)[None, :, None]
    y = (np.arange(height, dtype=np.float32) / height * 2 - 1)[:, None, None]
    one, along_x, along_y, xx, yy, xy = weights
    return (one + along_x * x + along_y * y + xx * x * x + yy * y * y + xy * x * y).astype(np.float32)
