"""What of the person shows where background is to be expected: skin between sleeve and trunk, flaps."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.old_sleeves import sleeveless
from flixpose.fit.patching import LEAST_EDGE, square
from flixpose.fit.slivers import slivers
from flixpose.fit.under_lace import within_outline
from flixpose.garment.kinds import LEGGED, group
from flixpose.geometry.threads import at_once
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

_WIDE = 0.045  # shoulder widths: half of a slit's breadth
_FEW = 4.0  # pixels of a small picture in which that is looked for
_AROUND, _DOWN = 0.5, 0.4  # shoulder widths around an armpit; of the upper arm from the shoulder to beside it
_OPEN, _LACE = 230, 0.05  # alpha of openings; of the cloth, or it has none
_LONG = 0.06  # shoulder widths; what is shorter is a corner
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
    """Slits of the person between a sleeve and the trunk.

    Skin under lace and mesh is no slit.

    Args:
        seen: (H, W) how much of each pixel the garment covers.
    """
    found, blind, unit = np.zeros_like(seen), None, body.shoulder_width
    for side in ("left", "right"):
        chain = body.limb(side, "shoulder", "elbow")
        if len(chain) < 2:
            continue
        middle = chain[0] + _DOWN * (chain[1] - chain[0])
        (x0, y0), (x1, y1) = (middle + sign * _AROUND * unit for sign in (-1, 1))
        here = np.s_[max(0, int(y0)) : max(0, int(y1)), max(0, int(x0)) : max(0, int(x1))]
        cloth = (seen[here] > 127).astype(np.uint8)
        if not cloth.any():
            continue
        person = person_mask.alpha[here]
        gap = (_closed(cloth, _WIDE * unit) > cloth) & (person > 25)
        gap &= (occluders.topmost[here] < 26) & _flanked(cloth, round(2 * _WIDE * unit))
        if not gap.any() or _is_lace(seen[here], cloth, unit):
            continue
        count, labels, stats = find_pieces(gap)
        long = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) > _LONG * unit
        beside = cv2.dilate(((person < 26) & (cloth == 0)).view(np.uint8), square(_SEES * unit)) > 0
        opens = np.bincount(labels[beside], minlength=count) > 0
        long[0] = False
        if (slit := _empty(seen[here], labels, long & opens)) is not None:
            found[here][slit] = 255
        if (slit := _empty(seen[here], labels, long & ~opens)) is not None:
            blind = np.zeros(seen.shape, np.uint8) if blind is None else blind
            blind[here][cv2.dilate(slit.view(np.uint8), square(LEAST_EDGE)) > 0] = 255
    return Slits(found, blind)


def _empty(
    seen: NDArray[np.uint8], labels: NDArray[np.int32], which: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """(h, w) pieces of a gap by their numbers; None where there are none, or much lies in them: lace."""
    pieces = np.asarray(which[labels], bool)
    there = seen[pieces]
    return pieces if len(there) and float((there > _CLEAR).mean()) < _LACE else None


def _is_lace(seen: NDArray[np.uint8], cloth: NDArray[np.uint8], unit: float) -> bool:
    """Whether much of a garment is openings: those show the person."""
    through = within_outline(seen, unit) & (seen < _OPEN)
    return float(np.count_nonzero(through)) > _LACE * float(np.count_nonzero(cloth))


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
        rims = np.asarray(cv2.max(rims, flaps(seen, occluders.worn_upper.alpha, body)), np.uint8)
        rims = cv2.max(rims, between_legs(seen, occluders, body)) if kind in LEGGED else rims
        return Slits(rims)
    if sleeveless(kind):
        return Slits(slivers(seen, body, occluders, person_mask))
    rims, slits = at_once(
        lambda: slivers(seen, body, occluders, person_mask),
        lambda: armpit_slits(seen, body, occluders, person_mask),
    )
    return Slits(np.asarray(cv2.max(rims, slits.open), np.uint8), slits.blind)
