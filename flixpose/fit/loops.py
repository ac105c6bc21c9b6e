"""Loops of straps: openings above the armpits that a mask fills, in which a product photo shows its paper."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.keyhole import paper_colour
from flixpose.fit.remembered import remembered
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

_KINDS = ("vest", "sling", "vest_dress", "sling_dress")
_LIKE_PAPER = 6  # of 255 in every channel
_UNLIKE = 14.0  # of 255, that the cloth is off the paper below the armpits
_IN_CLOTH = 0.005  # of the cloth there that has the paper's colour: more is its pattern
_EVEN = 3.0  # of 255: cloth is never so smooth
_LEAST = 0.01  # square widths between the armpits
_BELOW = 0.1  # ... and widths below them, where a loop may end


@remembered
def without_loops(garment: Garment, product: Image, mask: Mask) -> Mask:
    """The mask without large even patches of the paper's colour beside straps.

    As it is where the cloth below the armpits has that colour, too, or nearly so.
    """
    marks = garment.landmarks
    if garment.kind not in _KINDS or not all(marks.has(f"armpit_{side}") for side in ("left", "right")):
        return mask
    pits = np.array([marks["armpit_left"], marks["armpit_right"]], np.float64)
    width, alpha = float(np.linalg.norm(pits[0] - pits[1])), mask.alpha
    top, low = max(0, int(garment.box.y0)), min(int(pits[:, 1].max() + _BELOW * width), alpha.shape[0])
    paper = paper_colour(product.pixels, alpha)
    if paper is None or low - top < 8 or not _told_apart(product.pixels[low:], alpha[low:], paper):
        return mask
    pixels, here = product.pixels[top:low], alpha[top:low]
    loops = _even_patches(pixels, (_like(pixels, paper) & (here > 0)).astype(np.uint8), _LEAST * width**2)
    if not loops.any():
        return mask
    opened = alpha.copy()
    opened[top:low] = cv2.min(here, 255 - cv2.blur(loops * np.uint8(255), (3, 3)))
    return Mask(opened)


def _like(pixels: NDArray[np.uint8], paper: NDArray[np.int16]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(pixels.astype(np.int16) - paper).max(axis=-1) <= _LIKE_PAPER)


def _told_apart(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], paper: NDArray[np.int16]) -> bool:
    """Whether cloth and paper differ, by some thousands of its pixels."""
    cloth = np.flatnonzero(cv2.erode(alpha, np.ones((3, 3), np.uint8)) == 255)
    some = pixels.reshape(-1, 3)[cloth[:: max(1, len(cloth) // 8192)]]
    if not len(some):
        return False
    off = np.abs(np.median(some, axis=0) - paper).max()
    return bool(off > _UNLIKE and _like(some, paper).mean() < _IN_CLOTH)


def _even_patches(pixels: NDArray[np.uint8], like: NDArray[np.uint8], least: float) -> NDArray[np.uint8]:
    """(h, w) 1 in even patches of at least so many pixels, of a plane of what has the paper's colour."""
    count, labels, stats = find_pieces(like, connectivity=4)
    found = np.zeros_like(like)
    for number in range(1, count):
        if stats[number][cv2.CC_STAT_AREA] > least:
            one = labels == number
            inner = cv2.erode(one.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            if inner.any() and float(pixels[inner].std(axis=0).max()) < _EVEN:
                found[one] = 1
    return found
