"""The person mask that a network draws on its square picture, brought back to the whole photo."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.silhouette import tighten
from flixpose.pose.codec.activation import sigmoid
from flixpose.pose.codec.region import Region

_NOBODY = -12.0  # a logit that rounds to alpha 0
_UNLIKELY = -4.0  # logits below it are nobody's, even close to somebody
_MARGIN = 8  # cells around the person in which the surroundings' colours are collected
_PIXELS_PER_CELL = 2.0  # of the small picture on which the outline is judged


def mask_on_photo(
    logits: NDArray[np.float32], region: Region, pixels: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(H, W) uint8 alpha on the photo, its outline on the photo's own edges; 0 outside the region.

    The logits, not the probabilities, are enlarged: their zero line stays a smooth curve.

    Args:
        logits: (S, S) float32, > 0 = person.
        pixels: (H, W, 3) uint8, the photo.
    """
    alpha = np.zeros(pixels.shape[:2], dtype=np.uint8)
    x0, y0, x1, y1 = _bounds(logits, region, pixels.shape[1], pixels.shape[0])
    if x0 >= x1 or y0 >= y1:
        return alpha
    cell = region.side / len(logits)
    scale = min(1.0, _PIXELS_PER_CELL / cell)
    size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    forward = _resized(region.sampling(len(logits)), (x0, y0), (size[0] / (x1 - x0), size[1] / (y1 - y0)))
    enlarged = cv2.warpAffine(
        np.clip(logits, _NOBODY, -_NOBODY),
        forward,
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_NOBODY,),
    )
    alpha[y0:y1, x0:x1] = tighten(pixels[y0:y1, x0:x1], sigmoid(enlarged), cell=cell * scale)
    return alpha


def _resized(
    affine: NDArray[np.float64], origin: tuple[int, int], scale: tuple[float, float]
) -> NDArray[np.float64]:
    """An affine into pixel indices of the photo → into those of a part of it, made smaller."""
    smaller = np.array(scale)
    shift = (affine[:, 2] - origin + 0.5) * smaller - 0.5
    return np.column_stack([affine[:, :2] * smaller[:, None], shift])


def _bounds(
    logits: NDArray[np.float32], region: Region, width: int, height: int
) -> tuple[int, int, int, int]:
    """The part of the photo, as pixel slices x0, y0, x1, y1, in which the person and its surroundings lie."""
    x, y, w, h = cv2.boundingRect((logits > _UNLIKELY).astype(np.uint8))
    if not w:
        return 0, 0, 0, 0
    box = np.array([(x, y), (x + w, y), (x, y + h), (x + w, y + h)], dtype=np.float64)
    box += np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)]) * _MARGIN
    corners = region.to_photo(np.clip(box / len(logits), 0, 1))
    low, high = np.floor(corners.min(axis=0)).astype(int) - 1, np.ceil(corners.max(axis=0)).astype(int) + 1
    return max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height)
