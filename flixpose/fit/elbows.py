"""Sleeves on arms that bend inwards further than one piece of cloth follows: an upper and a lower half.

On the outside of a bent elbow a sleeve is taut; what is too much on the inside folds into the crook. So both
halves keep the cloth's own cross-sections and lengths, and meet along the line from elbow to crook, where the
lower one lies before the upper. What a sleeve is wider than its arm falls to the side that faces down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.fit.body import Body, unit_vector
from flixpose.fit.chain import handedness, length_of, lengths_along, places_along
from flixpose.fit.limbs import begin_of_arm
from flixpose.fit.measure import Point
from flixpose.fit.outline import reaches
from flixpose.fit.rig import Limb
from flixpose.fit.strips import (
    COVER,
    ROWS,
    Edge,
    Strip,
    half_widths,
    on_side,
    plainer,
    rows_to_controls,
)
from flixpose.fit.trunk import trunk_border
from flixpose.geometry.parts import follow
from flixpose.geometry.solve import solve_warp
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

Points = NDArray[np.float64]

_BENT = 70.0  # degrees from which on cloth folds in the crook
_FOLDED = 120.0  # degrees from which on a forearm lies before its upper arm
_LOWERED = 0.25  # cosine of the angle between a lowered upper arm and the trunk, at least
_BELOW_ELBOW = 0.98  # shoulder widths that a sleeve is long at least to reach the forearm
# Shares of the bones at which edges are looked for.
_ON_UPPER_ARM, _ON_FOREARM = np.linspace(0.1, 0.88, 12), np.linspace(0.15, 1.6, 24)
_PAST = 0.12  # shoulder widths that the upper half goes on under the lower one
_ROUND = 0.2, 0.35  # of that, on the elbow's outside: down the upper arm, and down the forearm
_THIN, _NEAR = 0.67, 1.3  # usual half widths: a limb is not thinner; its own outline is not further off
_NEAR_ELBOW = 1.8  # the same at the elbow's corner
_LIMIT, _SHOULDER_LIMIT = 0.30, 0.45  # shoulder widths from the bone that are looked at; above an upper arm
_MOST_OF_BONE, _MOST_OF_CLOTH = 0.85, 0.62  # within which the crook and the sleeve's elbow lie
_PARALLEL = 0.1  # sine of the angle between bones whose edges meet nowhere
_CAUGHT = 0.5  # of the upper arm, on which a sleeve does not hang free yet
_APART = 0.03  # shoulder widths between places of an edge


@dataclass(frozen=True, eq=False)
class BentSleeve:
    """A sleeve and the bent arm that it goes on.

    Attributes:
        part: "left_sleeve" …; of two halves the lower one, which ends in the cuff, keeps that name.
        strip, matte: of the whole sleeve on the product photo.
        chain: shoulder, elbow, wrist. seam: (outer, inner) ends of the seam on the person.
        scale: pixels of the person image for one of the product image.
        person: its mask, where it is known.
    """

    part: str
    strip: Strip
    matte: Mask
    chain: list[Point]
    seam: tuple[Point, Point]
    body: Body
    numbers: Limb
    scale: float
    person: Mask | None

    @property
    def side(self) -> str:
        return self.part.split("_")[0]

    @property
    def handed(self) -> float:
        """See `handedness`."""
        return handedness(self.body, self.side)

    @property
    def reaches_forearm(self) -> bool:
        """Whether it ends below the elbow."""
        return float(self.strip.along[-1]) * self.scale > _BELOW_ELBOW * self.body.frontal_width

    @property
    def bends_in(self) -> bool:
        """Whether the forearm turns to its inner side below a lowered upper arm, as on a hip."""
        upper, fore = (_Bone.between(*ends, self.handed) for ends in pairwise(self.chain))
        return bool(fore.along @ upper.out < 0 and upper.along @ self.body.down > _LOWERED)


def is_folded(chain: list[Point]) -> bool:
    """Whether a forearm lies back along its upper arm, shoulder, elbow and wrist as seen."""
    return len(chain) == 3 and _bend(chain) > _FOLDED


def is_bent(chain: list[Point]) -> bool:
    """Whether shoulder, elbow and wrist bend so far that cloth folds in the crook, or may fold."""
    return len(chain) == 3 and _bend(chain) > _BENT


def folds(controls: ControlPoints, border: Points, seam: Points, trunk: ControlPoints) -> bool:
    """Whether a sleeve in one part folds however plainly it follows its limb."""
    leader = solve_warp(trunk, area=trunk_border(trunk)).warp
    for plain in plainer(controls):
        try:
            solve_warp(follow(plain, leader, seam), area=border)
        except DegenerateWarp:
            continue
        return False
    return True


def elbow_halves(sleeve: BentSleeve) -> Iterator[tuple[ControlPoints, Mask]]:
    """Control points and matte of the upper half, then of the lower one."""
    outer, inner = _edges(_Arm.of(sleeve))
    half = _strip(outer.cloth_above(), inner.cloth_above())
    controls = rows_to_controls(f"{sleeve.side}_upper_sleeve", half, outer.above(), inner.above())
    yield controls, on_side(sleeve.matte, half, last=True)
    half = _strip(outer.cloth_below(), inner.cloth_below())
    controls = rows_to_controls(sleeve.part, half, outer.below(), inner.below())
    yield controls, on_side(sleeve.matte, half, last=False)


@dataclass(frozen=True, eq=False)
class _Bone:
    """Its upper end, unit vectors down it and to the outer side, all (2,), and its length in pixels."""

    start: Point
    along: Point
    out: Point
    length: float

    @classmethod
    def between(cls, start: Point, end: Point, handed: float) -> "_Bone":
        along = unit_vector(end - start)
        return cls(start, along, handed * np.array([-along[1], along[0]]), float(np.linalg.norm(end - start)))

    def at(self, shares: Points) -> Points:
        """(K, 2) places at (K,) shares of the bone."""
        return np.asarray(self.start + (shares * self.length)[:, None] * self.along)

    def depth(self, places: Points) -> Points:
        """(…,) pixels down the bone at which (…, 2) places lie."""
        return np.asarray((places - self.start) @ self.along)


@dataclass(frozen=True, eq=False)
class _Arm:
    """The bones of a bent arm, the upper one from the seam on, and the sleeve that is to go around them."""

    upper: _Bone
    fore: _Bone
    sleeve: BentSleeve

    @classmethod
    def of(cls, sleeve: BentSleeve) -> "_Arm":
        _, elbow, wrist = sleeve.chain
        top = begin_of_arm(*sleeve.seam, sleeve.person)
        upper, fore = (_Bone.between(*ends, sleeve.handed) for ends in ((top, elbow), (elbow, wrist)))
        return cls(upper, fore, sleeve)

    @property
    def unit(self) -> float:
        """A shoulder width, pixels."""
        return self.sleeve.body.frontal_width

    def usual(self, shares: Points) -> Points:
        """(K,) half widths of a usual arm at shares of it, pixels."""
        return np.interp(shares, [0.0, 1.0], self.sleeve.numbers.half_width) * self.unit

    def seen(self, places: Points, outward: Point, limit: float = _LIMIT) -> Points:
        """(K,) pixels to cloth on the person's outline; NaN where none is seen."""
        if self.sleeve.person is None:
            return np.full(len(places), np.nan)
        outwards = np.tile(outward, (len(places), 1))
        return reaches(self.sleeve.person, places, outwards, limit * self.unit) + COVER * self.unit

    def beside(self, bone: _Bone, shares: Points) -> tuple[Points, Points]:
        """(outer, inner), (K, 2) edges of the sleeve beside a bone, where it is not bent."""
        first = bone is self.upper
        usual = self.usual((0.0 if first else 0.5) + 0.5 * np.minimum(shares, 1.0))
        middle = bone.at(shares)
        found = self.seen(middle, bone.out, _SHOULDER_LIMIT if first else _LIMIT)
        # Above an upper arm the outline is the shoulder's, however far off.
        arm = (
            _own(found, usual, np.inf if first else _NEAR),
            _own(self.seen(middle, -bone.out), usual, _NEAR),
        )
        cloth = shares * bone.length + (0.0 if first else self.upper.length)
        strip, scale = self.sleeve.strip, self.sleeve.scale
        halves = np.interp(cloth, strip.along * scale, half_widths(strip) * scale)
        wide = 2 * np.clip(halves, usual, self.sleeve.numbers.max_half_width * self.unit)
        free = np.clip(shares / _CAUGHT, 0.0, 1.0) if first else np.clip(shares, 0.0, 1.0)
        loose = free * np.maximum(wide - arm[0] - arm[1], 0.0)
        falls = (1 + bone.out[1]) / 2
        outer, inner = arm[0] + loose * falls, arm[1] + loose * (1 - falls)
        return middle + outer[:, None] * bone.out, middle - inner[:, None] * bone.out

    def corner(self) -> Point:
        """Where the sleeve's edge turns on the outside of the elbow."""
        elbow, outward = self.fore.start, unit_vector(self.upper.out + self.fore.out)
        usual = float(self.usual(np.array([0.5]))[0])
        found = float(self.seen(elbow[None], outward)[0])
        return np.asarray(elbow + outward * (found if found < _NEAR_ELBOW * usual else usual))

    def crook(self, upper: Point, fore: Point) -> Point:
        """Where lines along the bones through two places of the inside meet, not too far from the elbow."""
        lines, elbow = np.array([self.upper.along, -self.fore.along]).T, self.fore.start
        if abs(float(np.linalg.det(lines))) < _PARALLEL:
            return np.asarray((upper + fore) / 2)
        place = upper + np.linalg.solve(lines, fore - upper)[0] * self.upper.along
        far = self.upper.length - self.upper.depth(place), self.fore.depth(place)
        most = _MOST_OF_BONE * np.array([self.upper.length, self.fore.length])
        return np.asarray(elbow + min(1.0, *(most / np.maximum(far, 1e-6))) * (place - elbow))


