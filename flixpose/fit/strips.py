"""Strips of cloth along a limb: sleeves and trouser legs as cross-sections from seam to cuff."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import unit_vector
from flixpose.fit.chain import length_of, lengths_along, places_along
from flixpose.fit.measure import Point
from flixpose.fit.outline import reach
from flixpose.fit.regions import LimbLandmarks
from flixpose.fit.remembered import remembered
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

# Where along a limb its cross-sections lie, seam 0 to cuff 1: closer together around the shoulder's curve.
SHARES = np.array([0.0, 0.06, 0.14, 0.27, 0.42, 0.60, 0.80, 1.0])
ROWS = len(SHARES)
_PLAINER = ((0, 3, 5, 7), (0, 5, 7), (0, 7))
_LOOKS = 25
_MOST_BEND = 0.25
_LEAST_EDGE = 0.04  # of the limb
_LEAST_ARC = 0.55  # of the circle between seam and side: an outline nearer than this is not the arm's
COVER = 0.006  # shoulder widths: cloth lies outside the limb's outline by so much


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


@remembered
def garment_strip(limb: LimbLandmarks, region: Mask) -> Strip:
    """A limb of the product image: its edges from seam to cuff, along the cloth's outline."""
    shares = np.linspace(0.0, 1.0, _LOOKS)[:, None]
    outer = limb.outer + shares * (limb.cuff_outer - limb.outer)
    inner = limb.inner + shares * (limb.cuff_inner - limb.inner)
    outer, inner = _spaced(_on_outline(outer, inner, region)), _spaced(_on_outline(inner, outer, region))
    centres = (outer + inner) / 2
    return Strip(outer, inner, lengths_along(centres))


def _on_outline(side: NDArray[np.float64], other: NDArray[np.float64], region: Mask) -> NDArray[np.float64]:
    """Points of a straight edge moved out (or in) to the cloth's outline; its ends are landmarks and stay.

    They move along the lines from edge to edge, which turn from the seam's direction to the cuff's: so the
    curve of a shoulder is followed from the seam on, and so is the fork below an armpit. An edge bends by so
    much of its length at most: what lies further off is another edge.
    """
    across = side - other
    halves = np.maximum(np.linalg.norm(across, axis=1), 1e-9) / 2
    outward = across / (2 * halves[:, None])
    furthest = min(_MOST_BEND * float(np.linalg.norm(side[-1] - side[0])), 2 * float(halves.mean()))
    rows, bends = [0], [0.0]
    for row in range(1, len(side) - 1):
        middle = (side[row] + other[row]) / 2
        distance = reach(region, middle, outward[row], float(halves[row]) + furthest + 4)
        if distance is not None and abs(distance - halves[row]) < furthest:
            rows, bends = [*rows, row], [*bends, distance - float(halves[row])]
    found = np.interp(np.arange(len(side)), [*rows, len(side) - 1], [*bends, 0.0])
    smooth = np.convolve(np.pad(found, 2, mode="reflect", reflect_type="odd"), np.full(5, 0.2), mode="valid")
    return side + smooth[:, None] * outward


def _spaced(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, 2) points along a curve at the shares of its length, ends included."""
    return places_along(curve, SHARES * length_of(curve))


@dataclass(frozen=True, eq=False)
class Edge:
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
    ) -> "Edge":
        """What lies behind the seam's end (inside the torso, where an arm hangs down) is left out."""
        past = ((side - start) * tangents).sum(axis=1) > 0
        first = min(int(np.argmax(past)) if past.any() else len(side) - 2, len(side) - 2)
        curve = np.vstack([start, side[first:]])
        return cls(curve, np.concatenate([[distances[first]], distances[first:]]), lengths_along(curve))

    def rounded(self, centre: Point, person_mask: Mask | None, width: float) -> "Edge":
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
                + (usual if found is None else max(found + COVER * width, _LEAST_ARC * usual)) * direction
            )
        curve = np.vstack([self.curve[:1], arc, self.curve[1:]])
        return Edge(curve, np.concatenate([np.full(3, self.reach[0]), self.reach]), lengths_along(curve))

    def end(self, length: float) -> float:
        """How far along the limb the edge ends when it is so long."""
        return float(np.interp(length, self.length, self.reach))

    def least_reach(self, whole: float) -> float:
        """The least that an inner edge must reach to be more than a point."""
        return float(self.reach[1]) + _LEAST_EDGE * whole

    def rows(self, so_far: float, shares: NDArray[np.float64] = SHARES) -> NDArray[np.float64]:
        """(R, 2) points from the seam to where the edge reaches so far along the limb."""
        return places_along(self.curve, shares * float(np.interp(so_far, self.reach[1:], self.length[1:])))


def strip_border(controls: ControlPoints) -> NDArray[np.float64]:
    """(2 R, 2) polygon around a limb on the person image: down its outer edge, up its inner one."""
    outer, inner = controls.person_xy[:ROWS], controls.person_xy[ROWS : 2 * ROWS]
    return np.vstack([outer, inner[::-1]])


def cuff_middle(controls: ControlPoints) -> Point:
    """(2,) where a limb of cloth ends on the person image."""
    return (controls.person_xy[ROWS - 1] + controls.person_xy[2 * ROWS - 1]) / 2


def cuff_direction(controls: ControlPoints) -> Point:
    """(2,) unit vector in which a limb of cloth ends on the person image."""
    before = (controls.person_xy[ROWS - 2] + controls.person_xy[2 * ROWS - 2]) / 2
    along = cuff_middle(controls) - before
    return along / max(float(np.linalg.norm(along)), 1e-9)


def plainer(controls: ControlPoints) -> Iterator[ControlPoints]:
    """A limb's control points, then fewer and fewer of its cross-sections, for limbs bent too far."""
    yield controls
    for rows in _PLAINER:
        kept = [row + column for column in (0, ROWS, 2 * ROWS) for row in rows]
        yield ControlPoints(
            controls.part,
            tuple(controls.names[k] for k in kept),
            controls.person_xy[kept],
            controls.garment_xy[kept],
            controls.weights[kept],
        )


def half_widths(strip: Strip) -> NDArray[np.float64]:
    """(R,) half of the strip's width across its axis; the seam itself runs aslant and tells nothing."""
    axis = (strip.outer[-1] + strip.inner[-1] - strip.outer[0] - strip.inner[0]) / 2
    normal = np.array([-axis[1], axis[0]]) / max(float(np.linalg.norm(axis)), 1e-9)
    half = np.abs((strip.outer - strip.inner) @ normal) / 2
    half[:3] = half[3]
    return half


def rows_to_controls(
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


def on_side(matte: Mask, half: Strip, *, last: bool) -> Mask:
    """The matte up to a half's last cross-section, or from its first one on."""
    row = -1 if last else 0
    middle = (half.outer[row] + half.inner[row]) / 2
    before = (half.outer[-1] + half.inner[-1] - half.outer[0] - half.inner[0]) / 2
    across = half.outer[row] - half.inner[row]
    square = np.array([-across[1], across[0]])
    square = unit_vector(square if square @ before > 0 else -square)
    height, width = matte.alpha.shape
    y, x = np.ogrid[:height, :width]
    off = (x + 0.5 - middle[0]) * square[0] + (y + 0.5 - middle[1]) * square[1]
    kept = np.clip((-off if last else off) + 0.5, 0.0, 1.0)
    return Mask(np.rint(matte.alpha * kept).astype(np.uint8))
