"""Sleeves on arms and trouser legs on legs: strips that follow a chain of joints."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import ArmOutline, usual_thickness
from flixpose.fit.body import Body
from flixpose.fit.chain import handedness, length_of, walk
from flixpose.fit.measure import Point
from flixpose.fit.outline import reach
from flixpose.fit.regions import LimbLandmarks
from flixpose.fit.rig import Limb
from flixpose.fit.taut import bridged
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

# Where along a limb its cross-sections lie, seam 0 to cuff 1: closer together around the shoulder's curve.
_SHARES = np.array([0.0, 0.06, 0.14, 0.27, 0.42, 0.60, 0.80, 1.0])
_ROWS = len(_SHARES)
_PLAINER = ((0, 3, 5, 7), (0, 5, 7), (0, 7))
_DENSE = 96
_LOOKS = 25
_MOST_BEND = 0.25
# In shoulder widths: cloth lies outside the limb's outline by so much; an outline further off is not its own.
_COVER = 0.006
_INSIDE = 0.012  # beside the trunk
_LIMB_LIMIT = 0.30
_SHOULDER_LIMIT = 0.45  # on the outside: a raised arm's shoulder bulges far above the middle of the seam
_LEAST_EDGE = 0.04  # of the limb
_HOLLOW, _UPPER = 0.02, 0.5  # shoulder widths of a hollow that cloth bridges; how far down the limb
_MOST_OF_ARM = 0.62  # of its thickness that lies on one side of its joints
_BESIDE_SEAM = 0.5  # of the limb: up to there the inner edge keeps beside the torso
_LEAST_ARC = 0.55  # of the circle between seam and side: an outline nearer than this is not the arm's


@dataclass(frozen=True, eq=False)
class Strip:
    """A limb of cloth as cross-sections from seam to cuff: (R, 2) outer and inner ends, and (R,) positions.

    Attributes:
        outer, inner: (R, 2) float64 pixels.
        along: (R,) distance from the seam along the middle line, pixels.
    """

    outer: NDArray[np.float64]
    inner: NDArray[np.float64]
    along: NDArray[np.float64]


def garment_strip(limb: LimbLandmarks, region: Mask) -> Strip:
    """A limb of the product image: its edges from seam to cuff, along the cloth's outline."""
    shares = np.linspace(0.0, 1.0, _LOOKS)[:, None]
    outer = limb.outer + shares * (limb.cuff_outer - limb.outer)
    inner = limb.inner + shares * (limb.cuff_inner - limb.inner)
    axis = (limb.cuff_outer + limb.cuff_inner - limb.outer - limb.inner) / 2
    normal = np.array([-axis[1], axis[0]]) / max(float(np.linalg.norm(axis)), 1e-9)
    normal = normal if normal @ (limb.outer - limb.inner) > 0 else -normal
    outer, inner = (
        _spaced(_on_outline(outer, inner, normal, region)),
        _spaced(_on_outline(inner, outer, -normal, region)),
    )
    centres = (outer + inner) / 2
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1))])
    return Strip(outer, inner, along)


def _on_outline(
    side: NDArray[np.float64], other: NDArray[np.float64], outward: Point, region: Mask
) -> NDArray[np.float64]:
    """Points of a straight edge moved out (or in) to the cloth's outline; its ends are landmarks and stay.

    An edge bends by so much of its length at most: what lies further off is another edge.
    """
    bends = np.zeros(len(side))
    usual = (
        float(np.linalg.norm(side - other, axis=1).mean()) / 2
    )  # the seam runs aslant: half widths vanish there
    furthest = min(_MOST_BEND * float(np.linalg.norm(side[-1] - side[0])), 2 * usual)
    for row in range(1, len(side) - 1):
        middle = (side[row] + other[row]) / 2
        half = abs(float((side[row] - other[row]) @ outward)) / 2
        distance = reach(region, middle, outward, half + furthest + 4)
        if distance is not None and abs(distance - half) < furthest:
            bends[row] = distance - half
    shares = np.linspace(0.0, 1.0, len(side))
    # Towards its ends the ray across meets the seam or the cuff, not the edge.
    bends = np.convolve(bends * np.minimum(1.0, 5.0 * shares * (1 - shares)), np.full(5, 0.2), mode="same")
    return side + bends[:, None] * outward


