"""Human-like figures out of clay: torso, limbs, hands and feet by build and stance.

Every figure is 1.72 m high. Left and right are the wearer's; the figure faces -y, and its left is +x.
Tables mix two body forms: 0 = narrow shoulders and wide hips, 1 = broad shoulders and narrow hips.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from flixpose.studio.solid import Array, Part, Sections, ellipsoid, limb, loft, moved, round_cone

SIDES = (("left", 1.0), ("right", -1.0))

# millimetres by height; the lowest rows round off between the legs
_HEIGHTS = (
    0.765, 0.785, 0.81, 0.84, 0.87, 0.93, 1.0, 1.07, 1.14,
    1.21, 1.28, 1.34, 1.385, 1.42, 1.45, 1.49, 1.53, 1.58,
)  # fmt: skip
_WIDTH = (
    (40, 110, 145, 158, 163, 157, 136, 119, 123, 132, 139, 138, 116, 70, 47, 42, 41, 41),
    (40, 110, 145, 155, 158, 154, 147, 141, 146, 157, 167, 168, 142, 90, 62, 53, 52, 52),
)  # fmt: skip
_FRONT = (
    (25, 50, 72, 84, 91, 90, 85, 79, 83, 90, 91, 78, 63, 55, 50, 47, 47, 47),
    (25, 50, 74, 86, 94, 95, 95, 94, 98, 105, 108, 97, 78, 64, 58, 55, 55, 55),
)  # fmt: skip
_BACK = (
    (25, 60, 90, 108, 114, 102, 83, 76, 82, 92, 97, 98, 85, 68, 58, 50, 48, 48),
    (25, 60, 88, 104, 108, 98, 88, 84, 91, 103, 113, 114, 98, 78, 66, 59, 58, 58),
)  # fmt: skip
_AXIS_Y = (12, 12, 13, 14, 14, 9, 1, -3, 0, 6, 12, 14, 13, 11, 8, 3, 0, 0)

UPPER_ARM, FOREARM = 0.290, 0.250


@dataclass(frozen=True)
class Build:
    """A body's form.

    Attributes:
        form: 0..1 (see the module). girth: 1 = slim; scales the trunk's and limbs' thickness.
        bust: 0..1. muscle: 0..1, arms, shoulders, calves. hips: 1 = as the table says.
    """

    form: float = 0.0
    girth: float = 1.0
    bust: float = 0.6
    muscle: float = 0.2
    hips: float = 1.0

    def mix(self, low: float, high: float) -> float:
        return low + (high - low) * self.form


@dataclass(frozen=True)
class Arm:
    """How an arm is held; all directions are (outward, forward, up).

    Attributes:
        reach: from shoulder to wrist, in units of the arm's length. elbow: where the elbow points.
        fingers: where the fingers point; None = on along the forearm. palm: where the palm faces.
        curl: 0 = straight fingers, 1 = fist.
    """

    reach: tuple[float, float, float] = (0.27, 0.09, -0.945)
    elbow: tuple[float, float, float] = (0.12, -1.0, 0.0)
    fingers: tuple[float, float, float] | None = None
    palm: tuple[float, float, float] = (-1.0, -0.35, -0.1)
    curl: float = 0.25


ON_HIP = Arm(
    reach=(0.16, 0.06, -0.66),
    elbow=(1.0, -0.35, 0.1),
    fingers=(-0.8, 0.5, -0.45),
    palm=(-0.5, -0.6, -0.25),
    curl=0.3,
)


@dataclass(frozen=True)
class Stance:
    """How a figure stands.

    Attributes:
        sway: metres by which the hips are pushed to the figure's left. apart: half the ankles' distance.
        step: metres by which the right foot is forward.
    """

    left: Arm = field(default_factory=Arm)
    right: Arm = field(default_factory=Arm)
    sway: float = 0.0
    apart: float = 0.10
    step: float = 0.0


@dataclass(frozen=True, eq=False)
class Figure:
    """A modelled body: clay by region, and joints ((3,) metres) by name such as "left_elbow"."""

    build: Build
    stance: Stance
    joints: dict[str, Array]
    torso: tuple[Part, ...]
    arms: tuple[Part, ...]
    hands: tuple[Part, ...]
    legs: tuple[Part, ...]

    @property
    def skin(self) -> tuple[Part, ...]:
        return self.torso + self.legs + self.arms + self.hands


def figure(build: Build, stance: Stance) -> Figure:
    """The clay of a body in a stance (its head and shoes are models of their own)."""
    joints = _joints(build, stance)
    arms, hands, legs = [], [], []
    for name, side in SIDES:
        held = stance.left if name == "left" else stance.right
        arms += _arm(build, joints, name, side)
        hands += _hand(build, joints, name, side, held)
        legs += _leg(build, joints, name, side)
    return Figure(
        build, stance, joints, tuple(_torso(build, stance, joints)), tuple(arms), tuple(hands), tuple(legs)
    )


def unit(v: ArrayLike) -> Array:
    vector = np.asarray(v, float)
    return vector / np.linalg.norm(vector)


def _hip_shift(sway: float, z: float) -> float:
    return sway * float(np.exp(-(((z - 0.88) / 0.26) ** 2)))


def _joints(build: Build, stance: Stance) -> dict[str, Array]:
    joints: dict[str, Array] = {}
    for name, side in SIDES:
        tilt = -side * stance.sway * 0.25
        shoulder = np.array([side * build.mix(0.149, 0.170), 0.012, build.mix(1.383, 1.386) + tilt])
        hip = np.array([side * 0.085 * build.hips + _hip_shift(stance.sway, 0.86), 0.008, 0.87 - tilt * 0.8])
        forward = -stance.step if name == "right" else 0.0
        ankle = np.array([side * stance.apart, 0.022 + forward, 0.085])
        held = stance.left if name == "left" else stance.right
        elbow, wrist = _bend(shoulder, held, side)
        joints |= {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist}
        joints |= {f"{name}_hip": hip, f"{name}_knee": _knee(hip, ankle, side), f"{name}_ankle": ankle}
    return joints


def _world(direction: tuple[float, float, float], side: float) -> Array:
    """(outward, forward, up) as a vector of the world."""
    return np.array([direction[0] * side, -direction[1], direction[2]])


def _bend(shoulder: Array, held: Arm, side: float) -> tuple[Array, Array]:
    reach = _world(held.reach, side) * (UPPER_ARM + FOREARM)
    length = min(float(np.linalg.norm(reach)), (UPPER_ARM + FOREARM) * 0.999)
    along = unit(reach)
    foot = (UPPER_ARM**2 - FOREARM**2 + length**2) / (2 * length)
    pole = _world(held.elbow, side)
    pole = unit(pole - along * (pole @ along))
    elbow = shoulder + along * foot + pole * np.sqrt(max(UPPER_ARM**2 - foot**2, 0.0))
    return elbow, shoulder + along * length


def _knee(hip: Array, ankle: Array, side: float) -> Array:
    slack = 0.018 + 0.10 * abs(ankle[1] - 0.022)
    return hip + (ankle - hip) * 0.505 + np.array([-side * 0.004, -slack, 0.0])


def _torso(build: Build, stance: Stance, joints: dict[str, Array]) -> list[Part]:
    def row(pair: tuple[tuple[int, ...], tuple[int, ...]]) -> list[float]:
        return [build.mix(low, high) / 1000 for low, high in zip(*pair, strict=True)]

    widths = [
        w * (_girth_at(build, z)) * (1 + (build.hips - 1) * _hip_shift(1.0, z))
        for w, z in zip(row(_WIDTH), _HEIGHTS, strict=True)
    ]
    trunk = Sections(
        heights=_HEIGHTS,
        half_width=widths,
        front=[f * _girth_at(build, z) for f, z in zip(row(_FRONT), _HEIGHTS, strict=True)],
        back=[b * _girth_at(build, z) for b, z in zip(row(_BACK), _HEIGHTS, strict=True)],
        axis_y=[y / 1000 for y in _AXIS_Y],
        axis_x=[_hip_shift(stance.sway, z) for z in _HEIGHTS],
        squareness=2.25,
    )
    parts = [loft(trunk)]
    for name, side in SIDES:
        parts += _chest(build, side) + _shoulder_girdle(build, joints[f"{name}_shoulder"], side)
        parts.append(
            ellipsoid(
                (side * 0.075 + _hip_shift(stance.sway, 0.87), 0.075, 0.865), (0.078, 0.068, 0.085), 0.05
            )
        )
    return parts


def _girth_at(build: Build, z: float) -> float:
    """Trunks grow thicker between hips and chest, hardly at the neck."""
    return 1.0 + (build.girth - 1.0) * float(
        np.interp(z, (0.765, 0.9, 1.2, 1.34, 1.5), (0.8, 1.0, 1.0, 0.6, 0.3))
    )


def _chest(build: Build, side: float) -> list[Part]:
    if build.form > 0.5:
        return [ellipsoid((side * 0.076, -0.071 * build.girth, 1.272), (0.072, 0.030, 0.055), 0.025)]
    size = 0.8 + 0.35 * build.bust
    depth = -0.082 * build.girth - 0.012 * build.bust
    return [
        ellipsoid((side * 0.072, depth, 1.222), (0.056 * size, 0.046 * size, 0.050 * size), 0.05),
        ellipsoid((side * 0.074, depth + 0.022, 1.268), (0.046, 0.030, 0.055), 0.06),
    ]


def _shoulder_girdle(build: Build, shoulder: Array, side: float) -> list[Part]:
    thick = build.mix(0.024, 0.036)
    return [
        round_cone(
            (side * 0.030, 0.020, 1.455), moved(shoulder, -0.02 * side, 0.008, 0.012), thick, thick, 0.05
        ),
        round_cone(
            (side * 0.018, -0.052, 1.405), moved(shoulder, -0.02 * side, -0.018, 0.022), 0.010, 0.012, 0.022
        ),
        round_cone(
            (side * 0.014, -0.040, 1.410), (side * build.mix(0.034, 0.042), 0.012, 1.53), 0.008, 0.009, 0.012
        ),
        ellipsoid((side * build.mix(0.10, 0.13), 0.03, 1.29), (0.055, 0.075, 0.10), 0.06),
    ]


# (share of the bone, radius in metres) for the narrow form
_UPPER_ARM = ((0.0, 0.037), (0.2, 0.040), (0.45, 0.0365), (0.75, 0.031), (1.0, 0.0275))
_FOREARM = ((0.0, 0.0275), (0.12, 0.0305), (0.28, 0.0325), (0.55, 0.0275), (0.85, 0.0195), (1.0, 0.0175))
_THIGH = ((0.0, 0.080), (0.2, 0.080), (0.5, 0.069), (0.8, 0.053), (1.0, 0.0465))
_SHIN = ((0.0, 0.0455), (0.12, 0.046), (0.30, 0.0495), (0.5, 0.043), (0.75, 0.0315), (1.0, 0.0275))


def _thicker(radii: tuple[tuple[float, float], ...], by: float) -> list[tuple[float, float]]:
    return [(share, radius * by) for share, radius in radii]


def _arm(build: Build, joints: dict[str, Array], name: str, side: float) -> list[Part]:
    shoulder, elbow, wrist = (joints[f"{name}_{j}"] for j in ("shoulder", "elbow", "wrist"))
    thick = (0.48 + 0.5 * build.girth + 0.22 * build.muscle) * build.mix(0.98, 1.08)
    upper = unit(elbow - shoulder)
    biceps = moved(elbow - upper * 0.13, 0, -0.007, 0)
    deltoid = shoulder + upper * 0.045 + np.array([side * 0.007, 0.0, -0.002])
    return [
        limb(shoulder, elbow, _thicker(_UPPER_ARM, thick), 0.045),
        ellipsoid(deltoid, (0.037 * thick, 0.044 * thick, 0.062), 0.03),
        round_cone(biceps - upper * 0.035, biceps + upper * 0.035, 0.029 * thick, 0.028 * thick, 0.02),
        limb(elbow, wrist, _thicker(_FOREARM, thick), 0.008),
    ]


# finger: (offset across the palm towards the thumb, length of the whole finger, radius), metres
_FINGERS = ((0.029, 0.068, 0.0082), (0.010, 0.076, 0.0085), (-0.010, 0.070, 0.0082), (-0.028, 0.055, 0.0072))


def _hand(build: Build, joints: dict[str, Array], name: str, side: float, held: Arm) -> list[Part]:
    wrist, elbow = joints[f"{name}_wrist"], joints[f"{name}_elbow"]
    along = unit(wrist - elbow) if held.fingers is None else unit(_world(held.fingers, side))
    palm = _world(held.palm, side)
    palm = unit(palm - along * (palm @ along))
    thumb = np.cross(along, palm) * side
    if held.fingers is None and thumb[1] > 0:
        thumb = -thumb
    size = build.mix(0.95, 1.06)
    frame = np.stack([along, thumb, palm])
    middle = wrist + along * 0.048 * size
    parts = [
        ellipsoid(middle, (0.060 * size, 0.040 * size, 0.0165 * size), 0.02, axes=frame),
        round_cone(wrist, wrist + along * 0.03 * size, 0.0195 * size, 0.021 * size, 0.02),
        ellipsoid(
            wrist + (along * 0.035 + thumb * 0.022 + palm * 0.008) * size,
            np.array([0.032, 0.016, 0.015]) * size,
            0.012,
            axes=frame,
        ),
    ]
    for across, length, radius in _FINGERS:
        root = wrist + (along * (0.088 - abs(across - 0.008) * 0.25) + thumb * across) * size
        spread = unit(along + thumb * across * 1.6)
        parts += _digit(root, spread, palm, length * size, radius * size, held.curl)
    base = wrist + (along * 0.035 + thumb * 0.028 + palm * 0.008) * size
    parts += _digit(base, unit(along + thumb * 0.75 + palm * 0.25), palm, 0.062 * size, 0.0095 * size, 0.15)
    return parts


def _digit(root: Array, along: Array, palm: Array, length: float, radius: float, curl: float) -> list[Part]:
    parts, start, direction = [], root, along
    for bone, share in enumerate((0.42, 0.32, 0.26)):
        angle = curl * (0.9, 1.1, 0.8)[bone]
        direction = unit(direction * np.cos(angle) + palm * np.sin(angle))
        end = start + direction * length * share
        parts.append(round_cone(start, end, radius * (1 - 0.07 * bone), radius * (0.94 - 0.08 * bone), 0.005))
        start = end
    return parts


def _leg(build: Build, joints: dict[str, Array], name: str, side: float) -> list[Part]:
    hip, knee, ankle = (joints[f"{name}_{j}"] for j in ("hip", "knee", "ankle"))
    thick = (0.35 + 0.65 * build.girth) * (1.0 + 0.06 * build.muscle)
    calf = knee + (ankle - knee) * 0.28 + np.array([0.0, 0.012, 0.0])
    return [
        limb(moved(hip, 0, 0, -0.01), knee, _thicker(_THIGH, thick), 0.03),
        ellipsoid(moved(hip, side * 0.026, 0.0, -0.05), (0.055 * thick, 0.080 * thick, 0.12), 0.05),
        limb(knee, ankle, _thicker(_SHIN, thick), 0.008),
        ellipsoid(calf, (0.038 * thick, 0.048 * thick, 0.09), 0.02),
        ellipsoid(moved(knee, 0, -0.014, 0.004), (0.028 * thick, 0.034 * thick, 0.045), 0.02),
    ]
