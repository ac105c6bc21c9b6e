"""Sleeves on arms and trouser legs on legs: strips that follow a chain of joints."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.measure import Point
from flixpose.fit.outline import middle_of_run
from flixpose.fit.regions import LimbLandmarks
from flixpose.fit.rig import Limb
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

_ROWS = 7
_DENSE = 64
_INNER_SHARE = 0.75


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
    """Cross-sections of a limb in the product image, their middle line drawn to the middle of the cloth."""
    start, end = (limb.outer + limb.inner) / 2, (limb.cuff_outer + limb.cuff_inner) / 2
    shares = np.linspace(0.0, 1.0, _ROWS)
    outer = limb.outer + shares[:, None] * (limb.cuff_outer - limb.outer)
    inner = limb.inner + shares[:, None] * (limb.cuff_inner - limb.inner)
    axis = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    normal = np.array([-axis[1], axis[0]])
    normal = normal if normal @ (limb.outer - limb.inner) > 0 else -normal
    for row in range(1, _ROWS - 1):
        middle = (outer[row] + inner[row]) / 2
        half = abs(float((outer[row] - inner[row]) @ normal)) / 2
        found = middle_of_run(region, middle, normal, 2.2 * half)
        if found is not None and 0.5 * half < sum(found) / 2 < 1.7 * half:
            outer[row] = middle + normal * found[1]
            inner[row] = middle - normal * found[0]
    centres = (outer + inner) / 2
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1))])
    return Strip(outer, inner, along)


def limb_controls(
    limb: LimbLandmarks,
    strip: Strip,
    chain: list[Point],
    seam_on_person: tuple[Point, Point],
    body: Body,
    numbers: Limb,
    scale: float,
) -> ControlPoints:
    """Control points that lay a strip along a chain of joints (shoulder, elbow, wrist; hip, knee, ankle).

    Args:
        chain: the joints that were found, from the torso outward; at least two.
        seam_on_person: (outer, inner) ends of the seam where the torso's warp puts them; the strip begins there.
        scale: pixels of the person image for one of the product image.
    """
    outer_start, inner_start = seam_on_person
    start = (outer_start + inner_start) / 2
    path = np.vstack([start, *chain[1:]])
    whole = float(np.linalg.norm(np.diff(np.array(chain), axis=0), axis=1).sum())
    length = float(np.clip(strip.along[-1] * scale, numbers.min_reach * whole, numbers.max_reach * whole))
    handed = _handedness(path[1] - path[0], outer_start - inner_start)
    shares = np.linspace(0.0, 1.0, _DENSE)
    centres, tangents = _walk(path, shares * length)
    least = np.interp(shares * length / whole, [0.0, 1.0], numbers.half_width) * body.shoulder_width
    widths = np.linalg.norm(strip.outer - strip.inner, axis=1) / 2 * scale
    own = np.interp(shares, strip.along / strip.along[-1], widths)
    half = np.clip(own, least, numbers.max_half_width * body.shoulder_width)
    # Wide sleeves hang outward: on the inside the cloth is caught between arm and torso.
    inner_half = np.minimum(half, _INNER_SHARE * least)
    normals = handed * np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    outer = _from_seam(outer_start, centres + (2 * half - inner_half)[:, None] * normals, tangents)
    inner = _from_seam(inner_start, centres - inner_half[:, None] * normals, tangents)
    return _rows_to_controls(limb.part, strip, outer, inner)


def _from_seam(start: Point, side: NDArray[np.float64], tangents: NDArray[np.float64]) -> NDArray[np.float64]:
    """One edge of a limb, from its end of the seam on: (R, 2), evenly spaced.

    The part of the edge that lies behind the seam's end (inside the torso, where an arm hangs down) is left out.
    """
    past = ((side - start) * tangents).sum(axis=1) > 0
    first = int(np.argmax(past)) if past.any() else len(side) - 1
    curve = np.vstack([start, side[first:]])
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    wanted = np.linspace(0.0, at[-1], _ROWS)
    return np.stack([np.interp(wanted, at, curve[:, 0]), np.interp(wanted, at, curve[:, 1])], axis=1)


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


def _handedness(direction: Point, outward: Point) -> float:
    """+1 where the outer side lies to the left-hand normal (-dy, dx) of the direction, else -1."""
    return 1.0 if float(-direction[1] * outward[0] + direction[0] * outward[1]) > 0 else -1.0


def _walk(
    path: NDArray[np.float64], distances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points and unit tangents at distances along a polyline; past its end it goes straight on.

    Tangents turn gradually around a joint, so that cross-sections do not cross in its crook.
    """
    steps = np.diff(path, axis=0)
    lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
    units = steps / lengths[:, None]
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    points, tangents = [], []
    for distance in distances:
        bone = int(np.clip(np.searchsorted(ends, distance, side="right") - 1, 0, len(units) - 1))
        points.append(path[bone] + (distance - ends[bone]) * units[bone])
        tangents.append(_turning(units, lengths, ends, bone, float(distance)))
    return np.array(points), np.array(tangents)


def _turning(
    units: NDArray[np.float64], lengths: NDArray[np.float64], ends: NDArray[np.float64], bone: int, at: float
) -> Point:
    tangent = units[bone].copy()
    for joint, neighbour in ((bone, bone - 1), (bone + 1, bone + 1)):
        if 0 <= neighbour < len(units):
            zone = 0.45 * min(lengths[bone], lengths[neighbour])
            nearness = max(0.0, 1.0 - abs(at - ends[joint]) / zone)
            tangent += nearness * units[neighbour]
    return tangent / max(float(np.linalg.norm(tangent)), 1e-9)
