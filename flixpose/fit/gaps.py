"""The gap between an arm and the trunk: the person's mask closes its tip, or all of it where it is narrow.

The mask is drawn by a network in cells of many pixels. What it holds there has the colour that the background
has all around, and is neither skin nor hair nor cloth: nobody's. It lies along an arm, or hangs together with
background that the mask leaves open.
"""

from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.patching import Plane, Window, grown, square
from flixpose.fit.remembered import remembered
from flixpose.fit.skin import smooth_skin
from flixpose.imaging.colour import srgb_to_lab
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

_AROUND = 0.3  # shoulder widths around arms and trunk that are looked at
_NOBODY, _CLAIMED = 16, 64  # alpha: of background; of what is skin, hair or cloth in part
_EVEN = 1.0  # Lab units by which the most even background differs from its surroundings
_MOST, _TIMES = 90.0, 2.5  # per cent of the background that is no more uneven; a gap may be so many times
_UNEVEN = 5.0  # Lab units: a background that differs more from its surroundings tells nothing
_ALIKE = 0.03  # of the clothes that may just be background: colour does not tell them apart
_BESIDE = 0.1  # shoulder widths beside the person in which that is measured
_NEXT = np.ones((3, 3), np.uint8)
_THIN = 0.003  # shoulder widths: half the breadth of the narrowest
_TIP, _MIXED = 0.06, 4.0  # shoulder widths further that its tip tapers, and how unlike it is at most there
_WIDEST = 0.25  # shoulder widths from one side to the other
_LONG = 0.06  # shoulder widths of one that opens nowhere: what is shorter is a highlight ...
_AT_ARM, _BY_ARM = 0.7, 0.03  # ... of its rows in which an arm is no further beside it, shoulder widths
_SOFT = 2  # pixels beside a gap in which its edge is soft


@remembered
def with_gaps(person: NDArray[np.uint8], mask: Mask, body: Body, occluders: Occluders) -> Mask:
    """The person's mask with the gaps between arms and trunk open.

    Args:
        person: (H, W, 3) sRGB.
    """
    unit, polygons = body.shoulder_width, _between(body, occluders)
    if not polygons:
        return mask
    here = _window(np.vstack(polygons), _AROUND * unit, mask.alpha.shape)
    alpha, zone = mask.alpha[here], np.zeros(mask.alpha[here].shape, np.uint8)
    if not alpha.size:
        return mask
    for polygon in polygons:
        cv2.fillPoly(zone, [np.round(polygon).astype(np.int32) - (here[1].start, here[0].start)], 1)
    ground = (alpha < _NOBODY) & (occluders.worn_upper.alpha[here] < 26)
    ground = cv2.erode(ground.view(np.uint8), _NEXT) > 0
    off, own = _off_background(person[here], ground, alpha, unit), _own(occluders, here)
    if off is None:
        return mask
    worn = (cv2.max(occluders.worn_upper.alpha[here], occluders.worn_lower.alpha[here]) > 25) & (alpha > 230)
    if np.count_nonzero(worn & (off < 1)) > _ALIKE * np.count_nonzero(worn):
        return mask
    nobody = (off < 1) & (own < _CLAIMED)
    gaps = _gaps(nobody, ground, (alpha > 127) & (off >= 1), occluders.arms.alpha[here] > 127, unit)
    gaps &= (alpha >= _NOBODY) & (zone > 0)
    if not gaps.any():
        return mask
    tips = (off < _MIXED) & (own < 128) & (zone > 0) & grown(gaps, _TIP * unit)
    opened = mask.alpha.copy()
    opened[here] = np.minimum(alpha, _left_of_person(gaps, tips, off))
    return Mask(opened)


def _between(body: Body, occluders: Occluders) -> list[NDArray[np.float64]]:
    """(N, 2) each, polygons between the bones of an arm that hangs and the middle of the trunk."""
    found = []
    for arm in occluders.outlines.values():
        low = float((arm.centres[-1] - body.mid_shoulder) @ body.down)
        found.append(np.vstack([arm.centres, body.mid_shoulder + low * body.down, body.mid_shoulder]))
    return found


