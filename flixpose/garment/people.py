"""Signs that a photo is no product photo of a whole garment: a person wears it, or the frame cuts it off."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.cutout import disc
from flixpose.garment.outline import Outline

_MOST_CONTACT = 0.3  # share of the region's extent along a side of the frame that may touch it
_HEAD_ZONE = 0.4  # of the region's height, in which a head may lie
_NECK_IN, _SHOULDERS_OUT = 0.8, 1.7  # a neck is narrower than the head, and shoulders are much wider
_LEAST_SKIN = 0.25
_HANGER = 0.025  # of the height: what is thinner than twice that, wood, is no face
_PAINT, _BLOOD = (
    1.1,
    1.4,
)  # L*a*b*: how far a paint's colour strays from its middle, and living skin's at least
_SMOOTH, _ROUGH = 4.0, 5.5  # L*a*b*: what a blur takes from a moulded body, and from a face or limbs at least
_BLUR = 4.0  # pixels of the working photo
_BLACK = 16.0  # L*a*b*: where shading leads every colour to
_RIM = 3  # pixels of the working photo beside an edge, whose colours are mixed
_FEW = 20  # pixels that tell nothing


def cut_off(region: NDArray[np.bool_]) -> bool:
    """Whether a side of the frame cuts through the region."""
    return contact(region) > _MOST_CONTACT


def contact(region: NDArray[np.bool_]) -> float:
    """The share of a region's extent that touches a side of the frame, on the side where it is largest."""
    across = max(int(region.any(axis=0).sum()), 1)
    along = max(int(region.any(axis=1).sum()), 1)
    sides = ((region[0], across), (region[-1], across), (region[:, 0], along), (region[:, -1], along))
    return max(float(edge.sum()) / extent for edge, extent in sides)


def worn(region: NDArray[np.bool_], lab: NDArray[np.float32], outline: Outline) -> bool:
    """Whether a head with skin stands on the shoulders: wider than the neck below it.

    A mannequin's may be of skin's colour, but is of one colour.
    """
    neck = _neck_row(region, outline)
    if neck is None:
        return False
    head = region.copy()
    head[neck:] = False
    bare = broad_skin(region, lab) & head
    return bool(bare[head].mean() > _LEAST_SKIN) and alive(lab, bare) > 0.5


def broad_skin(region: NDArray[np.bool_], lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, W): what of a region has skin's colours, less wooden hangers and the caps of busts."""
    rows = np.flatnonzero(region.any(axis=1))
    wood = disc(max(1, round(_HANGER * (rows[-1] + 1 - rows[0]))))
    return np.asarray(cv2.morphologyEx((skin(lab) & region).astype(np.uint8), cv2.MORPH_OPEN, wood)) > 0


def alive(lab: NDArray[np.float32], bare: NDArray[np.bool_]) -> float:
    """How sure it is, in [0, 1], that what has skin's colour is skin: of many colours, and never smooth."""
    inner = cv2.erode(bare.astype(np.uint8), np.ones((2 * _RIM + 1,) * 2, np.uint8)).astype(bool)
    if inner.sum() < _FEW:
        return 1.0
    light = lab[..., 0][inner] + _BLACK  # the darker a paint is shaded, the less colour it has
    chroma = lab[..., 1:][inner] * (np.median(light) / light)[:, None]
    stray = float(np.linalg.norm(chroma - np.median(chroma, axis=0), axis=1).mean())
    detail = float(np.abs(lab - cv2.GaussianBlur(lab, (0, 0), _BLUR)).sum(axis=2)[inner].mean())
    signs = (stray - _PAINT) / (_BLOOD - _PAINT), (detail - _SMOOTH) / (_ROUGH - _SMOOTH)
    return float(np.clip(max(signs), 0.0, 1.0))


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
