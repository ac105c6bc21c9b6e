"""How strand-like a photo's grain is: hair is never as smooth as skin in the shade.

The measure is set by the photo itself: what is smoother than nearly all of the hair on the head is no hair.
Where that hair is out of focus or small, everything is as smooth, and nothing is told.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_LEAST = 2  # pixels
_SMOOTHEST = 20.0  # per cent of the hair on the head that may be smoother than what else is called hair
_STEEP = 2.5  # logits per unit of the logarithm of contrast
_MOST = 5.0  # logits
_NOISE = 0.012  # contrast: less is the camera's


def contrast(lightness: Plane, radius: float) -> Plane:
    """(h, w) that of the calmest small window around each pixel, relative to the light there.

    Of the windows that hold a pixel the calmest counts: beside an edge a smooth surface stays smooth.

    Args:
        lightness: L* of CIE Lab. radius: half of a window's breadth, pixels.
    """
    reach = max(_LEAST, round(radius))
    size = (2 * reach + 1, 2 * reach + 1)
    light = np.log(np.maximum(lightness, 0.0) + np.float32(16.0))
    squares = cv2.boxFilter(light * light, cv2.CV_32F, size)
    mean = cv2.boxFilter(light, cv2.CV_32F, size)
    spread = np.sqrt(np.maximum(squares - mean * mean, 0.0))
    return np.asarray(cv2.erode(spread, np.ones(size, np.uint8)), np.float32)


def too_smooth(found: Plane, hair: NDArray[np.bool_]) -> Plane:
    """(h, w) logits, 0 or less: how much smoother than the sample of hair each place is.

    Args:
        found: of `contrast`. hair: where hair is known to be.
    """
    usual = max(float(np.percentile(found[hair], _SMOOTHEST)), _NOISE)
    return np.clip(_STEEP * np.log(np.maximum(found, _NOISE) / usual), -_MOST, 0.0).astype(np.float32)
