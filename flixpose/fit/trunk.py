"""What all of a trunk's control points need: garment, body and numbers, and the points as they are found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import ArmOutline
from flixpose.fit.body import Body
from flixpose.fit.legs import Leg
from flixpose.fit.measure import GarmentFrame, Point
from flixpose.fit.outline import reach
from flixpose.fit.rig import Rig
from flixpose.fit.silhouette import trunk_edge
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

_BESIDE_ARM = 0.85
_MOST_LEAN = 0.25  # shoulder widths from shoulders to hips
_UNDER_ARM = 0.015  # shoulder widths
# Of its breadth, to which a hanging arm holds a wide top in at most, and shoulder widths that it goes on
# under the arm: sleeves begin where the cloth does, and there would be a slit beside them.
_PRESSED, _PRESSED_UNDER = 0.85, 0.025
SIDES = (("left", 1.0), ("right", -1.0))


@dataclass
class Points:
    """Control points as they are found."""

    names: list[str] = field(default_factory=list)
    person: list[Point] = field(default_factory=list)
    garment: list[Point] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, name: str, person: Point, garment: Point, weight: float = 1.0) -> None:
        self.names.append(name)
        self.person.append(np.asarray(person, dtype=np.float64))
        self.garment.append(np.asarray(garment, dtype=np.float64))
        self.weights.append(weight)

    def of(self, name: str) -> tuple[Point, Point]:
        row = self.names.index(name)
        return self.person[row], self.garment[row]

    def freeze(self, part: str) -> ControlPoints:
        return ControlPoints(
            part, tuple(self.names), np.array(self.person), np.array(self.garment), np.array(self.weights)
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """Everything that places a trunk: the garment, its frame, the body, the numbers, and two masks.

    Attributes:
        cloth: the trunk's region of the product image.
        person: all of the person, on the person image; None without a mask.
        front: the lowest point of the front neckline in the product image; None where there is none.
        outline: the person without bare arms, face and hair, on the person image; None without a mask.
        arms: "left", "right" → how far that arm is seen to reach; empty where nobody looked.
        legs: likewise, for garments that have legs.
        top: (3,) depths where the worn top ends, for garments worn below it (`fit.waist`).
    """

    garment: Garment
    frame: GarmentFrame
    body: Body
    rig: Rig
    cloth: Mask
    outline: Mask | None
    person: Mask | None = None
    front: Point | None = None
    arms: Mapping[str, ArmOutline] = field(default_factory=dict)
    legs: Mapping[str, Leg] = field(default_factory=dict)
    top: NDArray[np.float64] | None = None

    def own(self, xy: Point) -> tuple[float, float]:
        return self.frame.own(xy, self.body)


# The trunk's border on the person, down the wearer's left side and up the right, by name.
_BORDER = (
    *(
        "hood_4",
        "hood_3",
        "hood_2",
        "hood_1",
        "neck",
        "shoulder_line_1",
        "shoulder_line_2",
        "shoulder_line_3",
        "shoulder_line_4",
        "shoulder",
        "cap_1",
        "cap_2",
        "armhole_1",
        "armhole_2",
        "armpit",
    ),
    *(
        "under_armpit_1",
        "under_armpit_2",
        "side_armpit_1",
        "side_armpit_2",
        "side_armpit_3",
        "side_armpit_4",
        "waist",
    ),
    *("side_waist_1", "side_waist_2", "side_waist_3", "side_waist_4", "hip", "side", "hem"),
)


def trunk_border(controls: ControlPoints) -> NDArray[np.float64]:
    """(M, 2) polygon through the trunk's outer control points on the person image."""
    left = [_sided(name, "left") for name in _BORDER]
    right = [_sided(name, "right") for name in reversed(_BORDER)]
    low = "crotch" if "crotch" in controls.names else "hem_center"
    inside = {f"armhole_{side}_{n}" for side, _ in SIDES for n in (1, 2) if f"cap_{side}_1" in controls.names}
    ordered = [name for name in (*left, low, *right, "neck_front") if name not in inside]
    return controls.person_xy[[controls.names.index(name) for name in ordered if name in controls.names]]


def _sided(name: str, side: str) -> str:
    """ "armhole_1" → "armhole_left_1"; "neck" → "neck_left"."""
    stem, _, number = name.rpartition("_")
    return f"{stem}_{side}_{number}" if number.isdigit() else f"{name}_{side}"


def cloth_edge(fit: Fit, near: Point, sign: float) -> Point:
    """Where the cloth ends, straight out from the axis at the height of `near`; `near` itself if unclear."""
    offset = near - fit.frame.origin
    on_axis = fit.frame.origin + float(offset @ fit.frame.down) * fit.frame.down
    expected = abs(float(offset @ fit.frame.left))
    found = reach(fit.cloth, on_axis, sign * fit.frame.left, 1.6 * expected + 8)
    if found is None or not 0.5 * expected < found < 1.4 * expected:
        return near if expected > 1 else on_axis + (found or 0.0) * sign * fit.frame.left
    return on_axis + found * sign * fit.frame.left


def beside_body(fit: Fit, own: float, depth: float, sign: float) -> float:
    """How far out a side lies: on the body's edge with its ease; what is wider by more than slack hangs free.

    Where an arm hides the edge, most of the say is the arm's own inner edge: the trunk reaches it, or there
    would be a gap in the mask. A wide top is held in by hanging arms: cloth does not go through them, and the
    sleeves would hide what is printed beside them.
    """
    if fit.person is None or not 0.1 < depth < 1.3:
        return own
    arm = fit.arms.get("left" if sign > 0 else "right")
    edge = trunk_edge(fit.body, fit.person, depth, sign, arm)
    sleeved = arm is not None and fit.rig.limb is not None
    found = own
    if edge.seen is not None:
        found = cling(own, edge.seen + fit.rig.ease, fit.rig)
    elif edge.most is not None:
        beside = cling(own, edge.most + fit.rig.ease + (_UNDER_ARM if sleeved else 0.0), fit.rig)
        # Under a sleeve whose arm is seen to begin, a narrower trunk still goes on to it, and a little on.
        found = beside if sleeved and own < beside else _BESIDE_ARM * beside + (1 - _BESIDE_ARM) * own
    if edge.most is not None and sleeved and arm is not None and arm.hangs(fit.body):
        return min(found, max(edge.most + _PRESSED_UNDER, _PRESSED * found))
    return found


def hung_aside(fit: Fit, depth: float) -> float:
    """How far cloth lies to the wearer's left of a leaning body's axis at a depth, in shoulder widths.

    Shoulders carry a top: below them it hangs straight down in the photo, but for what the hips push aside.
    """
    body = fit.body
    lean = float((body.mid_hip - body.mid_shoulder)[0] * body.across_at(0.5)[0]) / body.shoulder_width
    return -fit.rig.upright * min(max(lean, -_MOST_LEAN), _MOST_LEAN) * min(max(depth, 0.0), 1.0)


def cling(own: float, body: float, rig: Rig) -> float:
    """A width that follows the body's, within what the cloth can give."""
    if own < body:
        return min(body, rig.widening * own)
    return max(body, own - rig.slack)


def in_body_frame(body: Body, xy: Point) -> tuple[float, float]:
    """(across, depth) of a point on the person image, to first order in the difference of the tilts."""
    depth = float(body.depths(xy))
    across = float((xy - body.axis_at(depth)) @ body.across_at(depth)) / body.shoulder_width
    return across, depth


def has(fit: Fit, *names: str) -> bool:
    return all(fit.garment.landmarks.has(name) for name in names)
