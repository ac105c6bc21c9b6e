"""Bare skin that shows under outwear: a coat over a sports top leaves the midriff open, which few want."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.patching import Plane
from flixpose.imaging.colour import srgb_to_lab
from flixpose.structures.image import Mask

_TOP, _BOTTOM, _ASIDE = 0.3, 1.0, 0.4  # torso lengths below the shoulders, and shoulder widths off the axis
_NECK = (-0.15, 0.12)  # torso lengths: skin there, and that of the arms, tells what skin looks like
_LIKE = 24.0  # Lab units around its usual colour of what counts as skin
_LAB_WEIGHT = np.array((0.5, 1.0, 1.0), np.float32)  # shading changes lightness first
_SAMPLE = 2000  # pixels that tell the usual colour
_THIN = 0.012  # shoulder widths: half of the breadth of what is a rim, and no midriff


def bare_midriff(
    person: NDArray[np.uint8], visible: Mask, body: Body, occluders: Occluders, person_mask: Mask
) -> float:
    """Pixels of bare skin on the trunk that the garment leaves open.

    Args:
        person: (H, W, 3) sRGB. visible: how much of each pixel the garment covers.
    """
    trunk, here = _zone(body, _TOP, _BOTTOM, person.shape)
    neck, above = _zone(body, *_NECK, person.shape)
    skin = [person[above][neck & _bare(occluders, person_mask, above)]]
    skin.append(person[occluders.arms.alpha > 230])
    usual = np.concatenate([pixels[:: max(1, len(pixels) // _SAMPLE)] for pixels in skin])
    shows = trunk & _bare(occluders, person_mask, here) & (visible.alpha[here] < 76)
    shows &= occluders.arms.alpha[here] < 64
    if not len(usual) or not shows.any():
        return 0.0
    off = (srgb_to_lab(person[here]) - np.median(srgb_to_lab(usual), axis=0)) * _LAB_WEIGHT
    like = (shows & ((off * off).sum(axis=2) < _LIKE**2)).astype(np.uint8)
    size = 2 * max(1, round(_THIN * body.shoulder_width)) + 1
    return float(cv2.morphologyEx(like, cv2.MORPH_OPEN, np.ones((size, size), np.uint8)).sum())


def _bare(occluders: Occluders, person_mask: Mask, here: tuple[slice, slice]) -> Plane:
    """(h, w) what of the person is neither head nor clothes."""
    masks = (occluders.head, occluders.worn_upper, occluders.worn_lower)
    return np.all([mask.alpha[here] < 64 for mask in masks], axis=0) & (person_mask.alpha[here] > 200)


def _zone(body: Body, top: float, bottom: float, shape: tuple[int, ...]) -> tuple[Plane, tuple[slice, slice]]:
    """A stretch of the trunk, in the window that holds it."""
    corners = [(-_ASIDE, top), (_ASIDE, top), (_ASIDE, bottom), (-_ASIDE, bottom)]
    polygon = np.array([body.place(across, depth) for across, depth in corners])
    (x0, y0), (x1, y1) = np.floor(polygon.min(axis=0)).astype(int), np.ceil(polygon.max(axis=0)).astype(int)
    y0, y1, x0, x1 = max(y0, 0), min(max(y1, 0), shape[0]), max(x0, 0), min(max(x1, 0), shape[1])
    plane = np.zeros((max(y1 - y0, 0), max(x1 - x0, 0)), np.uint8)
    if plane.size:
        cv2.fillPoly(plane, [np.round(polygon - (x0, y0)).astype(np.int32)], 1)
    return plane > 0, np.s_[y0 : max(y0, y1), x0 : max(x0, x1)]