def _own(found: Points, usual: Points, near: float) -> Points:
    """A limb's outline where it is its own: old sleeves and what is beside the limb are not.

    Args:
        near: usual half widths within which it is.
    """
    return np.where(found < near * usual, np.maximum(found, _THIN * usual), usual)


@dataclass(frozen=True, eq=False)
class _SleeveEdge:
    """One edge of a sleeve on a bent arm.

    Attributes:
        upper, lower: (K, 2) pixels of the person image, from the seam to the elbow, and on to the cuff.
        past: (2,) where the upper half ends under the lower one.
        cloth: (R, 2) pixels of the product photo, from the seam to the cuff.
        until, since: pixels along it at which the upper half ends and the lower one begins; between them it
            folds away. under: pixels that the upper half goes on.
    """

    upper: Points
    lower: Points
    past: Point
    cloth: Points
    until: float
    since: float
    under: float

    def above(self) -> Points:
        """(R, 2) places of the upper half's cross-sections on the person image, as all that follows."""
        return np.vstack([_spread(self.upper, 0.0, length_of(self.upper), ROWS - 1), self.past])

    def below(self) -> Points:
        return _spread(self.lower, 0.0, length_of(self.lower), ROWS)

    def cloth_above(self) -> Points:
        """(R, 2) the same places on the product photo."""
        end = min(self.until + self.under, length_of(self.cloth))
        return np.vstack(
            [_spread(self.cloth, 0.0, self.until, ROWS - 1), places_along(self.cloth, np.array([end]))]
        )

    def cloth_below(self) -> Points:
        return _spread(self.cloth, self.since, length_of(self.cloth), ROWS)