def _spaced(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, 2) points along a curve at the shares of its length, ends included."""
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    wanted = _SHARES * at[-1]
    return np.stack([np.interp(wanted, at, curve[:, axis]) for axis in (0, 1)], axis=1)


def limb_controls(
    limb: LimbLandmarks,
    strip: Strip,
    chain: list[Point],
    seam_on_person: tuple[Point, Point],
    body: Body,
    numbers: Limb,
    scale: float,
    person_mask: Mask | None,
    arm: ArmOutline | None = None,
) -> ControlPoints:
    """Control points that lay a strip along a chain of joints (shoulder, elbow, wrist; hip, knee, ankle).

    The cuff lies square to the limb, as far along it as the mean of the two edges' own lengths reaches.

    Args:
        chain: the joints that were found, from the torso outward; at least two.
        seam_on_person: (outer, inner) ends of the seam where the torso's warp puts them; it begins there.
        scale: pixels of the person image for one of the product image.
        person_mask: cloth covers the limb's outline where the mask shows it.
        arm: the arm as it is seen, where it was looked for: the mask does not show its inner edge.
    """
    outer_start, inner_start = seam_on_person
    path = np.vstack([(outer_start + inner_start) / 2, *chain[1:]])
    whole = length_of(chain)
    distances = np.linspace(0.0, 1.3 * numbers.max_reach * whole, _DENSE)
    centres, tangents = walk(path, distances)
    handed = handedness(body, limb.part.split("_")[0])
    normals = handed * np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    own = _half_widths_on_limb(strip, distances, normals, whole, body, numbers, scale)
    unit = body.shoulder_width
    seen, slack = _Seen(person_mask, arm, unit), numbers.slack * unit
    inward = _along_outline(own[1], centres, -normals, seen, _LIMB_LIMIT, own[1] - slack, _INSIDE)
    least = own[0] - slack
    if arm is not None and numbers.hang > 0 and arm.hangs(body):
        least = _standing_off(strip, distances, whole, unit, numbers, scale)
        least += _bare_reach(arm, centres, normals, distances / whole, unit)
    outward = _along_outline(own[0], centres, normals, seen, _SHOULDER_LIMIT, least, _COVER)
    if limb.part.endswith("sleeve"):
        upper = min(strip.along[-1] * scale, _UPPER * whole)
        outward = bridged(outward, upper, distances, _HOLLOW * unit)
    inner_side = centres - inward[:, None] * normals
    if arm is None:
        inner_side = _beside_seam(inner_start, inner_side, normals, distances / whole)
    outer_edge = _Edge.starting(outer_start, centres + outward[:, None] * normals, tangents, distances)
    if limb.part.endswith("sleeve"):
        outer_edge = outer_edge.rounded(centres[0], person_mask, body.shoulder_width)
    inner_edge = _Edge.starting(inner_start, inner_side, tangents, distances)
    own_reach = (
        outer_edge.end(_length(strip.outer) * scale) + inner_edge.end(_length(strip.inner) * scale)
    ) / 2
    begun = whole - length_of(path)  # the seam lies so far down
    end = float(np.clip(own_reach, numbers.min_reach * whole - begun, numbers.max_reach * whole - begun))
    outer, inner = outer_edge.rows(end), inner_edge.rows(max(end, inner_edge.least_reach(whole)))
    return _rows_to_controls(limb.part, strip, outer, inner)


@dataclass(frozen=True, eq=False)
class _Edge:
    """One edge of a limb of cloth on the person: a curve from its end of the seam along the limb.

    Attributes:
        curve: (K, 2) points. reach: (K,) how far along the limb each lies. length: (K,) along the curve.
    """

    curve: NDArray[np.float64]
    reach: NDArray[np.float64]
    length: NDArray[np.float64]

    @classmethod
    def starting(
        cls,
        start: Point,
        side: NDArray[np.float64],
        tangents: NDArray[np.float64],
        distances: NDArray[np.float64],
    ) -> "_Edge":
        """What lies behind the seam's end (inside the torso, where an arm hangs down) is left out."""
        past = ((side - start) * tangents).sum(axis=1) > 0
        first = min(int(np.argmax(past)) if past.any() else len(side) - 2, len(side) - 2)
        curve = np.vstack([start, side[first:]])
        steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
        return cls(
            curve,
            np.concatenate([[distances[first]], distances[first:]]),
            np.concatenate([[0], np.cumsum(steps)]),
        )

    def rounded(self, centre: Point, person_mask: Mask | None, width: float) -> "_Edge":
        """The edge led around the shoulder's curve between its end of the seam and the limb's side."""
        arms = [self.curve[0] - centre, self.curve[1] - centre]
        radii = [max(float(np.linalg.norm(arm)), 1e-9) for arm in arms]
        arc = []
        for share in (0.25, 0.5, 0.75):
            direction = (1 - share) * arms[0] / radii[0] + share * arms[1] / radii[1]
            direction = direction / max(float(np.linalg.norm(direction)), 1e-9)
            usual = (1 - share) * radii[0] + share * radii[1]
            found = None if person_mask is None else reach(person_mask, centre, direction, 1.25 * usual)
            arc.append(
                centre
                + (usual if found is None else max(found + _COVER * width, _LEAST_ARC * usual)) * direction
            )
        curve = np.vstack([self.curve[:1], arc, self.curve[1:]])
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        return _Edge(curve, np.concatenate([np.full(3, self.reach[0]), self.reach]), length)

    def end(self, length: float) -> float:
        """How far along the limb the edge ends when it is so long."""
        return float(np.interp(length, self.length, self.reach))

    def least_reach(self, whole: float) -> float:
        """The least that an inner edge must reach to be more than a point."""
        return float(self.reach[1]) + _LEAST_EDGE * whole

    def rows(self, so_far: float) -> NDArray[np.float64]:
        """(R, 2) points from the seam to where the edge reaches so far along the limb."""
        wanted = _SHARES * float(np.interp(so_far, self.reach[1:], self.length[1:]))
        return np.stack([np.interp(wanted, self.length, self.curve[:, axis]) for axis in (0, 1)], axis=1)


