"""Walking down a limb: places and directions along a chain of joints."""

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, Point

Curve = NDArray[np.float64]


def length_of(chain: list[Point] | Curve) -> float:
    """Pixels from the first joint to the last."""
    return float(np.linalg.norm(np.diff(np.array(chain), axis=0), axis=1).sum())


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
    points, tangents = [], []
    for distance in distances:
        bone = int(np.clip(np.searchsorted(ends, distance, side="right") - 1, 0, len(units) - 1))
        points.append(path[bone] + (distance - ends[bone]) * units[bone])
        tangents.append(_turning(units, lengths, ends, bone, float(distance)))
    return np.array(points), np.array(tangents)


def _turning(units: Curve, lengths: NDArray[np.float64], ends: Curve, bone: int, at: float) -> Point:
    tangent = units[bone].copy()
    for joint, neighbour in ((bone, bone - 1), (bone + 1, bone + 1)):
        if 0 <= neighbour < len(units):
            zone = 0.45 * min(lengths[bone], lengths[neighbour])
            nearness = max(0.0, 1.0 - abs(at - ends[joint]) / zone)
            tangent += nearness * units[neighbour]
    return tangent / max(float(np.linalg.norm(tangent)), 1e-9)
