"""What of the person shows where background is to be expected: skin between sleeve and trunk, flaps."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.crumbs import without_crumbs
from flixpose.fit.occluders import Occluders
from flixpose.fit.old_sleeves import sleeveless
from flixpose.fit.patching import LEAST_EDGE, Plane, Window, square
from flixpose.fit.slivers import slivers
from flixpose.fit.under_lace import within_outline
from flixpose.garment.kinds import LEGGED, group
from flixpose.geometry.threads import at_once, gathered
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

_WIDE = 0.045  # shoulder widths: half of a slit's breadth
_FEW = 4.0  # pixels of a small picture in which that is looked for
_AROUND, _DOWN = 0.5, 0.4  # shoulder widths around an armpit; of the upper arm from the shoulder to beside it
_ALONG = 0.3  # shoulder widths to either side of elbow and wrist
_OPEN, _HOLES = 230, 0.05  # alpha of openings; of the cloth, or it has none
_LONG = 0.06  # shoulder widths; what is shorter is a corner
_THIN = 0.012  # shoulder widths: of a slit that is no broader all is soft edges
_SOLID = 250  # alpha of cloth that has no soft edge
_SKIN = 3  # pixels below a slit where skin is looked for
_SEES = 0.02  # shoulder widths to the background that a slit opens to
_CLEAR, _LACE = 12, 0.5  # of 255: cloth so thin covers something; from that share on it is lace, and no slit
_BELOW = 0.012  # shoulder widths below a waist from which on a tucked top is none
_CROTCH = 0.05  # torso lengths below the hips' joints: there legs part
_HAND = 0.03  # shoulder widths around hands and arms
_HIPS = 0.6  # shoulder widths below a waist
_ASIDE = 0.14  # shoulder widths beside trousers that a top's flap reaches


@dataclass(frozen=True, eq=False)
class Slits:
    """Slits of the person between a sleeve and the trunk; both (H, W), 255 there, 0 elsewhere.

    Attributes:
        open: those that the background goes on into.
        blind: those with cloth all around, where no skin is; None where there are none.
    """

    open: NDArray[np.uint8]
    blind: NDArray[np.uint8] | None = None


def armpit_slits(seen: NDArray[np.uint8], body: Body, occluders: Occluders, person_mask: Mask) -> Slits:
    """Slits of the person between a sleeve and the trunk, from the armpit down to the wrist.

    Skin under lace and mesh is no slit.

    Args:
        seen: (H, W) how much of each pixel the garment covers.
    """
    found, blind = np.zeros_like(seen), None
    for side in gathered(lambda side: _beside(side, seen, body, occluders, person_mask), ("left", "right")):
        if side is None:
            continue
        here, opened, shut = side
        found[here][opened] = 255
        if shut.any():
            blind = np.zeros(seen.shape, np.uint8) if blind is None else blind
            blind[here][cv2.dilate(shut.view(np.uint8), square(LEAST_EDGE)) > 0] = 255
    return Slits(found, blind)


def _beside(
    side: str, seen: NDArray[np.uint8], body: Body, occluders: Occluders, person_mask: Mask
) -> tuple[Window, Plane, Plane] | None:
    """A window beside an arm, and the slits in it, as `_slits_in` has them; None: there are none."""
    chain, unit = body.limb(side, "shoulder", "elbow", "wrist"), body.shoulder_width
    if len(chain) < 2:
        return None
    here = _beside_arm(chain, unit)
    cloth = (seen[here] > 127).astype(np.uint8)
    if not cloth.any():
        return None
    person, free = person_mask.alpha[here], occluders.topmost[here] < 26
    inside = (person > 25) & free & _flanked(cloth, round(2 * _WIDE * unit))
    gap = (_closed(cloth, _WIDE * unit) > cloth) & inside
    if not gap.any() or _is_lace(seen[here], cloth, unit):
        return None
    soft = inside & (cloth > 0) & (seen[here] < _SOLID)
    beside = cv2.dilate(((person < 26) & (cloth == 0)).view(np.uint8), square(_SEES * unit)) > 0
    arm = (person > 25) & (cloth == 0) & ~gap
    opened, shut = _slits_in(gap, gap | soft, seen[here], beside, arm, unit)
    return here, opened, shut & gap


def _beside_arm(chain: list[NDArray[np.float64]], unit: float) -> tuple[slice, slice]:
    """Around the upper arm beside the trunk, and on along what is known of the forearm."""
    middle = chain[0] + _DOWN * (chain[1] - chain[0])
    around = [middle - _AROUND * unit, middle + _AROUND * unit]
    around += [joint + sign * np.array([_ALONG * unit, 0.0]) for joint in chain[1:] for sign in (-1, 1)]
    low, high = np.min(around, axis=0), np.max(around, axis=0)
    return np.s_[max(0, int(low[1])) : max(0, int(high[1])), max(0, int(low[0])) : max(0, int(high[0]))]


def _slits_in(
    gap: NDArray[np.bool_],
    whole: NDArray[np.bool_],
    seen: NDArray[np.uint8],
    beside: NDArray[np.bool_],
    arm: NDArray[np.bool_],
    unit: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(h, w) what is a slit of a gap: what opens to background, `beside`, and what is shut in.

    A slit runs down beside the arm: what lies across is a corner at a cuff or a hem, and where bare arm goes
    on below it, that comes out of a sleeve. Towards the armpit no more than the soft edges of its cloth are
    left of it; where it is broader, little lies in it, or it is lace.

    Args:
        whole: the gap with the soft edges of the cloth on both sides.
    """
    count, labels, stats = find_pieces(whole)
    height, width = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    at = np.flatnonzero(whole)
    numbers = labels.ravel()[at]
    run = cv2.boxFilter(gap.view(np.uint8), cv2.CV_32F, (2 * round(_WIDE * unit) + 1, 1), normalize=False)
    broad = gap.ravel()[at] & (run.ravel()[at] >= _THIN * unit)
    below = np.zeros_like(arm)
    below[:-_SKIN] = arm[_SKIN:]
    area, covered, emerges, opens = (
        np.bincount(numbers[which], minlength=count)
        for which in (
            *(broad, broad & (seen.ravel()[at] > _CLEAR)),
            *(below.ravel()[at], beside.ravel()[at]),
        )
    )
    slit = (height > _LONG * unit) & (height > width) & (area > 0) & (covered < _LACE * area)
    clear = slit & (opens > 0) & (emerges < _THIN * unit)
    found = np.zeros((2, gap.size), bool)
    found[0, at], found[1, at] = clear[numbers], (slit & (opens == 0))[numbers]
    opened, shut = found.reshape(2, *gap.shape)
    return opened, shut


