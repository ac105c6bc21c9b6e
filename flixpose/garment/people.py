"""Signs that a photo is no product photo of a whole garment: a person wears it, or the frame cuts it off."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.outline import Outline

_MOST_CONTACT = 0.3  # share of the region's extent along a side of the frame that may touch it
_HEAD_ZONE = 0.4  # of the region's height, in which a head may lie
_NECK_IN, _SHOULDERS_OUT = 0.8, 1.7  # a neck is narrower than the head, and shoulders are much wider
_LEAST_SKIN = 0.25


def cut_off(region: NDArray[np.bool_]) -> bool:
    """Whether a side of the frame cuts through the region."""
    across = np.maximum(region.any(axis=0).sum(), 1)
    along = np.maximum(region.any(axis=1).sum(), 1)
    sides = ((region[0], across), (region[-1], across), (region[:, 0], along), (region[:, -1], along))
    return any(float(edge.sum()) / float(extent) > _MOST_CONTACT for edge, extent in sides)


def worn(region: NDArray[np.bool_], lab: NDArray[np.float32], outline: Outline) -> bool:
    """Whether a head with skin stands on the shoulders: wider than the neck below it."""
    neck = _neck_row(region, outline)
    if neck is None:
        return False
    head = region.copy()
    head[neck:] = False
    return bool(skin(lab)[head].mean() > _LEAST_SKIN)


def skin(lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, W): colours of human skin, light to dark: reddish yellow, never vivid."""
    light, red, yellow = lab[..., 0], lab[..., 1], lab[..., 2]
    hue = np.degrees(np.arctan2(yellow, red))
    vivid = np.hypot(red, yellow)
    return (light > 20) & (light < 94) & (vivid > 9) & (vivid < 48) & (hue > 25) & (hue < 82)


def _neck_row(region: NDArray[np.bool_], outline: Outline) -> int | None:
    """Row of the narrowest place between a head and shoulders; None where the outline has no such place."""
    top, foot = int(outline.top), int(outline.foot)
    zone = region[top : top + int(_HEAD_ZONE * (foot - top))]
    reach = slice(max(int(outline.axis - outline.width), 0), int(outline.axis + outline.width) + 1)
    widths = zone[:, reach].sum(axis=1).astype(np.float32)
    if len(widths) < 12:
        return None
    widths = cv2.blur(widths[:, None], (1, 5))[:, 0]
    for row in range(4, len(widths) - 4):
        head = float(widths[:row].max())
        below = widths[row : row + max(len(widths) // 3, 4)]
        narrow = float(widths[row])
        if (
            0 < narrow < _NECK_IN * head
            and narrow <= below.min()
            and widths[row:].max() > _SHOULDERS_OUT * narrow
        ):
            return top + row
    return None
