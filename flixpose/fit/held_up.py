"""Sleeves on arms held up, bent outwards further than one piece of cloth can follow, and short ones on any.

Each half follows its own bone square to it, and both go on a little past the elbow; the lower one lies before
the upper. Lengths along the seam tell nothing there: the raised arm draws the armpit out. A sleeve that ends
above the elbow has an upper half alone.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import unit_vector
from flixpose.fit.elbows import BentSleeve
from flixpose.fit.measure import Point
from flixpose.fit.outline import reaches
from flixpose.fit.rig import Limb
from flixpose.fit.strips import COVER, SHARES, Strip, half_widths, on_side, rows_to_controls
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

Points = NDArray[np.float64]

_UPPER_ARM = 0.85  # shoulder widths from the shoulder to the elbow, seen square
_LONGEST = 0.6  # of a sleeve that its upper half may be
_ROUND = 0.10  # shoulder widths that either half goes on past the elbow
# Cross-sections from a half's beginning to the elbow, 1, and two past it, at shares of _ROUND; their widths.
_TO_ELBOW = np.array([0.0, 0.14, 0.30, 0.50, 0.75, 1.0, 1.0, 1.0])
_ENDS, _ROUNDED = np.array([0.55, 1.0]), np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.4])
_BLENDED = 0.4  # of the upper half, over which its cross-sections turn from the seam square to the arm
_NEAR = 1.5  # times as wide as cloth or limb
_LIMIT = 0.30  # shoulder widths from the bone to a limb's own outline


def held_up_halves(sleeve: BentSleeve) -> Iterator[tuple[ControlPoints, Mask]]:
    """Control points and matte of the upper half, then of the lower one; of short sleeves the upper alone."""
    strip, numbers, scale, person = sleeve.strip, sleeve.numbers, sleeve.scale, sleeve.person
    seam, unit, handed = sleeve.seam, sleeve.body.shoulder_width, sleeve.handed
    _, elbow, wrist = sleeve.chain
    whole, past = float(strip.along[-1]) * scale, _ROUND * unit
    top = (seam[0] + seam[1]) / 2
    is_short = not sleeve.reaches_forearm
    cut = whole if is_short else min(_UPPER_ARM * unit, _LONGEST * whole)
    # Seen from the end an upper arm is short, and so is its sleeve.
    upper_arm = float(np.linalg.norm(elbow - top))
    shares, round_end = (SHARES, np.ones(len(SHARES))) if is_short else (_TO_ELBOW, _ROUNDED)
    cloth, places = shares * cut, shares * upper_arm * min(1.0, cut / (_UPPER_ARM * unit))
    if not is_short:
        cloth[-2:], places[-2:] = cut + _ENDS * past, upper_arm + _ENDS * past
    upper = _part_of(strip, cloth / scale)
    halves = _widths(upper, 0.5 * shares, numbers, unit, scale) * round_end
    placed = _placed(top, unit_vector(elbow - top), places, halves, handed, person, unit)
    name = sleeve.part if is_short else f"{sleeve.side}_upper_sleeve"
    yield (
        rows_to_controls(name, upper, *_from_seam(*placed, seam, shares)),
        on_side(sleeve.matte, upper, last=True),
    )
    if is_short:
        return
    forearm = float(np.linalg.norm(wrist - elbow))
    reach = min(whole - cut, numbers.max_reach * forearm)
    shares = 1 - _TO_ELBOW[::-1]
    cloth, places = cut + shares * (whole - cut), shares * reach
    cloth[:2], places[:2] = cut - _ENDS[::-1] * past, -_ENDS[::-1] * past
    lower = _part_of(strip, cloth / scale)
    halves = _widths(lower, 0.5 + 0.5 * np.clip(shares, 0, 1), numbers, unit, scale) * _ROUNDED[::-1]
    placed = _placed(elbow, unit_vector(wrist - elbow), places, halves, handed, person, unit)
    yield rows_to_controls(sleeve.part, lower, *placed), on_side(sleeve.matte, lower, last=False)


def _part_of(strip: Strip, along: Points) -> Strip:
    """The strip's cross-sections at distances from the seam."""
    outer, inner = (
        np.stack([np.interp(along, strip.along, side[:, axis]) for axis in (0, 1)], axis=1)
        for side in (strip.outer, strip.inner)
    )
    return Strip(outer, inner, along - along[0])


def _widths(strip: Strip, limb_shares: Points, numbers: Limb, unit: float, scale: float) -> Points:
    """(R,) half widths on the person: the cloth's own, but as wide as the limb and no wider than allowed."""
    limb = np.interp(limb_shares, [0.0, 1.0], numbers.half_width) * unit
    return np.clip(half_widths(strip) * scale, limb, numbers.max_half_width * unit)


def _placed(
    start: Point,
    along: Point,
    places: Points,
    halves: Points,
    handed: float,
    person: Mask | None,
    unit: float,
) -> tuple[Points, Points]:
    """(R, 2) outer and inner ends square to a bone, on the person's outline where it is near."""
    centres = start + places[:, None] * along
    normals = np.tile(handed * np.array([-along[1], along[0]]), (len(centres), 1))
    outward, inward = (_seen(person, centres, side * normals, halves, unit) for side in (1.0, -1.0))
    return centres + outward[:, None] * normals, centres - inward[:, None] * normals


def _seen(person: Mask | None, centres: Points, outwards: Points, halves: Points, unit: float) -> Points:
    """(R,) from a bone to the limb's outline, where the person's is near enough to be that."""
    if person is None:
        return halves
    found = reaches(person, centres, outwards, _LIMIT * unit) + COVER * unit
    return np.where(found < _NEAR * halves, np.maximum(found, halves / _NEAR), halves)


def _from_seam(
    outer: Points, inner: Points, seam: tuple[Point, Point], shares: Points
) -> tuple[Points, Points]:
    """Cross-sections that begin at the seam and turn square to the arm from there."""
    share = np.clip(1 - shares / _BLENDED, 0.0, 1.0)[:, None]
    shifts = (seam[0] - outer[0], seam[1] - inner[0])
    return outer + share * shifts[0], inner + share * shifts[1]
