"""From a product photo to a hard region at working size: what is not background, in one piece.

All masks here are (H, W) bool on the photo shrunk to `WORKING_SIDE`; lengths are shares of its longer side.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.background import Background

WORKING_SIDE = 640

_CHOOSING_SIDE = 256
_SIGMAS = 3.5  # a pixel further from the background than this is not empty
_LEAST_STEP = 0.45  # of L*a*b*: about one grey level near white
_STEPS = (1.0, 1.8, 2.7, 4.0, 6.0, 9.0)  # multiples of the least step that are tried
_LEAKS = (0.0, 0.008, 0.016, 0.024)  # half widths of gaps in a faint outline that are tried
_AREA_WEIGHT = 3.0  # a leak costs area, a fringe costs contrast along the rim
_FULL_CONTRAST = 20.0
_TIE = 0.03
_BLUR = 0.25  # of the strongest contrast within two pixels: weaker is an edge's blur
_SMALLEST_PIECE = 0.001  # of the largest piece's area
_FURTHEST_PIECE = 0.03  # from the nearest other piece

Region = NDArray[np.bool_]


def cut_out(lab: NDArray[np.float32], background: Background) -> Region:
    """The garment's region (with a mannequin where there is one), gaps open, prints filled."""
    distance = background.distance(lab)
    least = max(_SIGMAS * background.noise, _LEAST_STEP)
    step, leak = _choose(distance, least)
    region = _at_step(distance, step, round(leak * max(distance.shape)))
    return carve(region, distance < least)


def _choose(distance: NDArray[np.float32], least: float) -> tuple[float, float]:
    """The threshold, and the half width of the gaps to close, that give a whole region with a strong rim.

    Too low a threshold adds a fringe of coding noise or shadow, whose rim is weak; too high a one lets the
    background into a pale garment, which costs area. Of equals the highest threshold and smallest closing.
    """
    shrink = min(1.0, _CHOOSING_SIDE / max(distance.shape))
    small = np.asarray(
        cv2.resize(distance, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.float32
    )
    best, best_value = (least, 0.0), -np.inf
    for step in (least * multiple for multiple in reversed(_STEPS)):
        occupied = _occupied(small, step)
        for leak in _LEAKS:
            region = main_pieces(flood(occupied, round(leak * max(small.shape))))
            value = _value(small, region)
            if value > best_value + _TIE:
                best, best_value = (step, leak), value
    return best


def _value(distance: NDArray[np.float32], region: Region) -> float:
    """Log of the contrast just inside the region's rim, plus the weighted log of its area."""
    solid = region.astype(np.uint8)
    rim = region & ~cv2.erode(solid, _disc(1)).astype(bool)
    if not rim.any():
        return -np.inf
    inner = np.minimum(cv2.dilate(distance, _disc(1))[rim], _FULL_CONTRAST)
    return float(np.log(inner.mean()) + _AREA_WEIGHT * np.log(region.mean()))


def _at_step(distance: NDArray[np.float32], step: float, leak: int) -> Region:
    """What stands further than `step` from the background, closed against discs of radius `leak` pixels."""
    occupied = _occupied(distance, step)
    solid = main_pieces(flood(occupied, leak))
    return main_pieces(_reopen(solid, flood(occupied, 0), leak)) if leak else solid


def _occupied(distance: NDArray[np.float32], step: float) -> Region:
    return distance > np.maximum(step, _BLUR * cv2.dilate(distance, _disc(2)))


def flood(occupied: Region, radius: int) -> Region:
    """All that a disc of `radius` rolling in from the photo's frame cannot cover.

    The frame is padded, so that a garment that touches it is passed on the outside.
    """
    pad = 2 * radius + 2
    free = np.pad(~occupied, pad, constant_values=True).astype(np.uint8)
    room = cv2.erode(free, _disc(radius)) if radius else free
    cv2.floodFill(room, None, (0, 0), 2)
    outside = (room == 2).astype(np.uint8)
    if radius:
        outside = np.asarray(cv2.dilate(outside, _disc(radius)), np.uint8) & free
    return outside[pad:-pad, pad:-pad] == 0


def _reopen(solid: Region, open_region: Region, leak: int) -> Region:
    """Take back what only the disc's radius filled: narrow gaps and sharp corners, not leaks into prints."""
    filled = (solid & ~open_region).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(filled, connectivity=4)
    deep = cv2.erode(filled, _disc(max(1, leak // 2))).astype(bool)
    is_deep = np.bincount(labels[deep], minlength=count) > 0
    out = solid.copy()
    for label in range(1, count):
        if not is_deep[label] or _is_gap(solid, stats[label], centres[label]):
            out &= labels != label
    return out


def main_pieces(region: Region) -> Region:
    """The largest piece and what hangs close to it; loose blobs and detached shadows are dropped."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=8)
    if count <= 1:
        return region
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    keep = areas > _SMALLEST_PIECE * areas.max()
    reach = max(1, round(_FURTHEST_PIECE * max(region.shape) / 2))
    joined = cv2.dilate(keep[labels].astype(np.uint8), _disc(reach))
    _, clusters = cv2.connectedComponents(joined)
    chosen = clusters[labels == int(areas.argmax())][0]
    return keep[labels] & (clusters == chosen)


def carve(solid: Region, empty: Region) -> Region:
    """Open what is background seen through the garment: between sleeve and body, under straps.

    A print in the background's colour stays: it lies in the middle, is small, or is not upright.
    """
    inside = (empty & solid).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(inside, connectivity=4)
    carved = solid.copy()
    for label in range(1, count):
        if _is_gap(solid, stats[label], centres[label]):
            carved &= labels != label
    return carved


def _is_gap(solid: Region, stats: NDArray[np.int32], centre: NDArray[np.float64]) -> bool:
    """Whether a hole of `solid` shows the background: large, upright, and off the middle of the garment."""
    if float(stats[cv2.CC_STAT_AREA]) < max(12.0, 0.0012 * float(solid.sum())):
        return False
    columns = np.nonzero(solid.any(axis=0))[0]
    left, right = float(columns[0]), float(columns[-1])
    off = abs(2 * (centre[0] - left) / max(right - left, 1.0) - 1)
    slender = stats[cv2.CC_STAT_HEIGHT] / max(stats[cv2.CC_STAT_WIDTH], 1)
    return bool(off > 0.4 and slender > 1.8)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8
    )
