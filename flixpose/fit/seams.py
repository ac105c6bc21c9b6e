"""Where a garment's sleeve and trunk part at the armpit of the one who wears it, they are sewn together.

Each is drawn by a warp of its own, and their edges may part in a fold. A small hole between them, with cloth
all around it and the person behind it, is none that the garment has: cloth lies in it, as it does beside it.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from flixpose.fit.patching import Plane, fill_from, grown
from flixpose.fit.slits import is_lace
from flixpose.fit.stack import Sheet, Stack
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Box

_SOLID = 0.98  # of a pixel: what is less covered is open
_MOST = 0.01  # square shoulder widths: what is larger is a gap, or an opening that the garment has
_SURE = 0.95  # of a hole behind which the person stands, and which lies between arm and trunk
_BESIDE = 3  # pixels around a hole in which sleeve and trunk lie
_GRAIN = 0.02  # shoulder widths: structure of the cloth finer than this is mirrored
_DRAWN = 127  # alpha


def seam(
    stack: Stack,
    trunk: Sheet,
    sleeves: Sequence[Sheet],
    allowed: Plane,
    unit: float,
) -> Sheet | None:
    """Cloth that closes small holes between sleeves and trunk, to be slipped under; None: there are none.

    Args:
        stack: all parts, laid.
        allowed: (H, W) where the person stands behind, nothing lies before, and between an arm and the trunk.
        unit: a shoulder width in pixels.
    """
    x, y, width, height = cv2.boundingRect(allowed[stack.region].view(np.uint8))
    here = np.s_[y : y + height, x : x + width]
    opened = stack.seen[here] < _SOLID
    if not opened.any() or not sleeves:
        return None
    count, labels, stats = find_pieces(opened, connectivity=4)
    at = np.flatnonzero(opened)
    inside = np.bincount(labels.ravel()[at], allowed[stack.region][here].ravel()[at], count)
    area, ends = stats[:, cv2.CC_STAT_AREA], stats[:, :2] + stats[:, 2:4]
    enclosed = (stats[:, :2] > 0).all(axis=1) & (ends < (width, height)).all(axis=1)
    small = enclosed & (area < _MOST * unit**2) & (inside > _SURE * area)
    body, arms = (_drawn(stack, sheets)[here] for sheets in ([trunk], sleeves))
    hole = np.zeros_like(opened)
    for number in np.flatnonzero(small):
        (left, top), (right, foot) = stats[number, :2], ends[number]
        near = np.s_[max(0, top - _BESIDE) : foot + _BESIDE, max(0, left - _BESIDE) : right + _BESIDE]
        piece = labels[near] == number
        beside = grown(piece, _BESIDE) & ~opened[near]
        if (beside & body[near]).any() and (beside & arms[near]).any():
            hole[near] |= piece
    if not hole.any() or _of_lace(stack, unit):
        return None
    pixels = stack.rgb[here].copy()
    fill_from(pixels, hole, ~opened & (body | arms), unit, _GRAIN)
    patch = np.dstack([pixels, np.full(hole.shape, 255, np.uint8)]) * hole[..., None]
    column, row, width, height = cv2.boundingRect(hole.view(np.uint8))
    left, top = float(stack.region[1].start + x + column), float(stack.region[0].start + y + row)
    patch = np.ascontiguousarray(patch[row : row + height, column : column + width])
    return Sheet(patch, Box(left, top, left + width, top + height))


def _of_lace(stack: Stack, unit: float) -> bool:
    """Whether the garment has openings all over."""
    seen = cv2.convertScaleAbs(stack.seen, alpha=255)
    return is_lace(seen, (seen > 127).view(np.uint8), unit)


def _drawn(stack: Stack, sheets: Sequence[Sheet]) -> Plane:
    """(h, w) of the stack's region: where any of the sheets lies."""
    found = np.zeros(stack.shape, bool)
    for sheet in sheets:
        top, left = int(sheet.box.y0) - stack.region[0].start, int(sheet.box.x0) - stack.region[1].start
        height, width = sheet.patch.shape[:2]
        found[top : top + height, left : left + width] |= sheet.patch[..., 3] > _DRAWN
    return found
