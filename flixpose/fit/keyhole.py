"""Keyholes: slits below a neckline in which a product photo shows its paper, and a wearer shows skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.neck_view import neck_frame
from flixpose.fit.remembered import remembered
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

_ASIDE, _BELOW = 0.12, 0.6  # widths of the neck about the middle, and below its front, where one may be
_NEEDED = ("neck_left", "neck_right", "neck_front")
_LIKE_PAPER = 9  # of 255 in every channel
_EVEN = 4.0  # of 255: cloth is never so smooth
_SLIM, _FULL = 2.5, 0.5  # least height over breadth, and share of its box
_SIZES = 0.002, 0.06  # square widths
_IN_CLOTH = 0.02  # of the cloth that has the paper's colour: more is its pattern
_RIM = 2  # pixels of half cloth, half paper


@remembered
def without_keyhole(garment: Garment, product: Image) -> Mask:
    """The garment's mask, open where the paper shows through a slit below the neck's middle.

    A slit is taller than broad, all around in cloth, and as even as the paper, whose very colour it has.
    Cloth that has that colour elsewhere, too, is let be.
    """
    alpha = garment.mask.alpha
    zone = _zone(garment) if all(garment.landmarks.has(name) for name in _NEEDED) else None
    paper = paper_colour(product.pixels, alpha)
    if zone is None or paper is None:
        return garment.mask
    like = np.abs(product.pixels[zone].astype(np.int16) - paper).max(axis=2) <= _LIKE_PAPER
    width = neck_frame(garment)[3]
    slit = _slit((like & (alpha[zone] > 250)).astype(np.uint8), product.pixels[zone], width)
    if slit is None or _share_in_cloth(product.pixels, alpha, paper) > _IN_CLOTH:
        return garment.mask
    opened = alpha.copy()
    rim = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
    opened[zone] = np.minimum(opened[zone], 255 - cv2.blur(cv2.dilate(slit, rim) * np.uint8(255), (3, 3)))
    return Mask(opened)


def _zone(garment: Garment) -> tuple[slice, slice] | None:
    """Rows and columns of the photo in which a slit may be."""
    middle, right, down, width = neck_frame(garment)
    front = float((garment.landmarks["neck_front"] - middle) @ down) / width
    depths = 0.0, max(front, 0.0) + _BELOW
    corners = np.array([middle + width * (u * right + v * down) for u in (-1, 1) for v in depths])
    sides = middle + width * np.array([-_ASIDE, _ASIDE])[:, None] * right
    size = garment.mask.alpha.shape
    x0, x1 = np.clip([sides[:, 0].min(), sides[:, 0].max()], 0, size[1]).astype(int).tolist()
    y0, y1 = np.clip([corners[:, 1].min(), corners[:, 1].max()], 0, size[0]).astype(int).tolist()
    return np.s_[y0:y1, x0:x1] if min(y1 - y0, x1 - x0) > 8 else None


def paper_colour(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.int16] | None:
    """(3,) the usual colour along the photo's edges; None where the garment fills them."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    free = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]]) == 0
    return np.median(edge[free], axis=0).astype(np.int16) if free.sum() > 50 else None


def _slit(like: NDArray[np.uint8], pixels: NDArray[np.uint8], width: float) -> NDArray[np.uint8] | None:
    """(h, w) 1 in the largest slit of a plane of what has the paper's colour."""
    count, labels, stats = find_pieces(like, connectivity=4)
    found, most = None, 0
    for number in range(1, count):
        x, y, breadth, height, area = stats[number].tolist()
        inner = x > 0 and y > 0 and x + breadth < like.shape[1] and y + height < like.shape[0]
        slim = height > _SLIM * breadth and area > _FULL * breadth * height
        fits = _SIZES[0] * width**2 < area < _SIZES[1] * width**2
        if inner and slim and fits and area > most:
            one = labels == number
            if float(pixels[one].std(axis=0).max()) < _EVEN:
                found, most = one.astype(np.uint8), area
    return found


def _share_in_cloth(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], paper: NDArray[np.int16]) -> float:
    """Of some thousands of the cloth's pixels."""
    cloth = np.flatnonzero(alpha == 255)
    some = pixels.reshape(-1, 3)[cloth[:: max(1, len(cloth) // 8192)]].astype(np.int16)
    return float((np.abs(some - paper).max(axis=1) <= _LIKE_PAPER).mean()) if len(some) else 1.0