@dataclass(frozen=True, eq=False)
class _Seen:
    """Where a limb ends in the photo: by the arm's own outline, or else by the person's mask."""

    mask: Mask | None
    arm: ArmOutline | None
    unit: float

    def reach(self, start: Point, outward: Point, limit: float) -> float | None:
        """Pixels from a place on the limb; None where neither tells."""
        found = None if self.arm is None else self.arm.left(start, outward)
        if found is not None and found < limit:
            return found
        return None if self.mask is None else reach(self.mask, start, outward, limit)


def _along_outline(
    own: NDArray[np.float64],
    centres: NDArray[np.float64],
    normals: NDArray[np.float64],
    seen: _Seen,
    furthest: float,
    least: NDArray[np.float64],
    cover: float,
) -> NDArray[np.float64]:
    """Half widths on one side that follow the limb's outline where it is seen, smoothed along it.

    Args:
        own: (K,) pixels, where the outline is not seen.
        furthest, cover: shoulder widths from the limb that are looked at; by which cloth lies outside of it.
        least: (K,) pixels from the limb's middle that the cloth reaches at least.
    """
    if seen.mask is None:
        return own
    found = [seen.reach(c, n, furthest * seen.unit) for c, n in zip(centres, normals, strict=True)]
    if seen.arm is not None:
        found = _held(found)
    wanted = np.array(
        [
            o if r is None else max(r + cover * seen.unit, at_least)
            for r, o, at_least in zip(found, own, least, strict=True)
        ]
    )
    return np.convolve(np.pad(wanted, 4, mode="edge"), np.full(9, 1 / 9), mode="valid")


def _held(found: list[float | None]) -> list[float | None]:
    """Past where an arm's outline is seen (a hand that turns aside at the wrist) it goes on as it was."""
    last: float | None = None
    held = []
    for reached in found:
        last = last if reached is None else reached
        held.append(last)
    return held


def _bare_reach(
    arm: ArmOutline,
    centres: NDArray[np.float64],
    normals: NDArray[np.float64],
    shares: NDArray[np.float64],
    unit: float,
) -> NDArray[np.float64]:
    """(K,) pixels from the middle to the free side of the arm itself, without its old sleeve."""
    seen = [arm.left(centre, normal) for centre, normal in zip(centres, normals, strict=True)]
    usual = np.array([_MOST_OF_ARM * usual_thickness(float(share)) * unit for share in shares])
    return np.array([most if r is None else min(r, most) for r, most in zip(seen, usual, strict=True)])


def _standing_off(
    strip: Strip,
    distances: NDArray[np.float64],
    whole: float,
    unit: float,
    numbers: Limb,
    scale: float,
) -> NDArray[np.float64]:
    """How far a wide sleeve stands off the outside of an arm that hangs: straight from shoulder to cuff.

    How far at the cuff was measured where such sleeves are worn; most of what a sleeve is wider than the arm
    goes around it.
    """
    end = strip.along[-1] * scale
    wider = 2 * float(_half_widths(strip)[-1]) * scale - usual_thickness(end / whole) * unit
    at_cuff = numbers.stand * unit + numbers.hang * max(wider, 0.0)
    return at_cuff * np.clip(distances / max(end, 1e-9), 0.0, 1.0)


