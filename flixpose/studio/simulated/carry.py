"""Cloth that goes where the body goes: before it falls, each frame carries it along with the nearest bones.

Linear blend skinning by the points as sewn; it keeps sleeves on arms that bend, and the fall does the rest.
"""

from collections.abc import Callable

import numpy as np

from flixpose.studio.body import SIDES, Figure
from flixpose.studio.simulated.sewing import Sewn, along_arm
from flixpose.studio.solid import Array

Pose = Callable[[float], Figure]
Carry = Callable[[Array, float, float], Array]

_ELBOW, _BEND = 0.537, 0.07
_KNEE, _HIP = 0.48, 0.84
_BONES = tuple(
    (f"{side}_{start}", f"{side}_{end}")
    for side, _ in SIDES
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)


def carrier(sewn: Sewn, fitting: Figure, pose: Pose) -> Carry:
    """A function that moves cloth from how the body is at one moment to how it is at another."""
    weights = _weights(sewn, fitting)

    def carry(points: Array, before: float, after: float) -> Array:
        first, last = pose(before), pose(after)
        moved = points + _shift(first, last, points) * weights["trunk"][:, None]
        for start, end in _BONES:
            weight = weights[f"{start} {end}"]
            near = np.flatnonzero(weight > 0)
            there = _along_bone(first.joints, last.joints, start, end, points[near])
            moved[near] += (there - points[near]) * weight[near, None]
        return moved

    return carry


def _weights(sewn: Sewn, fitting: Figure) -> dict[str, Array]:
    """Name → (V,) how much a bone carries each point; all of them add up to 1."""
    points = sewn.points
    found: dict[str, Array] = {}
    trunk = np.ones(len(points))
    legs = any(name == "crotch" for name in sewn.landmarks)
    for name, side in SIDES:
        share = along_arm(fitting, name, points)
        arm = np.zeros(len(points)) if legs else _rise(share, -0.02, 0.16)
        lower = _rise(share, _ELBOW - _BEND, _ELBOW + _BEND)
        found[f"{name}_shoulder {name}_elbow"] = arm * (1 - lower)
        found[f"{name}_elbow {name}_wrist"] = arm * lower
        leg = (
            _rise(points[:, 0] * side, -0.01, 0.01) * _rise(-points[:, 2], -_HIP, -_HIP + 0.14)
            if legs
            else np.zeros(len(points))
        )
        shin = _rise(-points[:, 2], -_KNEE - 0.04, -_KNEE + 0.04)
        found[f"{name}_hip {name}_knee"] = leg * (1 - shin)
        found[f"{name}_knee {name}_ankle"] = leg * shin
        trunk = trunk - arm - leg
    return found | {"trunk": trunk}


def _rise(value: Array, low: float, high: float) -> Array:
    share = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))


def _shift(first: Figure, last: Figure, points: Array) -> Array:
    """(V, 3) how the trunk's axis moves at each point's height."""
    sway = last.stance.sway - first.stance.sway
    moved = np.zeros_like(points)
    moved[:, 0] = sway * np.exp(-(((points[:, 2] - 0.88) / 0.26) ** 2))
    return moved


def _along_bone(
    first: dict[str, Array], last: dict[str, Array], start: str, end: str, points: Array
) -> Array:
    turn = turning(first[end] - first[start], last[end] - last[start])
    return np.asarray(last[start] + (points - first[start]) @ turn.T)


def turning(a: Array, b: Array) -> Array:
    """(3, 3) the smallest rotation that takes direction `a` to direction `b`."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis, cosine = np.cross(a, b), float(a @ b)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / max(1.0 + cosine, 1e-6))
