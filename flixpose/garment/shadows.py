"""Soft shadows that an outline has swallowed: round the rim, and on the floor under the hem."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.cutout import Region, disc, flood

_CLING = 0.012  # of the longer side: how far a clinging shadow reaches
_SHADE = 0.4  # of the cloth's contrast: a shadow is paler
_SOFT = 0.12  # of the contrast, per pixel: a shadow's edge is softer
_SOFT_RIM = 0.7  # of the shadow's own depth, per pixel: where it fades out
_NEAR = 1.6  # straps have no thick cloth near: they are left alone
_CLING_EXPOSED = 0.4
_EXPOSED = 0.5  # of its edge: a pale print at the hem has cloth around it
_LOWEST = 0.3  # of the region's height, in which a floor's shadow may lie


def without_shadows(region: Region, distance: NDArray[np.float32]) -> Region:
    """The region without what is smooth, soft-edged and far paler than the cloth behind it.

    Args:
        distance: (H, W) colour distance from the empty background.
    """
    steep = _steepness(distance)
    weak, behind = _paler(region, distance, _CLING)
    weak &= steep < np.maximum(_SOFT * behind, 0.5)
    clinging = _soft_edged(weak, region, distance, steep, exposed=_CLING_EXPOSED)
    region = region & flood(region & ~clinging, 0)
    pale = region & (distance < _SHADE * float(np.median(distance[region]))) if region.any() else region
    rows = np.nonzero(region.any(axis=1))[0]
    if len(rows):
        pale[: int(rows[-1] - _LOWEST * (rows[-1] - rows[0]))] = False
    return region & ~_soft_edged(pale, region, distance, steep, exposed=_EXPOSED)


def _steepness(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    along_x = cv2.Sobel(distance, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    along_y = cv2.Sobel(distance, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.hypot(along_x, along_y)


def _paler(region: Region, distance: NDArray[np.float32], reach: float) -> tuple[Region, NDArray[np.float32]]:
    """Where the rim is far paler than the nearest cloth `reach` deep, and that cloth's own distance."""
    radius = round(reach * max(region.shape))
    core = np.asarray(cv2.erode(region.astype(np.uint8), disc(radius)), np.uint8)
    if not core.any():
        return np.zeros_like(region), np.zeros_like(distance)
    away, labels = cv2.distanceTransformWithLabels(
        1 - core, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    inside = core > 0
    cloth = np.zeros(int(labels.max()) + 1, np.float32)
    cloth[labels[inside]] = cv2.blur(distance, (5, 5))[inside]
    behind = cloth[labels]
    near = (away > 0) & (away < _NEAR * radius)
    return region & near & (distance < _SHADE * behind), behind


def _soft_edged(
    pale: Region,
    region: Region,
    distance: NDArray[np.float32],
    steep: NDArray[np.float32],
    *,
    exposed: float,
) -> Region:
    """Those pieces of `pale` that fade out towards the outside, along at least `exposed` of their edge."""
    count, labels = cv2.connectedComponents(pale.astype(np.uint8), connectivity=4)
    outer = pale & cv2.dilate((~region).astype(np.uint8), disc(1)).astype(bool)
    edge = pale & ~cv2.erode(pale.astype(np.uint8), disc(1)).astype(bool)
    rim = np.bincount(labels[outer], minlength=count)
    slope = np.bincount(labels[outer], weights=steep[outer], minlength=count) / np.maximum(rim, 1)
    depth = np.bincount(labels[pale], weights=distance[pale], minlength=count) / np.maximum(
        np.bincount(labels[pale], minlength=count), 1
    )
    edges = np.bincount(labels[edge], minlength=count)
    soft = (rim >= np.maximum(4, exposed * edges)) & (slope < _SOFT_RIM * depth)
    soft[0] = False
    return soft[labels]
