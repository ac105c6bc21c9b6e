"""A pair to look at: the garment, the person with both outlines, the drape."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.evaluation.drape import Pair, PairRow, read_labels, worn_region
from flixpose.structures.drape import Drape

_HEIGHT = 768
_TRUE, _DRAPED = (0, 200, 0), (255, 0, 0)


def pair_picture(pair: Pair, row: PairRow, draped: Drape) -> NDArray[np.uint8]:
    """(768, W, 3): garment, person with outlines (worn green, draped red), and the drape."""
    scale = _HEIGHT / draped.person.height
    outlined = _sized(draped.person.pixels, scale)
    for mask, colour in (
        (worn_region(read_labels(pair.parse)), _TRUE),
        (draped.visible.alpha > 127, _DRAPED),
    ):
        big = cv2.resize(mask.astype(np.uint8), outlined.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        rings, _ = cv2.findContours(big, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(outlined, rings, -1, colour, 1)
    garment = _sized(draped.product.pixels, _HEIGHT / draped.product.height)
    picture = np.hstack([garment, outlined, _sized(draped.picture, scale)])
    caption = f"{pair.name} {row.kind} IoU {row.iou:.3f}"
    cv2.putText(picture, caption, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 200), 2, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def _sized(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    size = (round(pixels.shape[1] * scale), _HEIGHT)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(pixels, size, interpolation=how))
