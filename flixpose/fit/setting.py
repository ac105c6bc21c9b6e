"""What each pixel of a person image may lend to what is painted beside it, and what must not lie there.

The person alone tells all of this, and of a photo it is found once for all garments: one bit of each pixel
says one thing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.bare_arms import BareArm, find_bare_arms
from flixpose.fit.body import Body
from flixpose.fit.covered_arms import CoveredArm, find_covered_arms
from flixpose.fit.nook import Nooks, chest
from flixpose.fit.occluders import Occluders
from flixpose.fit.patching import Plane, Window, square
from flixpose.fit.remembered import remembered
from flixpose.fit.skin import usual_skin
from flixpose.structures.image import Mask

RIM = 0.006  # shoulder widths: how far an edge's colours are mixed
_TILE = 256  # pixels: skin has the colour that is usual in a tile and half a tile around it
_LIMB = 0.13  # shoulder widths around the bones: there is a limb below, and nothing else
BONE_ROOM = 0.04  # shoulder widths around an arm's bones: what covers as much of them covers the arm
_ARM_ROOM = 0.03  # shoulder widths around forearms and hands that lend no colour

# What lends colours, away from its own edges.
BACKGROUND, STAYS, ARM, SKIN = 1, 2, 4, 8
# Where no background is: around upper arms, on shoulders and chest; and where nothing but background is.
UPPER_ARM, TRUNK, BESIDE_NECK, BESIDE_LEGS = 16, 32, 64, 128
# In the nooks beside the neck, and along the outline there.
NOOK, NOOK_EDGE = 256, 512
# Nothing lies in front: neither head nor arms; no head; the person or just beside; a bare arm.
FREE, NO_HEAD, PERSON, BARE_ARM = 1024, 2048, 4096, 8192
# Nobody is here; in the middle of an arm, seen or not, unless how it goes on under an old top is known.
OUTSIDE, BONE = 16384, 32768

# Below bare skin an old top hides an arm; background on its outer side.
HIDDEN_ARM, BESIDE_HIDDEN = 2, 1


@dataclass(frozen=True, eq=False)
class SleevePart:
    """Where an old sleeve may lie on a bare arm: (h, w) how much of each pixel is the arm; -1 elsewhere."""

    arm: BareArm
    rows: slice
    columns: slice
    part: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Setting:
    """A person image as painters see it.

    Attributes:
        bits: (H, W) uint16. arms: those that go on under an old sleeve.
        sleeves: where one may lie. hidden: (H, W) HIDDEN_ARM where the rest of an old top may lie on arms,
            BESIDE_HIDDEN on their outer side, else 0; None where there is no such arm.
    """

    bits: NDArray[np.uint16]
    arms: tuple[BareArm, ...]
    sleeves: tuple[SleevePart, ...]
    hidden: NDArray[np.uint8] | None = None

    def has(self, window: Window, bits: int) -> Plane:
        """(h, w) of a window: where any of the bits is set."""
        return (self.bits[window] & np.uint16(bits)) > 0

    def hides(self, window: Window, what: int) -> Plane:
        """(h, w) of a window: HIDDEN_ARM or BESIDE_HIDDEN."""
        if self.hidden is None:
            return np.zeros(self.bits[window].shape, bool)
        return np.asarray(self.hidden[window] == what)

    def sleeved(self, window: Window, where: Plane) -> list[tuple[BareArm, NDArray[np.float32]]]:
        """Per arm, (h, w) how much of each pixel of an old sleeve it is; -1 elsewhere."""
        found = []
        for sleeve in self.sleeves:
            (y0, y1), (x0, x1) = (
                (max(own.start, side.start), min(own.stop, side.stop))
                for own, side in zip((sleeve.rows, sleeve.columns), window, strict=True)
            )
            if y0 >= y1 or x0 >= x1:
                continue
            (top, left), (up, aside) = (
                (window[0].start, window[1].start),
                (sleeve.rows.start, sleeve.columns.start),
            )
            there = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
            own = np.where(
                where[there], sleeve.part[y0 - up : y1 - up, x0 - aside : x1 - aside], np.float32(-1)
            )
            if (own >= 0).any():
                part = np.full(where.shape, -1, np.float32)
                part[there] = own
                found.append((sleeve.arm, part))
        return found


@remembered
def look_around(
    person: NDArray[np.uint8], body: Body, occluders: Occluders, person_mask: Mask, *, lower: bool
) -> Setting:
    """The setting of a person image; `lower`: trousers or a skirt are replaced."""
    unit, nooks = body.shoulder_width, Nooks.of(body, person_mask)
    whole = np.s_[0 : person_mask.height, 0 : person_mask.width]
    on_chest = chest(body, whole) & (person_mask.alpha > 127)
    zone, shoulders, edge = (nooks.put(plane, whole) for plane in (nooks.zone, nooks.body, nooks.band))
    inside = person_mask.alpha
    hidden = {} if lower else find_covered_arms(body, occluders)
    planes = {
        **_lenders(person, body, occluders, inside, edge, lower=lower),
        UPPER_ARM: _around_bones(body, inside.shape, _LIMB, "shoulder", "elbow") & (inside > 127),
        TRUNK: shoulders | on_chest,
        BESIDE_NECK: zone & ~shoulders,
        NOOK: zone,
        NOOK_EDGE: edge,
        FREE: cv2.max(occluders.head.alpha, occluders.arms.alpha) < 128,
        NO_HEAD: occluders.head.alpha < 128,
        PERSON: cv2.dilate(inside, square(2 * RIM * unit)) > 12,
        BARE_ARM: occluders.arms.alpha >= 128,
        OUTSIDE: inside < 128,
        BONE: _around_bones(body, inside.shape, BONE_ROOM, "shoulder", "elbow", "wrist", but=hidden),
    }
    if lower:
        planes[BESIDE_LEGS] = _beside_legs(body, inside.shape)
    bits = np.zeros(inside.shape, np.uint16)
    for bit, plane in planes.items():
        bits |= plane * np.uint16(bit)
    arms = () if lower else tuple(find_bare_arms(person, body, occluders, person_mask))
    sleeves = tuple(_sleeve_part(arm, ~(on_chest | zone)) for arm in arms)
    return Setting(bits, arms, sleeves, _hidden(chain(*hidden.values()), inside.shape) if hidden else None)


def _lenders(
    person: NDArray[np.uint8],
    body: Body,
    masks: Occluders,
    inside: NDArray[np.uint8],
    edge: Plane,
    *,
    lower: bool,
) -> dict[int, Plane]:
    """What may lend its colours: background, skin, the clothes that stay on, bare arms."""
    unit = body.shoulder_width
    worn = (masks.worn_lower if lower else masks.worn_upper).alpha
    stays = (masks.worn_upper if lower else masks.worn_lower).alpha
    arms = cv2.dilate((masks.arms.alpha > 25).astype(np.uint8), square(_ARM_ROOM * unit)) > 0
    arms &= ~_around_bones(body, inside.shape, _LIMB, "shoulder", "elbow")
    bare = (inside > 230) & (worn < 26) & (stays < 26) & (masks.head.alpha < 26) & ~arms
    lenders = {
        BACKGROUND: (inside < 16) & (worn < 26),
        SKIN: _skin(person, bare),
        STAYS: (stays > 230) & ~arms & (worn < 26),
        ARM: (masks.arms.alpha > 230) & (worn < 26) & (inside > 230),
    }
    rim = square(RIM * unit)
    return {bit: cv2.erode((plane & ~edge).view(np.uint8), rim) > 0 for bit, plane in lenders.items()}


def _skin(person: NDArray[np.uint8], bare: Plane) -> Plane:
    """(H, W) what of bare places has the colour that is usual around there: no straps, belts and shoes."""
    skin, height, width = np.zeros_like(bare), *bare.shape
    for y in range(0, height, _TILE):
        for x in range(0, width, _TILE):
            if bare[y : y + _TILE, x : x + _TILE].any():
                top, left = max(0, y - _TILE // 2), max(0, x - _TILE // 2)
                near = np.s_[top : y + 3 * _TILE // 2, left : x + 3 * _TILE // 2]
                found = usual_skin(person[near], bare[near])
                skin[y : y + _TILE, x : x + _TILE] = found[y - top :, x - left :][:_TILE, :_TILE]
    return skin


def _around_bones(
    body: Body, shape: tuple[int, ...], around: float, *names: str, but: Collection[str] = ()
) -> Plane:
    """(H, W) so many shoulder widths around the bones of both sides' limbs, `but` of some sides."""
    where = np.zeros(shape, np.uint8)
    for side in {"left", "right"} - set(but):
        joints = body.limb(side, *names)
        if len(joints) > 1:
            bones = np.round(np.array(joints)).astype(np.int32)
            cv2.polylines(where, [bones], False, 1, max(1, round(2 * around * body.shoulder_width)))
    return where > 0


