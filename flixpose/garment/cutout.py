"""From a product photo to a hard region at working size: what is not background, in one piece.

All masks here are (H, W) bool on the photo shrunk to `WORKING_SIDE`; lengths are shares of its longer side.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.background import Background
from flixpose.imaging.pieces import find_pieces

WORKING_SIDE = 640

_CHOOSING_SIDE = 256
_SIGMAS = 3.5  # a pixel further from the background than this is not empty
_LEAST_STEP = 0.45  # of L*a*b*: about one grey level near white
_STEPS = (1.0, 1.8, 2.7, 4.0, 6.0, 9.0)  # multiples of the least step that are tried
_LEAKS = (0.0, 0.008, 0.016, 0.024)  # half widths of gaps in a faint outline that are tried
_AREA_WEIGHT = 3.0  # a leak costs area, a fringe costs contrast along the rim
_FULL_CONTRAST = 20.0
_TIE = 0.06
_WORTH_CLOSING = 0.10  # closing wider gaps must gain more than this
_LEAST_EMPTY = 0.6
_PALE = 25.0  # of L*a*b*: a garment nearer to the background than this needs its noise averaged
_NOTCH = 0.01  # half width, of the longer side
_SPILL = 0.1  # of the contrast: what coding leaves in a narrow gap
_MOST_GAPS = 4
_BLUR = 0.25  # of the strongest contrast within two pixels: weaker is an edge's blur
_SMALLEST_PIECE = 0.001  # of the largest piece's area
_FURTHEST_PIECE = 0.03  # from the nearest other piece

Region = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GapRule:
    """What a hole must be like to be a gap: height over width, share of the region's area, thickness.

    Thickness (area over height) is a share of the photo's longer side.
    """

    slender: float
    least_area: float
    thinnest: float
    thickest: float


EMPTY_GAP = GapRule(slender=1.8, least_area=0.0012, thinnest=0.006, thickest=1.0)
NOISY_GAP = GapRule(slender=5.0, least_area=0.0006, thinnest=0.003, thickest=0.02)  # coding noise fills it


def cut_out(lab: NDArray[np.float32], background: Background) -> tuple[Region, NDArray[np.float32]]:
    """The garment's region (mannequin and shadows too), gaps open, prints filled; and the distances."""
    least = max(_SIGMAS * background.noise, _LEAST_STEP)
    distance = background.distance(lab)
    if _median_above(distance, least) < _PALE:
        distance = background.distance(lab, smooth=True)
    step, leak = _choose(distance, least)
    contrast = _median_above(distance, step)
    empty = distance < max(least, min(step, _SPILL * contrast))
    region = _at_step(distance, empty, step, round(leak * max(distance.shape)))
    region = _fill_notches(region, empty)
    region &= ~gaps(region, empty, empty, EMPTY_GAP)
    noisy = distance < max(least, 1.5 * _SPILL * contrast)
    region &= ~gaps(region, noisy, distance < _SPILL * contrast, NOISY_GAP)
    return main_pieces(region), distance


def _fill_notches(region: Region, empty: Region) -> Region:
    """With the narrow notches of the outline: a pale print or stripe that touches the rim."""
    closed = cv2.morphologyEx(
        region.astype(np.uint8), cv2.MORPH_CLOSE, disc(round(_NOTCH * max(region.shape)))
    )
    return region | ((closed > 0) & ~empty)


def _median_above(distance: NDArray[np.float32], step: float) -> float:
    """How far the occupied part of the photo stands from the background."""
    above = distance[distance > step]
    return float(np.median(above)) if above.size else 0.0


