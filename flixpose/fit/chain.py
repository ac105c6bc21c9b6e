"""Walking down a limb: places and directions along a chain of joints."""

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, Point

Curve = NDArray[np.float64]


def length_of(chain: list[Point] | Curve) -> float:
    """Pixels from the first joint to the last."""
    return float(np.linalg.norm(np.diff(np.array(chain), axis=0), axis=1).sum())


def lengths_along(curve: Curve) -> NDArray[np.float64]:
    """(K,) how far along a curve each of its (K, 2) places lies."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])


def places_along(curve: Curve, distances: NDArray[np.float64]) -> Curve:
    """(N, 2) places at (N,) distances along a curve."""
    at = lengths_along(curve)
    return np.stack([np.interp(distances, at, curve[:, axis]) for axis in (0, 1)], axis=1)


def handedness(body: Body, side: str) -> float:
    """+1 where a limb's outer edge lies to the left-hand normal (-dy, dx) of its direction, else -1.

    A limb keeps its handedness however it turns; hanging down, its outer edge is the one away from the torso.

    Args:
        side: "left" or "right", the wearer's.
    """
    across = body.across_at(0.0) if side == "left" else -body.across_at(0.0)
    return 1.0 if float(-body.down[1] * across[0] + body.down[0] * across[1]) > 0 else -1.0


def walk(path: Curve, distances: NDArray[np.float64]) -> tuple[Curve, Curve]:
    """Points and unit tangents at distances along a polyline; past its end it goes straight on.

    Tangents turn gradually around a joint, so that cross-sections do not cross in its crook.
    """
    steps = np.diff(path, axis=0)
    lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
    units = steps / lengths[:, None]
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    bones = np.clip(np.searchsorted(ends, distances, side="right") - 1, 0, len(units) - 1)
    points = path[bones] + (distances - ends[bones])[:, None] * units[bones]
    tangents = units[bones]
    for joints, neighbours in ((bones, bones - 1), (bones + 1, bones + 1)):
        there = (neighbours >= 0) & (neighbours < len(units))
        neighbours = np.where(there, neighbours, bones)
        zones = 0.45 * np.minimum(lengths[bones], lengths[neighbours])
        nearness = np.maximum(0.0, 1.0 - np.abs(distances - ends[joints]) / zones)
        tangents += (there * nearness)[:, None] * units[neighbours]
    return points, tangents / np.maximum(np.linalg.norm(tangents, axis=1), 1e-9)[:, None]
