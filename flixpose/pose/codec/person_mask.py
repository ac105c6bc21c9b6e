"""The person mask that a network draws on its square picture, brought back to the whole photo."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.pose.codec.activation import sigmoid
from flixpose.pose.codec.region import Region

_NOBODY = -12.0  # a logit that rounds to alpha 0


def mask_on_photo(logits: NDArray[np.float32], region: Region, width: int, height: int) -> NDArray[np.uint8]:
    """(H, W) uint8 alpha on the photo; 0 outside the region.

    The logits, not the probabilities, are enlarged: their zero line stays a smooth curve and the edge is as
    soft as the network is unsure.

    Args:
        logits: (S, S) float32, > 0 = person.
    """
    alpha = np.zeros((height, width), dtype=np.uint8)
    x0, y0, x1, y1 = _bounds(region, width, height)
    if x0 >= x1 or y0 >= y1:
        return alpha
    forward = region.sampling(len(logits))
    forward[:, 2] -= (x0, y0)
    enlarged = cv2.warpAffine(
        np.clip(logits, _NOBODY, -_NOBODY),
        forward,
        (x1 - x0, y1 - y0),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_NOBODY,),
    )
    alpha[y0:y1, x0:x1] = np.rint(sigmoid(enlarged) * 255)
    return alpha


def _bounds(region: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of the photo, as pixel slices x0, y0, x1, y1, that the region can touch."""
    corners = region.to_photo(np.array([(0, 0), (1, 0), (0, 1), (1, 1)]))
    low, high = np.floor(corners.min(axis=0)).astype(int) - 1, np.ceil(corners.max(axis=0)).astype(int) + 1
    return max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height)