def _choose(distance: NDArray[np.float32], least: float) -> tuple[float, float]:
    """The threshold, and the half width of the gaps to close, that give a whole region with a strong rim.

    Too low a threshold adds a fringe of coding noise or shadow, whose rim is weak; too high a one lets the
    background into a pale garment, which costs area. Of thresholds that do equally well the middle one.
    """
    shrink = min(1.0, _CHOOSING_SIDE / max(distance.shape))
    small = cv2.resize(distance, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    small = np.asarray(small, np.float32)
    steps = least * np.array(_STEPS)
    values = np.empty((len(steps), len(_LEAKS)))
    for row, step in enumerate(steps):
        occupied = _occupied(small, float(step))
        for column, leak in enumerate(_LEAKS):
            radius = round(leak * max(small.shape))
            values[row, column] = _value(small, main_pieces(flood(occupied, radius)))
    good = np.nonzero(values.max(axis=1) >= values.max() - _TIE)[0]
    middle = int(good[len(good) // 2]) if len(good) > 2 else int(good[0])
    leaks = np.nonzero(values[middle] >= values[middle].max() - _WORTH_CLOSING)[0]
    return float(steps[middle]), _LEAKS[int(leaks[0])]


def _value(distance: NDArray[np.float32], region: Region) -> float:
    """Log of the contrast just inside the region's rim, plus the weighted log of its area."""
    solid = region.astype(np.uint8)
    rim = region & ~cv2.erode(solid, disc(1)).astype(bool)
    if not rim.any():
        return -np.inf
    inner = np.minimum(cv2.dilate(distance, disc(1))[rim], _FULL_CONTRAST)
    return float(np.log(inner.mean()) + _AREA_WEIGHT * np.log(region.mean()))


def _at_step(distance: NDArray[np.float32], empty: Region, step: float, leak: int) -> Region:
    """What stands further than `step` from the background, closed against discs of radius `leak` pixels."""
    occupied = _occupied(distance, step)
    solid = main_pieces(flood(occupied, leak))
    return main_pieces(_reopen(solid, flood(occupied, 0), empty, leak)) if leak else solid


def _occupied(distance: NDArray[np.float32], step: float) -> Region:
    """Pixels further than `step` from the background, but for the blur between it and a strong edge."""
    strongest, weakest = cv2.dilate(distance, disc(2)), cv2.erode(distance, disc(2))
    blur = (distance < _BLUR * strongest) & (weakest < step)
    return (distance > step) & ~blur


def flood(occupied: Region, radius: int) -> Region:
    """All that a disc of `radius` rolling in from the photo's frame cannot cover.

    The frame is padded, so that a garment that touches it is passed on the outside.
    """
    pad = 2 * radius + 2
    free = np.pad(~occupied, pad, constant_values=True).astype(np.uint8)
    room = cv2.erode(free, disc(radius)) if radius else free
    cv2.floodFill(room, None, (0, 0), 2)
    outside = (room == 2).astype(np.uint8)
    if radius:
        outside = np.asarray(cv2.dilate(outside, disc(radius)), np.uint8) & free
    return outside[pad:-pad, pad:-pad] == 0


def _reopen(solid: Region, open_region: Region, empty: Region, leak: int) -> Region:
    """Take back what only the disc's radius filled: narrow gaps and sharp corners, not leaks into prints."""
    filled = solid & ~open_region
    deep = np.asarray(cv2.erode(filled.astype(np.uint8), disc(max(1, leak // 2))), np.uint8)
    count, labels = cv2.connectedComponents(filled.astype(np.uint8), connectivity=4)
    shallow = np.bincount(labels[deep > 0], minlength=count) == 0
    shallow[0] = False
    return solid & ~shallow[labels] & ~gaps(solid, filled, empty)


def main_pieces(region: Region) -> Region:
    """The largest piece and what hangs close to it; loose blobs and detached shadows are dropped."""
    count, labels, stats = find_pieces(region)
    if count <= 1:
        return region
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    keep = areas > _SMALLEST_PIECE * areas.max()
    reach = max(1, round(_FURTHEST_PIECE * max(region.shape) / 2))
    joined = cv2.dilate(keep[labels].astype(np.uint8), disc(reach))
    _, clusters = cv2.connectedComponents(joined)
    chosen = clusters[labels == int(areas.argmax())][0]
    return keep[labels] & (clusters == chosen)


def gaps(solid: Region, holes: Region, empty: Region, rule: GapRule = EMPTY_GAP) -> Region:
    """Those holes through which the background is seen: between sleeve and body, under straps.

    Such a hole is empty, large, upright, not in the middle of the garment, and has few of its like: a print
    in the background's colour is none, and stripes are many.
    """
    inside = (holes & solid).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(inside, connectivity=4)
    chosen = np.zeros(count, bool)
    for label in range(1, count):
        if _is_gap(solid, stats[label], centres[label], rule):
            chosen[label] = float(empty[labels == label].mean()) > _LEAST_EMPTY
    if chosen.sum() > _MOST_GAPS:
        chosen[:] = False
    return chosen[labels]


def _is_gap(solid: Region, stats: NDArray[np.int32], centre: NDArray[np.float64], rule: GapRule) -> bool:
    area, height, width = (float(stats[i]) for i in (cv2.CC_STAT_AREA, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH))
    thickness = area / max(height, 1.0) / max(solid.shape)
    if area < rule.least_area * float(solid.sum()) or not rule.thinnest <= thickness <= rule.thickest:
        return False
    columns = np.nonzero(solid.any(axis=0))[0]
    left, right = float(columns[0]), float(columns[-1])
    off = abs(2 * (centre[0] - left) / max(right - left, 1.0) - 1)
    return bool(off > 0.4 and height > rule.slender * width)


def disc(radius: int) -> NDArray[np.uint8]:
    """A round kernel, 2 radius + 1 pixels across."""
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8
    )