def _beside_legs(body: Body, shape: tuple[int, ...]) -> Plane:
    """(H, W) below the hips, what is no leg: where old trousers were wider there is background."""
    where = np.zeros(shape, np.uint8)
    across, down = body.shoulder_width * body.across_at(1.0), body.shoulder_width * body.down
    wide, far = 4 * across, body.mid_hip + 9 * down
    below = np.array([body.mid_hip + wide, body.mid_hip - wide, far - wide, far + wide])
    cv2.fillConvexPoly(where, np.round(below).astype(np.int32), 1)
    return (where > 0) & ~_around_bones(body, shape, _LIMB, "hip", "knee", "ankle")


def _sleeve_part(arm: BareArm, allowed: Plane) -> SleevePart:
    rows, columns = arm.surroundings(allowed.shape)
    part = np.full((rows.stop - rows.start, columns.stop - columns.start), -1, np.float32)
    own = np.nonzero(allowed[rows, columns])
    part[own] = arm.look(own[0] + rows.start, own[1] + columns.start)[0]
    return SleevePart(arm, rows, columns, part)


def _hidden(covered: Iterable[CoveredArm], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(H, W) HIDDEN_ARM, BESIDE_HIDDEN or 0."""
    found = np.zeros(shape, np.uint8)
    for arm in covered:
        for value, outline in ((BESIDE_HIDDEN, arm.beyond), (HIDDEN_ARM, arm.outline)):
            cv2.fillPoly(found, [np.round(outline - 0.5).astype(np.int32)], value)
    return found
