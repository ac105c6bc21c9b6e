"""Whether a mannequin is seen around the garment in the product photo.

On a mannequin a garment has the shape and the lengths of a worn one; laid flat or hung up it has not.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.doubts import cloth_beyond
from flixpose.fit.remembered import remembered
from flixpose.garment.background import fit_background, rgb_to_lab
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

Region = NDArray[np.bool_]

_SIDE = 256  # pixels of the photo's longer side when the mannequin is looked for
_OTHER = 3.0  # L*a*b* from the empty background
_PLAIN = 0.5  # of the frame must look like the background
_LEAST_SHARE = 0.03  # of the garment's area
_LEAST_BELOW = 0.25  # of the hem's width, just below it: legs
_BELOW = 0.03  # of the garment's height: so far below the hem legs are looked for, and so far on
_FOOT = 3  # rows of the photo's foot to which a stand reaches
_LIMBS = 0.08  # of the mask beyond what the landmarks span: arms or legs that were taken for cloth
_THIN = 2  # pixels: seams and shadows along the garment's edge are no mannequin


@dataclass(frozen=True, eq=False, slots=True)
class _Photo:
    """The product photo at working size.

    Attributes:
        scale: working pixels for one of the photo. other: what is joined to the garment and is none.
    """

    scale: float
    garment: Region
    other: Region

    def point(self, garment: Garment, name: str) -> NDArray[np.float64] | None:
        if not garment.landmarks.has(name):
            return None
        return garment.landmarks[name].astype(np.float64) * self.scale


@remembered
def shows_mannequin(product: Image, garment: Garment) -> bool:
    """False for flat lays, hangers, ghosts, and where clutter hides what there is."""
    photo = _look(product, garment)
    return photo is not None and (
        _much(photo) or _has_legs(photo, garment) or _has_stand(photo) or cloth_beyond(garment) > _LIMBS
    )


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
    return _Photo(scale, cloth, joined & (other > 0))


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


def _has_stand(photo: _Photo) -> bool:
    """Whether something below the garment's middle stands on the photo's foot."""
    rows, columns = (np.flatnonzero(photo.garment.any(axis=axis)) for axis in (1, 0))
    third = (columns[-1] - columns[0]) / 3
    middle = photo.other[rows[-1] + 1 :, round(columns[0] + third) : round(columns[-1] - third)]
    return len(middle) > 2 * _FOOT and bool(middle[-_FOOT:].any(axis=1).all())