def _beside_seam(
    start: Point, side: NDArray[np.float64], normals: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The inner edge kept from running inside the armpit, where the torso's side begins."""
    inside = np.maximum(0.0, ((start - side) * normals).sum(axis=1))
    fade = np.clip(1.0 - shares / _BESIDE_SEAM, 0.0, 1.0)
    return side + (inside * fade)[:, None] * normals


def _half_widths_on_limb(
    strip: Strip,
    distances: NDArray[np.float64],
    normals: NDArray[np.float64],
    whole: float,
    body: Body,
    numbers: Limb,
    scale: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(outward, inward) from the limb's axis, at distances from the seam, pixels of the person image.

    Cloth is at least as wide as the limb. Wide sleeves hang outward, the more the further from the shoulder:
    on the inside a sleeve is caught between arm and torso (`Limb.inward`). Where the outside faces upwards,
    on an arm held out, cloth falls to the other side.
    """
    shares = distances / max(strip.along[-1] * scale, 1e-9)
    own = np.interp(shares, strip.along / strip.along[-1], _half_widths(strip) * scale)
    limb = np.interp(distances / whole, [0.0, 1.0], numbers.half_width) * body.shoulder_width
    loose = np.clip(own, limb, numbers.max_half_width * body.shoulder_width) - limb
    free = np.clip(distances / (numbers.free_from * whole), 0.0, 1.0)
    caught = np.minimum(np.maximum(own, limb), numbers.inward * limb)
    fallen = np.clip(-normals[:, 1], 0.0, 1.0)
    inward = (1 - fallen) * caught + fallen * (limb + 2 * loose * free)
    return 2 * limb + 2 * loose * free - inward, inward


def _length(side: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.diff(side, axis=0), axis=1).sum())


def strip_border(controls: ControlPoints) -> NDArray[np.float64]:
    """(2 R, 2) polygon around a limb on the person image: down its outer edge, up its inner one."""
    outer, inner = controls.person_xy[:_ROWS], controls.person_xy[_ROWS : 2 * _ROWS]
    return np.vstack([outer, inner[::-1]])


def cuff_middle(controls: ControlPoints) -> Point:
    """(2,) where a limb of cloth ends on the person image."""
    return (controls.person_xy[_ROWS - 1] + controls.person_xy[2 * _ROWS - 1]) / 2


def plainer(controls: ControlPoints) -> Iterator[ControlPoints]:
    """A limb's control points, then fewer and fewer of its cross-sections, for limbs bent too far."""
    yield controls
    for rows in _PLAINER:
        kept = [row + column for column in (0, _ROWS, 2 * _ROWS) for row in rows]
        yield ControlPoints(
            controls.part,
            tuple(controls.names[k] for k in kept),
            controls.person_xy[kept],
            controls.garment_xy[kept],
            controls.weights[kept],
        )


def _half_widths(strip: Strip) -> NDArray[np.float64]:
    """(R,) half of the strip's width across its axis; the seam itself runs aslant and tells nothing."""
    axis = (strip.outer[-1] + strip.inner[-1] - strip.outer[0] - strip.inner[0]) / 2
    normal = np.array([-axis[1], axis[0]]) / max(float(np.linalg.norm(axis)), 1e-9)
    half = np.abs((strip.outer - strip.inner) @ normal) / 2
    half[:3] = half[3]
    return half


def _rows_to_controls(
    part: str, strip: Strip, outer: NDArray[np.float64], inner: NDArray[np.float64]
) -> ControlPoints:
    count = len(outer)
    names = [f"{part}_outer_{n}" for n in range(count)] + [f"{part}_inner_{n}" for n in range(count)]
    middle_person, middle_garment = (outer + inner) / 2, (strip.outer + strip.inner) / 2
    names += [f"{part}_middle_{n}" for n in range(count)]
    return ControlPoints(
        part=part,
        names=tuple(names),
        person_xy=np.vstack([outer, inner, middle_person]),
        garment_xy=np.vstack([strip.outer, strip.inner, middle_garment]),
        weights=np.concatenate([np.ones(2 * count), np.full(count, 0.5)]),
    )
