"""Straps over the shoulders: they stay as narrow as they are, somewhere between neck and shoulder's tip."""

import cv2
import numpy as np

from flixpose.fit.body import Body
from flixpose.fit.stack import Sheet
from flixpose.fit.trunk import SIDES, Fit, Points
from flixpose.imaging.filters import ramp
from flixpose.structures.image import Mask

_NARROW, _WIDE = 0.1, 0.2  # shoulder widths: a strap, and what reaches from the neck to the shoulder's tip
_OUTWARD = 0.35  # of the room between neck and shoulder's tip, how much lies within a strap
_THICK = 0.008  # shoulder widths of cloth that lies on a shoulder
_SHOULDER = (0.02, 0.08)  # torso lengths below the shoulders' line between which cloth may leave the outline
_SOFT = 1.2  # pixels over which the outline's edge is soft


def over_shoulders(sheet: Sheet, body: Body, person: Mask) -> Sheet:
    """A drawn trunk without sleeves that ends at the shoulders' outline, over which it goes to the back.

    Corners of straps would stand in the air above it.
    """
    top, left = int(sheet.box.y0), int(sheet.box.x0)
    ends = body.place(-0.75, _SHOULDER[1])[1], body.place(0.75, _SHOULDER[1])[1]
    low = min(int(max(ends)) + 1, int(sheet.box.y1))
    if low <= top:
        return sheet
    rows, columns = np.ogrid[top:low, left : left + sheet.patch.shape[1]]
    x, y = columns + np.float32(0.5) - body.mid_shoulder[0], rows + np.float32(0.5) - body.mid_shoulder[1]
    depth = (x * body.down[0] + y * body.down[1]) / np.float32(body.torso_length)
    free = ramp(depth, *_SHOULDER)
    size = 2 * max(1, round(_THICK * body.shoulder_width)) + 1
    outline = person.alpha[top:low, left : left + sheet.patch.shape[1]]
    solid = cv2.dilate((outline > 127).astype(np.uint8) * np.uint8(255), np.ones((size, size), np.uint8))
    within = cv2.GaussianBlur(solid, (0, 0), _SOFT).astype(np.float32) / 255
    kept = np.maximum(np.maximum(within, outline.astype(np.float32) / 255), free)
    if kept.min() == 1:
        return sheet
    patch = sheet.patch.copy()
    patch[: low - top] = np.rint(patch[: low - top] * kept[..., None]).astype(np.uint8)
    return Sheet(patch, sheet.box)


def keep_straps(points: Points, fit: Fit) -> None:
    """Move neck corners and shoulder tips that are two edges of one strap as close as they are.

    Rigs put them where a neckline and a shoulder seam go; a strap would be torn to that breadth.
    """
    for side, _ in SIDES:
        names = f"neck_{side}", f"shoulder_{side}"
        if not all(name in points.names for name in names):
            continue
        (inner, inner_cloth), (outer, outer_cloth) = (points.of(name) for name in names)
        own = float(np.linalg.norm(outer_cloth - inner_cloth)) * fit.frame.scale
        placed = float(np.linalg.norm(outer - inner))
        is_strap = float(np.interp(own / fit.body.shoulder_width, (_NARROW, _WIDE), (1.0, 0.0)))
        spare = is_strap * max(placed - own, 0.0)
        if spare == 0.0:
            continue
        along = (outer - inner) / placed
        rows = [points.names.index(name) for name in names]
        points.person[rows[0]] = inner + _OUTWARD * spare * along
        points.person[rows[1]] = outer - (1 - _OUTWARD) * spare * along