def _edges(arm: _Arm) -> tuple[_SleeveEdge, _SleeveEdge]:
    """The outer and the inner edge.

    The outer one is taut, and as long as it is, from the seam on. The inner one ends beside it; what is too
    much of it folds away.
    """
    sleeve, seam = arm.sleeve, arm.sleeve.seam
    on_upper, on_fore = arm.beside(arm.upper, _ON_UPPER_ARM), arm.beside(arm.fore, _ON_FOREARM)
    corner, crook = arm.corner(), arm.crook(on_upper[1][-1], on_fore[1][1])
    cloth, past = (sleeve.strip.outer, sleeve.strip.inner), _PAST * arm.unit
    whole = [length_of(edge) for edge in cloth]
    upper = _around_shoulder(arm, seam[0], on_upper[0], corner)
    cut = min(length_of(upper) / sleeve.scale, _MOST_OF_CLOTH * whole[0])
    lower = _cut(_from(corner, on_fore[0], arm.fore, arm.unit), (whole[0] - cut) * sleeve.scale)
    lower = _cut_at(lower, arm.fore, sleeve.numbers.max_reach * arm.fore.length)
    turned = corner + past * (_ROUND[0] * arm.upper.along + _ROUND[1] * arm.fore.along)
    outer = _SleeveEdge(upper, lower, turned, cloth[0], cut, cut, past / 2 / sleeve.scale)
    end = max(float(arm.fore.depth(lower[-1])), float(arm.fore.depth(crook)) + _APART * arm.unit)
    upper = np.vstack(
        [_from(seam[1], _above(on_upper[1], arm.upper, crook, arm.unit), arm.upper, arm.unit), crook]
    )
    lower = _cut_at(_from(crook, on_fore[1], arm.fore, arm.unit), arm.fore, end)
    above, below = (length_of(half) / sleeve.scale for half in (upper, lower))
    shown = min(1.0, whole[1] / max(above + below, 1e-9))
    under = crook + past * arm.upper.along
    inner = _SleeveEdge(
        upper, lower, under, cloth[1], shown * above, whole[1] - shown * below, past / sleeve.scale
    )
    return outer, inner