def _is_lace(seen: NDArray[np.uint8], cloth: NDArray[np.uint8], unit: float) -> bool:
    """Whether much of a garment is openings: those show the person."""
    through = within_outline(seen, unit) & (seen < _OPEN)
    return float(np.count_nonzero(through)) > _HOLES * float(np.count_nonzero(cloth))


def _flanked(cloth: NDArray[np.uint8], reach: int) -> NDArray[np.bool_]:
    """(h, w) where cloth lies on both sides, no more than so many pixels away."""
    row = np.ones((1, reach + 1), np.uint8)
    sides = [cv2.dilate(cloth, row, anchor=(end, 0)) > 0 for end in (0, reach)]
    return np.asarray(sides[0] & sides[1], bool)


def _closed(cloth: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """(h, w) 0 or 1: the cloth with what is narrower than so many pixels closed, made in a small picture."""
    reduce = max(1.0, radius / _FEW)
    size = max(1, round(cloth.shape[1] / reduce)), max(1, round(cloth.shape[0] / reduce))
    small = cv2.resize(255 * cloth, size, interpolation=cv2.INTER_AREA)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, square(radius / reduce).shape)
    shut = cv2.morphologyEx((small > 127).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return np.asarray(cv2.resize(shut, cloth.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def flaps(seen: NDArray[np.uint8], worn_upper: NDArray[np.uint8], body: Body) -> NDArray[np.uint8]:
    """(H, W) 255 where an old top stands out beside new trousers, below their waist.

    Args:
        seen: (H, W) how much of each pixel the trousers cover.
    """
    found, unit = np.zeros_like(seen), body.shoulder_width
    _, y, width, height = cv2.boundingRect(cv2.threshold(seen, 127, 255, cv2.THRESH_BINARY)[1])
    rows = slice(y, y + min(height, round(_HIPS * unit)))
    cloth = seen[rows] > 127
    if not width or not cloth.any(axis=1).all():
        return found
    columns, numbers = np.arange(cloth.shape[1])[None], np.arange(len(cloth))[:, None]
    there = worn_upper[rows] > 25
    for mirror in (False, True):
        end = np.argmax(cloth[:, ::-1] if mirror else cloth, axis=1)
        # Waists are not level: below the corner of this side.
        corner = int(np.argmax(end <= end[: round(_ASIDE * unit)].min() + 2))
        off = end[:, None] - (columns[:, ::-1] if mirror else columns)
        beside = (off > 0) & (off <= _ASIDE * unit) & (numbers > corner + _BELOW * unit)
        found[rows][beside & there] = 255
    return found


def between_legs(seen: NDArray[np.uint8], occluders: Occluders, body: Body) -> NDArray[np.uint8]:
    """(H, W) 255 on old trousers that show between the legs of new ones, and not beside a hand.

    Args:
        seen: (H, W) how much of each pixel the trousers cover.
    """
    found = np.zeros_like(seen)
    x, y, width, height = cv2.boundingRect(cv2.threshold(seen, 127, 255, cv2.THRESH_BINARY)[1])
    crotch = int(body.mid_hip[1] + _CROTCH * body.torso_length)
    here = np.s_[max(y, crotch) : y + height, x : x + width]
    hands = cv2.dilate(occluders.arms.alpha[here], square(_HAND * body.shoulder_width)) > 12
    shows = (occluders.worn_lower.alpha[here] > 25) & (seen[here] < 255) & ~hands
    if not shows.any():
        return found
    cloth = seen[here] > 127
    left = np.logical_or.accumulate(cloth, axis=1)
    right = np.logical_or.accumulate(cloth[:, ::-1], axis=1)[:, ::-1]
    found[here][shows & left & right & ~cloth] = 255
    return found


def beside_background(
    seen: NDArray[np.uint8], kind: str, body: Body, occluders: Occluders, person_mask: Mask
) -> Slits:
    """What of the person shows where background is to be expected, `open`, and where cloth is, `blind`."""
    if group(kind) == "lower":
        rims = slivers(seen, body, occluders, person_mask)
        rims = np.asarray(
            cv2.max(rims, flaps(seen, without_crumbs(occluders.worn_upper, body).alpha, body)), np.uint8
        )
        rims = cv2.max(rims, between_legs(seen, occluders, body)) if kind in LEGGED else rims
        return Slits(rims)
    if sleeveless(kind):
        return Slits(slivers(seen, body, occluders, person_mask))
    rims, slits = at_once(
        lambda: slivers(seen, body, occluders, person_mask),
        lambda: armpit_slits(seen, body, occluders, person_mask),
    )
    return Slits(np.asarray(cv2.max(rims, slits.open), np.uint8), slits.blind)
