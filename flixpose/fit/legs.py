"""Trouser legs on legs: where the legs are under whatever the person wears, and strips of cloth along them.

The person's mask shows the old clothes, too: its outline is believed only where a leg of this body may end.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, Point
from flixpose.fit.chain import Curve, handedness, length_of, walk
from flixpose.fit.outline import reach
from flixpose.fit.regions import LimbLandmarks
from flixpose.fit.rig import Limb
from flixpose.fit.strips import Edge, Strip, half_widths, rows_to_controls
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

Curve1 = NDArray[np.float64]

_JOINTS = ("hip", "knee", "ankle")
_SHIN = 0.95  # of the thigh, where the photo ends above the ankle
_SECTIONS = 96
_PAST_ANKLE = 1.12  # of the leg
# Shoulder widths from the joints to a leg's sides, at shares of its length: means of people, real and not.
_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_OUTER = (0.27, 0.27, 0.26, 0.23, 0.195, 0.18, 0.18, 0.175, 0.15, 0.12, 0.11)
_INNER = (0.26, 0.26, 0.26, 0.23, 0.20, 0.165, 0.16, 0.16, 0.14, 0.11, 0.11)
_LOOKED_AT = 0.6  # shoulder widths
_BELIEVED = (0.72, 1.25)  # of the usual: an outline outside of it is another's
_ASIDE = (0.4, 1.8)  # likewise of one side, where both sides together are believed
_OWN = (0.85, 1.2)  # bounds of this person's legs, of the usual
_SMOOTH = 0.035  # of the leg
_EASE = 0.012  # shoulder widths
_OVERLAP = 0.012  # shoulder widths by which cloth goes on past the middle between the legs
_OUTWARD = 0.7  # of what cloth is wider than the leg: it hangs straight from the hip
# Shares of the leg up to which thighs may meet; of a thigh's breadth that no gap is seen to part them.
_THIGHS, _TOUCHING = 0.4, 1.5
_SETTLED = 0.22  # of the leg from the seam on which the cloth's edge comes to its own course
_NEARER = 0.03  # of the leg: a foot that stands lower on the photo by more is the nearer one


@dataclass(frozen=True, eq=False)
class Leg:
    """One leg from the hip to a little past the ankle, in K sections.

    Attributes:
        centres, tangents, normals: (K, 2) the joints' line, unit vectors down it, and to the outer side.
        outer, inner: (K,) pixels from there to the leg's sides.
        along: (K,) pixels down the leg.
        length: pixels from hip to ankle.
        between: (K,) pixels to the inner side at which the middle between both legs lies.
    """

    centres: Curve
    tangents: Curve
    normals: Curve
    outer: Curve1
    inner: Curve1
    along: Curve1
    length: float
    between: Curve1

    def side_at(self, near: Point) -> Point:
        """(2,) its outer side at the height of a place."""
        row = int(np.argmin(np.abs(((near - self.centres) * self.tangents).sum(axis=1))))
        return np.asarray(self.centres[row] + self.outer[row] * self.normals[row])

    def off(self, place: Point) -> tuple[float, float]:
        """(along, aside) of a place beside the leg, pixels; outward is positive."""
        down = ((place - self.centres) * self.tangents).sum(axis=1)
        row = int(np.argmin(np.abs(down)))
        return float(self.along[row] + down[row]), float((place - self.centres[row]) @ self.normals[row])


def find_legs(body: Body, person_mask: Mask | None) -> dict[str, Leg]:
    """ "left", "right" → that leg, of those whose hip and knee were found."""
    chains = {side: chain for side in ("left", "right") if len(chain := _chain(body, side)) == len(_JOINTS)}
    courses = {side: _course(body, side, chain) for side, chain in chains.items()}
    legs = {}
    for side, (centres, tangents, normals, along) in courses.items():
        shares = along / along[-1] * _PAST_ANKLE
        outer, inner, apart = _sides(body, person_mask, centres, normals, shares)
        others = [course[0] for name, course in courses.items() if name != side]
        between = np.full(len(along), np.inf)
        if others:
            between = ((centres - others[0]) * normals).sum(axis=1) / 2
            meet = (shares < _THIGHS) & ~apart & (between < _TOUCHING * inner)
            inner = _smooth(np.where(meet, np.maximum(inner, between), inner))
        legs[side] = Leg(centres, tangents, normals, outer, inner, along, length_of(chains[side]), between)
    return legs


def nearer_leg(body: Body) -> str | None:
    """The side whose foot stands nearer to the camera; None where both stand alike."""
    chains = {side: _chain(body, side) for side in ("left", "right")}
    if any(len(chain) < len(_JOINTS) for chain in chains.values()):
        return None
    lower = float((chains["left"][-1] - chains["right"][-1]) @ body.down)
    if abs(lower) < _NEARER * length_of(chains["left"]):
        return None
    return "left" if lower > 0 else "right"


def leg_controls(
    limb: LimbLandmarks,
    strip: Strip,
    leg: Leg,
    seam_on_person: tuple[Point, Point],
    body: Body,
    numbers: Limb,
    scale: float,
    narrowing: float,
) -> ControlPoints:
    """Control points that lay a trouser leg along a leg: as wide as the leg at least, and hanging free.

    Between the legs cloth goes as far as the middle between them. The hem lies square to the shin, where the
    mean of the two edges' own lengths reaches.

    Args:
        seam_on_person: (outer, inner) ends of the seam where the seat's warp puts them: side and crotch.
        scale: pixels of the person image for one of the product image.
        narrowing: how wide cloth is seen when worn, of its width in the product photo.
    """
    outer_start, inner_start = seam_on_person
    begins = leg.off((outer_start + inner_start) / 2)[0]
    outward, inward = _cloth(strip, leg, begins, body, numbers, scale, narrowing)
    outward = outward + _fading(leg, outer_start, outward, 1.0)
    inward = inward + _fading(leg, inner_start, inward, -1.0)
    outer = Edge.starting(outer_start, leg.centres + outward[:, None] * leg.normals, leg.tangents, leg.along)
    inner = Edge.starting(inner_start, leg.centres - inward[:, None] * leg.normals, leg.tangents, leg.along)
    reached = outer.end(length_of(strip.outer) * scale) + inner.end(length_of(strip.inner) * scale)
    end = float(np.clip(reached / 2, numbers.min_reach * leg.length, numbers.max_reach * leg.length))
    end = max(end, outer.least_reach(leg.length), inner.least_reach(leg.length))
    return rows_to_controls(limb.part, strip, outer.rows(end), inner.rows(end))


def _chain(body: Body, side: str) -> list[Point]:
    """Hip, knee and ankle; an ankle below the photo's edge is guessed."""
    chain = body.limb(side, *_JOINTS)
    return [*chain, chain[1] + _SHIN * (chain[1] - chain[0])] if len(chain) == 2 else chain


