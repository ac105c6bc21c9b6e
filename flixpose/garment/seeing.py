"""What of a product photo is the garment: by its transparency where it has one, else by its background."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import NoGarment
from flixpose.garment.background import Background, fit_background, rgb_to_lab
from flixpose.garment.cutout import WORKING_SIDE, cut_out, main_pieces
from flixpose.garment.edge import soften
from flixpose.garment.mannequin import without_mannequin
from flixpose.garment.shadows import without_shadows
from flixpose.structures.image import Image, Mask

_OPAQUE = 0.5
_LEAST_AREA, _MOST_AREA = 0.01, 0.92
_LEAST_PLAIN = 0.75  # share of the frame that must look like one background
_MOST_NOISE = 6.0  # of L*a*b*: a wall, a floor, foliage


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """The garment at working size.

    Attributes:
        region: (h, w) bool.
        lab: (h, w, 3) float32 L*a*b*.
        distance: (h, w) float32, how far each pixel stands from the empty background.
        shrink: working size over the photo's.
        background: None where the photo's transparency told.
        plain: how plain the background is, in [0, 1].
    """

    region: NDArray[np.bool_]
    lab: NDArray[np.float32]
    distance: NDArray[np.float32]
    shrink: float
    background: Background | None
    plain: float


def see(image: Image) -> Seen:
    """Find the garment's region. Raises NoGarment: an empty picture, or one without a plain background."""
    shrink = min(1.0, WORKING_SIDE / max(image.size))
    lab = rgb_to_lab(_shrunk(image.pixels, shrink))
    if image.alpha is not None and float((image.alpha < 128).mean()) > 0.02:
        cover = _shrunk(image.alpha, shrink)
        region = main_pieces(cover > 255 * _OPAQUE)
        seen = Seen(region, lab, cover.astype(np.float32), shrink, None, 1.0)
    else:
        background = fit_background(lab)
        if background.coverage < _LEAST_PLAIN or background.noise > _MOST_NOISE:
            raise NoGarment(f"{image.name}: the background is not plain.", subject=image.name)
        plain = background.coverage * float(np.clip(1.25 - background.noise / _MOST_NOISE, 0.0, 1.0))
        region, distance = cut_out(lab, background)
        region = without_mannequin(main_pieces(without_shadows(region, distance)), lab)
        seen = Seen(region, lab, distance, shrink, background, plain)
    share = float(seen.region.mean())
    if not _LEAST_AREA < share < _MOST_AREA:
        raise NoGarment(f"{image.name}: nothing stands out from the background.", subject=image.name)
    return seen


def full_mask(image: Image, seen: Seen) -> Mask:
    """The soft mask at the photo's size."""
    if seen.background is None and image.alpha is not None:
        near = cv2.dilate(seen.region.astype(np.uint8), np.ones((5, 5), np.uint8))
        near = cv2.resize(near, image.size, interpolation=cv2.INTER_NEAREST)
        return Mask(np.where(near > 0, image.alpha, 0).astype(np.uint8))
    surface = seen.lab if seen.background is None else seen.background.surface
    return Mask(soften(image.pixels, seen.region, seen.lab, surface))


def _shrunk(plane: NDArray[np.uint8], shrink: float) -> NDArray[np.uint8]:
    if shrink == 1.0:
        return plane
    size = (round(plane.shape[1] * shrink), round(plane.shape[0] * shrink))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