def _window(places: NDArray[np.float64], room: float, shape: tuple[int, ...]) -> Window:
    """Rows and columns around (N, 2) places and so many pixels beside them."""
    (x0, y0), (x1, y1) = np.floor(places.min(axis=0) - room), np.ceil(places.max(axis=0) + room)
    (top, foot), (left, right) = np.clip((y0, y1), 0, shape[0]), np.clip((x0, x1), 0, shape[1])
    return np.s_[int(top) : int(foot), int(left) : int(right)]


def _own(occluders: Occluders, here: Window) -> NDArray[np.uint8]:
    """(h, w) how much of each pixel is known to be the person's skin, hair or clothes."""
    masks = (occluders.arms, occluders.pits, occluders.head, occluders.worn_upper, occluders.worn_lower)
    planes = (mask.alpha[here] for mask in (*masks, occluders.hands, occluders.strap) if mask is not None)
    return np.asarray(reduce(cv2.max, planes), np.uint8)


def _off_background(
    pixels: NDArray[np.uint8], ground: Plane, alpha: NDArray[np.uint8], unit: float
) -> NDArray[np.float32] | None:
    """(h, w) how unlike the background around it a place is, 1 where it may be it; None: that is too uneven.

    Args:
        ground: (h, w) background. alpha: (h, w) the person's mask.
    """
    behind = smooth_skin(pixels, ground, unit)
    if behind is None:
        return None
    there, lab = srgb_to_lab(np.clip(behind, 0, 255).astype(np.uint8)), srgb_to_lab(cv2.blur(pixels, (3, 3)))
    beside = ground & grown(alpha >= _NOBODY, _BESIDE * unit)
    if not beside.any():
        return None
    size = square(_BESIDE * unit).shape
    share = np.maximum(cv2.blur(ground.astype(np.float32), size), 1e-6)
    around = cv2.blur(cv2.copyTo(lab, ground.view(np.uint8)), size) / share[..., None]
    if np.percentile(np.linalg.norm((lab - around)[beside], axis=-1), _MOST) > _UNEVEN:
        return None
    off = np.linalg.norm(lab - there, axis=-1)
    return np.asarray(off / (_TIMES * max(_EVEN, float(np.percentile(off[beside], _MOST)))), np.float32)


def _gaps(nobody: Plane, ground: Plane, solid: Plane, arms: Plane, unit: float) -> Plane:
    """(h, w) what of nobody lies between an arm and the trunk, and opens to the ground or lies along an arm.

    Args:
        ground: background that the mask leaves open. solid: what of the mask is not like it.
    """
    whole = cv2.morphologyEx((nobody | ground).view(np.uint8), cv2.MORPH_CLOSE, _NEXT)  # grain leaves holes
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, square(_THIN * unit))
    count, labels, stats = find_pieces(whole, connectivity=4)
    tall = stats[:, cv2.CC_STAT_HEIGHT]
    along = np.zeros(count, int)
    rows, columns = np.nonzero(grown(arms, _BY_ARM * unit) & (labels > 0))
    beside = np.unique(labels[rows, columns].astype(np.int64) * len(labels) + rows)
    np.add.at(along, beside // len(labels), 1)
    gap = (tall > _LONG * unit) & (along > _AT_ARM * tall)
    gap[labels[ground]] = True
    gap[0] = False
    row = np.ones((1, 1 + max(1, round(_WIDEST * unit))), np.uint8)
    sides = (cv2.dilate(solid.view(np.uint8), row, anchor=(end, 0)) > 0 for end in (0, row.shape[1] - 1))
    return nobody & grown(gap[labels] & np.logical_and(*sides), _TIP * unit)


def _left_of_person(gaps: Plane, tips: Plane, off: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(h, w) alpha: nothing in gaps; in tips and at edges as much as they are unlike the background."""
    side = np.ones((2 * _SOFT + 1, 2 * _SOFT + 1), np.uint8)
    beyond = np.maximum(off - 1, 0)
    share = beyond / np.maximum(cv2.dilate(beyond, side), 1)
    near = tips | (cv2.dilate(gaps.view(np.uint8), side) > 0)
    return np.where(gaps, 0, np.where(near, np.rint(255 * share), 255)).astype(np.uint8)