def _course(body: Body, side: str, chain: list[Point]) -> tuple[Curve, Curve, Curve, Curve1]:
    along = np.linspace(0.0, _PAST_ANKLE, _SECTIONS) * length_of(chain)
    centres, tangents = walk(np.array(chain), along)
    normals = handedness(body, side) * np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    return centres, tangents, normals, along


def _sides(
    body: Body, mask: Mask | None, centres: Curve, normals: Curve, shares: Curve1
) -> tuple[Curve1, Curve1, NDArray[np.bool_]]:
    """(K,) how far the leg reaches outward and inward: as seen where it is believed, else as usual.

    And where it is seen to end on its inner side.
    """
    unit = body.shoulder_width
    usual = np.array([np.interp(shares, _SHARES, widths) * unit for widths in (_OUTER, _INNER)])
    if mask is None:
        return usual[0], usual[1], np.zeros(len(shares), bool)
    rays = [(1.0, centre, normal) for centre, normal in zip(centres, normals, strict=True)]
    rays += [(-1.0, centre, normal) for _, centre, normal in rays]
    found = [reach(mask, centre, sign * normal, _LOOKED_AT * unit) or np.nan for sign, centre, normal in rays]
    seen = np.where(shares > 1.0, np.nan, np.array(found).reshape(usual.shape))
    told = _believed(seen, usual)
    own = 1.0
    if np.isfinite(told).sum() > _SECTIONS / 4:
        own = float(np.clip(np.nanmedian(told), *_OWN))
    outer, inner = np.where(np.isfinite(told), told, own) * usual
    return _smooth(outer), _smooth(inner), np.isfinite(told[1])


def _believed(seen: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, K) widths seen outward and inward, of the usual ones; nan where they are not a leg's.

    Joints lie a little beside a leg's middle at times: where both sides are seen they are told together.
    """
    least, most = _BELIEVED
    each, both = seen / usual, seen.sum(axis=0) / usual.sum(axis=0)
    together = (both > least) & (both < most) & ((each > _ASIDE[0]) & (each < _ASIDE[1])).all(axis=0)
    return np.where(together | (each > least) & (each < most), each, np.nan)


def _cloth(
    strip: Strip,
    leg: Leg,
    begins: float,
    body: Body,
    numbers: Limb,
    scale: float,
    narrowing: float,
) -> tuple[Curve1, Curve1]:
    """(K,) how far the cloth reaches outward and inward of the joints, pixels.

    What it is wider than leg and folds hangs on both sides, on the outer one more.
    """
    unit = body.shoulder_width
    shares = (leg.along - begins) / max(strip.along[-1] * scale, 1e-9)
    own = np.interp(shares, strip.along / strip.along[-1], 2 * half_widths(strip)) * scale * narrowing
    least = leg.outer + leg.inner + 2 * _EASE * unit
    wide = np.clip(own - 2 * numbers.slack * unit, least, 2 * numbers.max_half_width * unit)
    hangs = (wide - leg.outer - leg.inner) / 2
    inward = np.minimum(
        leg.inner + (1 - _OUTWARD) * 2 * hangs, np.maximum(leg.between + _OVERLAP * unit, leg.inner)
    )
    return leg.outer + _OUTWARD * 2 * hangs, inward


def _fading(leg: Leg, start: Point, aside: Curve1, sign: float) -> Curve1:
    """(K,) what leads an edge from its end of the seam to its own course."""
    along, off = leg.off(start)
    wanted = sign * off - float(np.interp(along, leg.along, aside))
    share = np.clip(1.0 - (leg.along - along) / (_SETTLED * leg.length), 0.0, 1.0)
    return np.asarray(wanted * share * share * (3 - 2 * share))


def _smooth(row: Curve1) -> Curve1:
    sigma = _SMOOTH * len(row)
    return np.asarray(cv2.GaussianBlur(row[None], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[0])
