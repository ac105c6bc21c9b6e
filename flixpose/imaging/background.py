"""Another background behind a person."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.image import Mask

_SMALL_SIDE = 256
_REACHES = ((3.0, 1.0), (12.0, 1e-2), (60.0, 1e-4))


def replace_background(
    picture: NDArray[np.uint8], person: Mask, colour: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """The person before one plain colour.

    At the soft outline a pixel is a mixture, `light = a · person + (1 - a) · background`. What is added there
    is (1 - a) times the difference of the two backgrounds, so that no rim of the old one stays.

    Args:
        picture: (H, W, 3) sRGB.
        person: all that must stay, on the same canvas.

    Returns:
        (H, W, 3) new; exactly `colour` where the mask is 0, bit-identical to the picture where it is 255.
    """
    alpha = person.alpha
    result = picture.copy()
    result[alpha == 0] = colour
    soft = (alpha > 0) & (alpha < 255)
    if not soft.any():
        return result
    old = _background_light(picture, alpha)[soft]
    new = srgb_to_linear(np.array(colour, np.uint8))
    share = 1 - alpha[soft, None].astype(np.float32) / 255
    result[soft] = linear_to_srgb(srgb_to_linear(picture[soft]) + share * (new - old))
    return result


def _background_light(picture: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) light of the old background, also behind the person: the mean of what is seen nearby."""
    height, width = alpha.shape
    shrink = min(1.0, _SMALL_SIDE / min(height, width))
    size = max(round(width * shrink), 1), max(round(height * shrink), 1)
    light = cv2.resize(srgb_to_linear(picture), size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize((alpha == 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    # Only cells that are background throughout, or the person's own colours would leak into it.
    seen = np.where(seen > 0.999, np.float32(1), np.float32(0))
    known = np.concatenate([light * seen[..., None], seen[..., None]], axis=-1)
    # The near counts most; the far fills in where nothing near is seen.
    blurred = [trust * cv2.GaussianBlur(known, (0, 0), sigma) for sigma, trust in _REACHES]
    total = np.sum(blurred, axis=0)
    mean = total[..., :3] / np.maximum(total[..., 3:], 1e-9)
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
