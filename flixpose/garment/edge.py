"""From the region at working size to a soft mask at the photo's own size, with clean edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.background import rgb_to_lab

_BAND = 2  # working pixels on either side of the region's outline whose share is measured
_CORE = 3  # depth in working pixels at which a colour is surely the garment's own
_FAINT, _CLEAR = 6.0, 14.0  # contrast (L*a*b*) below which shape alone decides, above which colour alone
_FRINGE = 0.12  # a pixel that shows less of the garment than this is background
_SOLID = 0.92


def soften(
    pixels: NDArray[np.uint8],
    region: NDArray[np.bool_],
    lab: NDArray[np.float32],
    empty: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """(H, W) uint8: how much of each pixel of the photo is garment.

    Along the outline the share is measured between the garment's nearest own colour and the empty
    background's; where these are too alike, the outline's smooth shape decides.

    Args:
        pixels: (H, W, 3) the photo.
        region: (h, w) at working size.
        lab, empty: (h, w, 3) the photo and the empty background at working size.
    """
    height, width = pixels.shape[:2]
    shape = _smooth(region, (width, height))
    rows, columns = np.nonzero(_band(region, (width, height)))
    own = _nearest_core(lab, region)
    at = _source(rows, region.shape[0] / height), _source(columns, region.shape[1] / width)
    colour, ground = own[at], empty[at]
    here = rgb_to_lab(pixels[rows, columns][:, None])[:, 0]
    span = colour - ground
    contrast = np.sqrt(np.square(span).sum(axis=1))
    share = ((here - ground) * span).sum(axis=1) / np.maximum(contrast, 1e-3) ** 2
    share = np.clip((share - _FRINGE) / (_SOLID - _FRINGE), 0.0, 1.0)
    trust = np.clip((contrast - _FAINT) / (_CLEAR - _FAINT), 0.0, 1.0)
    prior = shape[rows, columns]
    mixed = trust * share + (1 - trust) * prior
    mask = np.where(shape > 0.5, np.float32(1), np.float32(0))
    mask[rows, columns] = np.clip(mixed, np.clip(3 * prior - 2, 0, 1), np.clip(3 * prior, 0, 1))
    return np.rint(mask * 255).astype(np.uint8)


def _smooth(region: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """The region enlarged with a rounded, soft outline, a working pixel wide either way."""
    soft = cv2.GaussianBlur(region.astype(np.float32), (0, 0), 0.9)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _band(region: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    solid = region.astype(np.uint8)
    kernel = np.ones((2 * _BAND + 1, 2 * _BAND + 1), np.uint8)
    band = cv2.dilate(solid, kernel) - cv2.erode(solid, kernel)
    return cv2.resize(band, size, interpolation=cv2.INTER_NEAREST).astype(bool)


def _nearest_core(lab: NDArray[np.float32], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(h, w, 3): at each pixel the colour of the nearest pixel that is surely garment."""
    solid = region.astype(np.uint8)
    core = np.asarray(cv2.erode(solid, np.ones((2 * _CORE + 1, 2 * _CORE + 1), np.uint8)), np.uint8)
    thick = np.asarray(cv2.dilate(core, np.ones((4 * _CORE + 1, 4 * _CORE + 1), np.uint8)), np.uint8)
    thin = solid & ~thick
    sure = core | _ridges(solid, thin)
    if not sure.any():
        sure = solid
    _, labels = cv2.distanceTransformWithLabels(
        1 - sure, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(labels.max()) + 1, 3), np.float32)
    colours[labels[sure > 0]] = cv2.blur(lab, (3, 3))[sure > 0]
    return colours[labels]


def _ridges(solid: NDArray[np.uint8], thin: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle line of parts too thin to have a core: straps, laces."""
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-3) & (thin > 0) & (depth >= 1)
    return ridge.astype(np.uint8)


def _source(indices: NDArray[np.intp], scale: float) -> NDArray[np.intp]:
    return ((indices + 0.5) * scale).astype(np.intp)
