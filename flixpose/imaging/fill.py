"""Filling holes of a picture from what surrounds them: smooth colour, and the grain of what is nearest.

The smooth part is a membrane hung into the hole from its rim (Laplace's equation, by a pyramid and a few
sweeps). The grain is copied across the rim as in a mirror, so that film noise, denim and heather go on;
nothing is taken from further away than the hole is deep.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_SWEEPS = 12
_BLUR = 3.0  # pixels
_LEAST_SHARE = 1e-4
_GRAIN_SIGMA = 3.0  # pixels: what is coarser than this belongs to the smooth part


def fill(
    pixels: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    source: NDArray[np.bool_],
    *,
    grain: float = _GRAIN_SIGMA,
) -> NDArray[np.uint8]:
    """The picture with its hole filled from the source.

    Args:
        pixels: (H, W, 3) sRGB.
        hole, source: (H, W), apart from one another; what is in neither is left as it is and gives nothing.
        grain: pixels; structure finer than this is mirrored into the hole.

    Returns:
        (H, W, 3) new; bit-identical outside the hole, and everywhere where the source is empty.
    """
    filled = pixels.copy()
    rows, columns = np.divmod(np.flatnonzero(hole), hole.shape[1])
    if not len(rows) or not source.any():
        return filled
    mirror, _ = mirrored(hole, source)
    smooth = _smooth(pixels, source, grain)
    membrane = _sweep(hang_membrane(smooth, source), hole)
    texture = pixels[mirror[:, 0], mirror[:, 1]] - smooth[mirror[:, 0], mirror[:, 1]]
    value = membrane[rows, columns] + texture
    filled[rows, columns] = np.clip(np.rint(value), 0, 255).astype(np.uint8)
    return filled


def mirrored(
    hole: NDArray[np.bool_], source: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N, 2) twice, row and column: each hole pixel's mirror image in the source, and its nearest in there.

    Where the mirror image lies outside the source, the nearest pixel stands for both.
    """
    place = np.stack(np.divmod(np.flatnonzero(hole), hole.shape[1]), axis=1)
    near = _nearest(source, hole)
    mirror = np.clip(2 * near - place, 0, np.array(hole.shape) - 1)
    outside = ~source[mirror[:, 0], mirror[:, 1]]
    mirror[outside] = near[outside]
    return mirror, near


def hang_membrane(pixels: NDArray[np.floating], known: NDArray[np.bool_]) -> Plane:
    """(H, W, C): every unknown pixel interpolated smoothly from the known ones, which keep their values."""
    share = known.astype(np.float32)
    levels = [(cv2.copyTo(np.asarray(pixels, np.float32), known.view(np.uint8)), share)]
    while min(levels[-1][1].shape) > 2 and levels[-1][1].min() < 1:
        colour, weight = levels[-1]
        levels.append((cv2.pyrDown(colour), cv2.pyrDown(weight)))
        colour, weight = levels[-1]
        # A cell that saw a little of the known is known: it counts wholly on its own level.
        full = np.minimum(1.0, 4 * weight) / np.maximum(weight, _LEAST_SHARE)
        levels[-1] = (colour * full[..., None], np.minimum(1.0, 4 * weight).astype(np.float32))
    colour, weight = levels[-1]
    total = colour / np.maximum(weight, _LEAST_SHARE)[..., None]
    for _, (colour, weight) in pairwise(reversed(levels)):
        up = cv2.resize(total, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(colour.shape)
        if weight is share:  # there everything is known wholly or not at all
            break
        total = colour + (1 - weight)[..., None] * up
    else:
        return np.asarray(total, np.float32)
    return np.asarray(cv2.copyTo(np.asarray(pixels, np.float32), known.view(np.uint8), up), np.float32)


def _smooth(pixels: NDArray[np.uint8], source: NDArray[np.bool_], sigma: float) -> Plane:
    """The source's colours without their grain; a wide blur is made on a smaller picture."""
    reduce = max(1.0, sigma / _BLUR)
    size = max(1, round(source.shape[1] / reduce)), max(1, round(source.shape[0] / reduce))
    there = source.view(np.uint8)
    known = cv2.merge([*cv2.split(cv2.copyTo(pixels, there)), there]).astype(np.float32)
    blurred = cv2.GaussianBlur(cv2.resize(known, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / reduce)
    *colours, share = cv2.split(blurred)
    share = cv2.max(share, _LEAST_SHARE)
    mean = cv2.merge([cv2.divide(colour, share) for colour in colours])
    return np.asarray(cv2.resize(mean, source.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _sweep(membrane: Plane, hole: NDArray[np.bool_]) -> Plane:
    """Mean of the four neighbours, again and again, in the hole only."""
    kernel = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    open_part = hole.astype(np.uint8)
    x, y, width, height = cv2.boundingRect(open_part)
    here = np.s_[max(0, y - 1) : y + height + 1, max(0, x - 1) : x + width + 1]
    swept, open_part = membrane[here].copy(), open_part[here]
    for _ in range(_SWEEPS):
        around = cv2.filter2D(swept, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
        cv2.copyTo(around, open_part, swept)
    membrane[here] = swept
    return membrane


def _nearest(source: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N, 2) row and column of the nearest pixel of the source, for each pixel wanted."""
    _, labels = cv2.distanceTransformWithLabels(
        (~source).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    there = np.flatnonzero(source)
    place = np.zeros(len(there) + 1, np.int64)
    place[labels.ravel()[there]] = there
    return np.stack(np.divmod(place[labels[wanted]], source.shape[1]), axis=1)