def _around_shoulder(arm: _Arm, start: Point, edge: Points, end: Point) -> Points:
    """The outer edge from its end of the seam around the shoulder down to the elbow."""
    bone = arm.upper
    kept = _above(edge, bone, end, arm.unit)
    around = Edge.starting(start, kept, np.tile(bone.along, (len(kept), 1)), bone.depth(kept))
    return np.vstack([around.rounded(bone.start, arm.sleeve.person, arm.unit).curve, end])


def _above(edge: Points, bone: _Bone, end: Point, unit: float) -> Points:
    """What of an edge lies above a place of it, two places at least."""
    kept = bone.depth(edge) < float(bone.depth(end)) - _APART * unit
    kept[:2] = True
    return edge[kept]


def _from(start: Point, edge: Points, bone: _Bone, unit: float) -> Points:
    """A place of an edge and what lies below it."""
    return np.vstack([start, edge[bone.depth(edge) > float(bone.depth(start)) + _APART * unit]])


def _cut(curve: Points, length: float) -> Points:
    """A curve's beginning, so long at most."""
    at = lengths_along(curve)
    return np.vstack([curve[at < length], places_along(curve, np.array([length]))])


def _cut_at(curve: Points, bone: _Bone, depth: float) -> Points:
    """A curve's beginning, down to so far along a bone."""
    return _cut(curve, float(np.interp(depth, bone.depth(curve), lengths_along(curve))))


def _spread(curve: Points, start: float, end: float, count: int) -> Points:
    """(count, 2) places evenly along a curve between two lengths."""
    return places_along(curve, np.linspace(start, end, count))


def _strip(outer: Points, inner: Points) -> Strip:
    return Strip(outer, inner, lengths_along((outer + inner) / 2))


def _bend(chain: list[Point]) -> float:
    one, other = unit_vector(chain[1] - chain[0]), unit_vector(chain[2] - chain[1])
    return float(np.degrees(np.arccos(np.clip(float(one @ other), -1.0, 1.0))))
