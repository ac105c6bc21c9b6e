"""Background has a way out: what is painted as such touches background that the photo shows.

A patch of it shut in between an arm, a new garment and a hip is a hole in the person, and so is one on the
bones of an arm that an old top hid. There the hip goes on, or the arm: what lies nearest of the person.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.patching import LEAST_EDGE, Plane, distance, grown
from flixpose.fit.remnant import Remnant
from flixpose.fit.setting import BESIDE_HIDDEN, BONE, BONE_ROOM, OUTSIDE, Setting
from flixpose.imaging.pieces import find_pieces

_SPECK = 0.03  # shoulder widths square: what is smaller nobody sees
_WAY = 0.03  # shoulder widths of its outline, at least, that touch seen background
_ON_BONES = 0.15  # of a piece
_HALF = 0.09  # shoulder widths: half of an arm
_RIM = 0.01  # shoulder widths around a piece in which its edge is soft
_FAR = 0.5  # shoulder widths that skin or lower clothes are carried on where no background can be
# Which sources of a place: skin and the clothes that stay on; on an arm skin and arms.
_PERSON, _LIMB = (1, 2), (1, 3)


def open_out(
    places: Sequence[Remnant],
    before: Plane,
    seen: NDArray[np.uint8],
    rims: NDArray[np.uint8],
    setting: Setting,
    unit: float,
) -> None:
    """Where painted background would be shut in, the person is nearest: written to the places.

    Args:
        before: (H, W) where background was painted before; what of it is shut in is painted again.
        seen: (H, W) how much of each pixel the garment covers.
        rims: (H, W) above 0 where there is background and nothing else: an arm is in the sleeve beside it.
    """
    ground = before.copy()
    for place in places:
        rows, columns = np.divmod(np.flatnonzero(place.hole), place.hole.shape[1])
        away = place.away[:, rows, columns]
        own = (away.argmin(axis=0) == 0) & np.isfinite(away[0])
        ground[place.window][rows[own], columns[own]] = True
    x, y, width, height = cv2.boundingRect(ground.view(np.uint8))
    whole = np.s_[max(0, y - 1) : y + height + 1, max(0, x - 1) : x + width + 1]
    outside = setting.has(whole, OUTSIDE) & (seen[whole] < 128)
    shut, arms = enclosed(ground[whole], outside, setting.has(whole, BONE), unit)
    for pieces, lenders in ((shut, _PERSON), (arms, _LIMB)):
        ground[whole] = pieces
        for place in places if pieces.any() else ():
            piece = ground[place.window]
            if not piece.any():
                continue
            rim = grown(piece, max(_RIM * unit, LEAST_EDGE)) & place.hole & ~place.shows
            own = (piece & (place.hole | before[place.window]) | rim) & (rims[place.window] == 0)
            _close(place, own, lenders, setting, _FAR * unit)


def _close(place: Remnant, shut: Plane, lenders: tuple[int, ...], setting: Setting, far: float) -> None:
    """Some of a place filled from the nearest of some sources in place of the background."""
    for _, part in setting.sleeved(place.window, shut):
        shut &= part < 0
    shut &= ~setting.hides(place.window, BESIDE_HIDDEN)
    away = np.full_like(place.away, np.inf)
    for number in lenders if shut.any() else ():
        away[number] = distance(place.sources[number])
    shut &= away.min(axis=0) <= far
    place.away[:, shut] = away[:, shut]
    place.hole |= shut
    place.inferred |= shut


def enclosed(painted: Plane, outside: Plane, bones: Plane, unit: float) -> tuple[Plane, Plane]:
    """(h, w) twice, of what is painted as background: pieces that touch none that is seen; those on bones.

    Args:
        painted: (h, w) background that is not the photo's. outside: (h, w) background that is seen.
        bones: (h, w) in the middle of arms.
        unit: a shoulder width in pixels.
    """
    shut, arms = np.zeros_like(painted), np.zeros_like(painted)
    x, y, width, height = cv2.boundingRect(painted.view(np.uint8))
    if not width:
        return shut, arms
    here = np.s_[max(0, y - 1) : y + height + 1, max(0, x - 1) : x + width + 1]
    count, labels, stats = find_pieces(painted[here], connectivity=4)
    at = np.flatnonzero(painted[here])
    numbers = labels.ravel()[at]
    ways, boned = (
        np.bincount(numbers[plane.ravel()[at]], minlength=count)
        for plane in (_beside(outside[here]), bones[here])
    )
    areas = stats[:, cv2.CC_STAT_AREA]
    large = areas >= max(4.0, (_SPECK * unit) ** 2)
    large[0] = False
    on_bones = large & (boned > _ON_BONES * areas)
    closed = large & (ways < max(2.0, _WAY * unit))
    for found, which in ((shut, closed), (arms, on_bones)):
        if which.any():
            pieces = np.zeros(labels.size, bool)
            pieces[at] = which[numbers]
            found[here] = pieces.reshape(labels.shape)
    if arms.any():  # an arm is no broader than arms are
        arms &= grown(bones, (_HALF - BONE_ROOM) * unit)
        shut &= ~arms
    return shut, arms


def _beside(plane: Plane) -> NDArray[np.bool_]:
    """(h, w) the plane and its neighbours above, below, left and right."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray(cv2.dilate(plane.view(np.uint8), cross) > 0)
