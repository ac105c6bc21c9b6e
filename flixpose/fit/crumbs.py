"""The old clothes that a garment replaces, without crumbs of their colour that are no clothes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.remembered import remembered
from flixpose.garment.kinds import group
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

_SMALL = 0.02  # of the largest piece
_APART = 0.05  # torso lengths below it
_NECK = -0.2  # torso lengths: above there are no tops but collars, which hang together with them
_THERE = 25  # alpha


@remembered
def without_crumbs(worn: Mask, body: Body) -> Mask:
    """A worn top without what lies, small and apart, further down than its hem or up in the hair."""
    there = cv2.threshold(worn.alpha, _THERE, 1, cv2.THRESH_BINARY)[1]
    count, labels, stats = find_pieces(there)
    if count < 3:
        return worn
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    small = stats[:, cv2.CC_STAT_AREA] < _SMALL * stats[largest, cv2.CC_STAT_AREA]
    highest, lowest = _depths(stats, body)
    crumbs = small & ((highest > lowest[largest] + _APART) | (lowest < _NECK))
    crumbs[0] = False
    if not crumbs.any():
        return worn
    alpha = worn.alpha.copy()
    for number in np.flatnonzero(crumbs):
        x, y, width, height = stats[number, :4].tolist()
        here = np.s_[y : y + height, x : x + width]
        alpha[here][labels[here] == number] = 0
    return Mask(alpha)


def _depths(stats: NDArray[np.int32], body: Body) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) twice: depths, torso lengths, at which pieces begin and end, by their boxes."""
    x, y, width, height = stats[:, :4].T.astype(np.float64)
    corners = np.stack([np.stack([x + a * width, y + b * height], 1) for a in (0, 1) for b in (0, 1)])
    depths = body.depths(corners)
    return depths.min(axis=0), depths.max(axis=0)


def old_clothes(occluders: Occluders, kind: str) -> NDArray[np.uint8]:
    """(H, W) the worn clothes that a garment of this kind replaces; a dress both, outwear none."""
    part = group(kind)
    if kind.endswith("outwear"):
        return np.zeros_like(occluders.worn_upper.alpha)
    if part == "lower":
        return occluders.worn_lower.alpha
    if part == "full":
        return np.maximum(occluders.worn_upper.alpha, occluders.worn_lower.alpha)
    return occluders.worn_upper.alpha


def without_leggings(left: NDArray[np.uint8], kind: str, occluders: Occluders) -> NDArray[np.uint8]:
    """(H, W) old clothes that show, without legs of trousers below a dress: those stay, and are told."""
    if group(kind) != "full":
        return left
    return np.asarray(cv2.min(left, cv2.bitwise_not(occluders.worn_lower.alpha)), np.uint8)
