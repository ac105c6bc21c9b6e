"""Skin on the person image: what of the person shows it."""

import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.colour import srgb_to_lab

Plane = NDArray[np.bool_]

_SPREAD = 28.0  # Lab units around the usual colour of what counts as skin
_SAMPLE = 2000  # pixels that tell the usual colour
_LAB_WEIGHT = np.array((0.5, 1.0, 1.0), np.float32)  # shading changes lightness first


def usual_skin(pixels: NDArray[np.uint8], bare: Plane) -> Plane:
    """(h, w) of what is neither clothes nor hair, what has the usual colour: no straps, belts and buttons.

    Args:
        pixels: (h, w, 3) sRGB. bare: (h, w) neither clothes nor hair.
    """
    if not bare.any():
        return bare
    lab = srgb_to_lab(pixels[bare])
    sample = lab[:: max(1, len(lab) // _SAMPLE)]
    off = (lab - np.median(sample, axis=0)) * _LAB_WEIGHT
    same = bare.copy()
    same[bare] = (off * off).sum(axis=1) < _SPREAD**2
    return same
