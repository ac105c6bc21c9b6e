"""Skin on the person image: what of the person shows it, and how it goes on where it is covered."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.colour import srgb_to_lab
from flixpose.imaging.fill import hang_membrane

Plane = NDArray[np.bool_]

_SPREAD = 28.0  # Lab units around the usual colour of what counts as skin
_SAMPLE = 800  # pixels that tell the usual colour
_SMALL = 80.0  # pixels of a shoulder width at which smooth skin is made
_SIDE = 1024  # pixels of a picture that places are looked up in
_FEW = 20  # pixels of skin there, or nothing is known
_LAB_BYTES = np.arange(256)[:, None] * (100 / 255, 1, 1) - (0, 128, 128)  # Lab of bytes
_LAB_WEIGHT = np.array((0.5, 1.0, 1.0), np.float32)  # shading changes lightness first


def usual_skin(pixels: NDArray[np.uint8], bare: Plane) -> Plane:
    """(h, w) of what is neither clothes nor hair, what has the usual colour: no straps, belts and buttons.

    Args:
        pixels: (h, w, 3) sRGB. bare: (h, w) neither clothes nor hair.
    """
    if not bare.any():
        return bare
    colours = pixels[bare]
    usual = np.median(srgb_to_lab(colours[:: max(1, len(colours) // _SAMPLE)]), axis=0)
    # In bytes, whose steps are fine enough beside the spread.
    lab = cv2.cvtColor(colours[:, None], cv2.COLOR_RGB2LAB)
    squares = np.square((_LAB_BYTES - usual) * _LAB_WEIGHT)[:, None].astype(np.float32)
    off = cv2.transform(cv2.LUT(lab, squares), np.ones((1, 3), np.float32))
    same = bare.copy()
    same[bare] = off.ravel() < _SPREAD**2
    return same


def smooth_skin(
    pixels: NDArray[np.uint8] | NDArray[np.float32],
    known: Plane,
    unit: float,
    at: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> NDArray[np.float32] | None:
    """(h, w, 3) the smoothest colours that join what is known, made in a small picture; None: too few.

    Args:
        known: (h, w). unit: a shoulder width in pixels.
        at: rows and columns (P,), or places between them, where alone they are wanted, as (P, 3).
    """
    reduce = max(1.0, unit / _SMALL)
    height, width = known.shape
    size = max(1, round(width / reduce)), max(1, round(height / reduce))
    held = cv2.copyTo(pixels, known.view(np.uint8))
    sums = cv2.resize(held, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = cv2.resize(known.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) / 255
    told = share > 0.5
    if told.sum() < _FEW:
        return None
    colours = sums / np.maximum(share, 1e-4)[..., None]
    membrane = hang_membrane(colours, told)
    if at is None:
        return np.asarray(cv2.resize(membrane, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    places = np.stack([at[1], at[0]], axis=1) + 0.5
    places = (places * (size[0] / width, size[1] / height) - 0.5).astype(np.float32)
    # Row by row of so many: a picture's sides are counted in 16 bits.
    there = np.resize(places, (-(-len(places) // _SIDE), _SIDE, 2)) if len(places) else places[None]
    found = cv2.remap(membrane, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1, 3)[: len(places)]
