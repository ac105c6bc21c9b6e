"""A mannequin that is seen around the garment in the product photo, and what it tells about size.

On a mannequin a garment has the shape and the lengths of a worn one; laid flat or hung up it has not. The
mannequin is a body, too: the place where its legs part is as far from the garment's points as it is on a
person whom the garment fits alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.background import fit_background, rgb_to_lab
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

FORK_DEPTH = 1.30  # torso lengths below the shoulders: where a body's legs part

Region = NDArray[np.bool_]

_SIDE = 256  # pixels of the photo's longer side when the mannequin is looked for
_OTHER = 3.0  # L*a*b* from the empty background
_PLAIN = 0.7  # of the frame must look like the background
_LEAST_SHARE = 0.03  # of the garment's area
_LEAST_BELOW = 0.25  # of the hem's width, just below it: legs
_BELOW = 0.03  # of the garment's height: so far below the hem legs are looked for, and so far on
_THIN = 2  # pixels: seams and shadows along the garment's edge are no mannequin
_FORK_OPENS = 0.5  # a fork's gap begins so much narrower than it is further down


@dataclass(frozen=True, eq=False, slots=True)
class Mannequin:
    """What is seen of it.

    Attributes:
        fork: (x, y) pixels of the product image where its legs part, below the hem; None where that is
            covered or unclear.
    """

    fork: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False, slots=True)
class _Photo:
    """The product photo at working size.

    Attributes:
        scale: working pixels for one of the photo. whole: garment and mannequin. other: the mannequin alone.
    """

    scale: float
    garment: Region
    whole: Region
    other: Region

    def point(self, garment: Garment, name: str) -> NDArray[np.float64] | None:
        if not garment.landmarks.has(name):
            return None
        return garment.landmarks[name].astype(np.float64) * self.scale


def find_mannequin(product: Image, garment: Garment) -> Mannequin | None:
    """The mannequin that is seen around the garment; None for flat lays, hangers, ghosts and clutter."""
    photo = _look(product, garment)
    if photo is None or not (_much(photo) or _has_legs(photo, garment)):
        return None
    return Mannequin(_fork(photo, garment))


def _look(product: Image, garment: Garment) -> _Photo | None:
    scale = min(1.0, _SIDE / max(product.size))
    size = max(8, round(product.width * scale)), max(8, round(product.height * scale))
    cloth = cv2.resize(garment.mask.alpha, size, interpolation=cv2.INTER_AREA) > 100
    lab = rgb_to_lab(np.asarray(cv2.resize(product.pixels, size, interpolation=cv2.INTER_AREA), np.uint8))
    background = fit_background(lab)
    if background.coverage < _PLAIN or not cloth.any():
        return None
    seen = background.distance(lab, smooth=True) > max(_OTHER, 5 * background.noise)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _THIN + 1, 2 * _THIN + 1))
    near = cv2.dilate(cloth.astype(np.uint8), disc)
    other = cv2.morphologyEx((seen & (near == 0)).astype(np.uint8), cv2.MORPH_OPEN, disc)
    _, pieces = cv2.connectedComponents(other | near)
    joined = np.isin(pieces, np.unique(pieces[cloth]))
    return _Photo(scale, cloth, joined & ((other > 0) | cloth | seen), joined & (other > 0))


def _much(photo: _Photo) -> bool:
    return int(photo.other.sum()) >= _LEAST_SHARE * int(photo.garment.sum())


def _has_legs(photo: _Photo, garment: Garment) -> bool:
    """Whether something wide goes on below the hem."""
    left, right = photo.point(garment, "hem_left"), photo.point(garment, "hem_right")
    if left is None or right is None:
        return False
    x0, x1 = sorted((int(left[0]), int(right[0])))
    rows = np.flatnonzero(photo.garment.any(axis=1))
    step = max(2, round(_BELOW * (rows[-1] - rows[0])))
    below = photo.other[rows[-1] + step : rows[-1] + 2 * step, x0:x1]
    return below.size > 0 and float(below.mean()) >= _LEAST_BELOW


def _fork(photo: _Photo, garment: Garment) -> NDArray[np.float64] | None:
    """The top of the gap between the legs, where it opens like a fork and not under the hem."""
    left, right = photo.point(garment, "hem_left"), photo.point(garment, "hem_right")
    if left is None or right is None:
        return None
    x0, x1 = sorted((float(left[0]), float(right[0])))
    middle, half = (x0 + x1) / 2, (x1 - x0) / 2
    top = int(max(left[1], right[1])) + 2
    gaps = [_gap(row, int(middle - 0.4 * half), int(middle + 0.4 * half)) for row in photo.whole[top:]]
    widths = np.array([0.0 if gap is None else gap[1] - gap[0] for gap in gaps])
    open_rows = np.flatnonzero(widths > 0)
    depth = max(3, round(0.3 * half))
    if not len(open_rows) or open_rows[0] + depth >= len(widths):
        return None
    first = int(open_rows[0])
    later = widths[first + depth]
    gap = gaps[first]
    if gap is None or later <= 2 or widths[first] > _FORK_OPENS * later:
        return None
    return np.array([(gap[0] + gap[1]) / 2, top + first]) / photo.scale


def _gap(row: Region, begin: int, end: int) -> tuple[int, int] | None:
    """The widest run of background between two legs, within columns; None where there is none."""
    begin, end = max(begin, 0), min(end, len(row))
    inside = np.flatnonzero(row)
    if end - begin < 3 or not len(inside):
        return None
    empty = np.flatnonzero(~row[begin:end]) + begin
    empty = empty[(empty > inside[0]) & (empty < inside[-1])]
    return None if not len(empty) else (int(empty[0]), int(empty[-1]) + 1)
