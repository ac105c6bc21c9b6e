"""A body's own frame of reference: where things are in shoulder widths and torso lengths.

`across` counts shoulder widths from the torso's axis towards the wearer's left; `depth` counts torso lengths
from the middle of the shoulders (0) to the middle of the hips (1) and on along the thighs.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import MissingKeypoint
from flixpose.structures.found import Hand, Pose, View
from flixpose.structures.keypoints import Keypoints

Point = NDArray[np.float64]

TORSO_PER_SHOULDER_WIDTH = 1.45  # adults, from mid shoulder to mid hip
# 3-D keypoints see who is turned less so than he is.
_WORLD_GAIN = 1.2
# The head tells a share of it: where both differ little the head is the surer one (on half of 80 real photos
# by less than 5.5 degrees). Where it is turned further than the body by the first of these angles it tells
# less, and nothing by the second: it is the neck that turns.
_HEAD_SHARE, _MOST_BY_HEAD = 0.6, 20.0
_ON_NECK = 25.0, 45.0
_HEAD_DEGREES = 60.0  # of turn where the nose lies a whole breadth of the face aside
_OF_MESH, _OF_BODY = ("mesh_1", "outline_left_8", "outline_right_8"), ("nose", "left_ear", "right_ear")
# Shoulders of people who face the camera, in torso lengths, at most; who shows broader ones is turned less.
_BROADEST = 0.75
_ALWAYS = 10.0  # degrees that the shoulders' breadth does not deny
_MOST_TURN = 45.0  # degrees: of a further turn no more is restored
_RESTORED = 0.5  # of what a turn hides of the shoulders' width: 3-D keypoints are too rough for all of it
_AS_DEEP = 0.7  # a trunk's depth, of its breadth: an ellipse, whose depth shows where it is turned


@dataclass(frozen=True, eq=False)
class Body:
    """Joints in pixels of the person image (house's frame), and the lengths drawn from them.

    Attributes:
        joints: name → (2,) float64; those of the skeleton that were found.
        scores: name → score in [0, 1].
        shoulder_width: pixels that a trunk as broad as the shoulders takes up here: the unit of `across`.
        frontal_width: pixels of the shoulders as if seen from the front (see `measure_body`): lengths and
            girths are told by it.
        torso_length: pixels from mid shoulder to mid hip.
        view: "back" where the wearer's left is on the image's left.
        turn: degrees by which the shoulders are turned out of the picture plane, positive where the wearer's
            left side is the further one; 0 where depth is unknown.
        hands: those that were read. face: the mesh of the face, where one was read.
    """

    joints: dict[str, Point]
    scores: dict[str, float]
    shoulder_width: float
    frontal_width: float
    torso_length: float
    view: View
    hands: tuple[Hand, ...] = ()
    face: Keypoints | None = None
    turn: float = 0.0

    @cached_property
    def mid_shoulder(self) -> Point:
        return (self.joints["left_shoulder"] + self.joints["right_shoulder"]) / 2

    @cached_property
    def mid_hip(self) -> Point:
        return (self.joints["left_hip"] + self.joints["right_hip"]) / 2

    @cached_property
    def down(self) -> Point:
        """Unit vector along the torso, from the shoulders to the hips."""
        return unit_vector(self.mid_hip - self.mid_shoulder)

    def across_at(self, depth: float) -> Point:
        """Unit vector to the wearer's left at a depth: the shoulders' tilt above, the hips' below."""
        share = min(max(float(depth), 0.0), 1.0)
        return unit_vector((1 - share) * self._tilts[0] + share * self._tilts[1])

    def axis_at(self, depth: float) -> Point:
        """The torso's axis at a depth; past the hips it follows the middle of the legs."""
        if depth <= 1.0:
            return self.mid_shoulder + depth * (self.mid_hip - self.mid_shoulder)
        return self.mid_hip + (depth - 1.0) * self.torso_length * self._leg_direction

    def place(self, across: float, depth: float) -> Point:
        """(2,) pixels of a place given in shoulder widths and torso lengths."""
        return self.axis_at(depth) + across * self.shoulder_width * self.across_at(depth)

    def depths(self, xy: NDArray[np.floating]) -> NDArray[np.float64]:
        """(...) torso lengths below the shoulders of (..., 2) pixels, along the line to the hips."""
        return np.asarray((xy - self.mid_shoulder) @ self.down / self.torso_length, np.float64)

    def limb(self, side: str, *names: str) -> list[Point]:
        """The chain of joints of one side that were found, up to the first that is missing."""
        chain: list[Point] = []
        for name in names:
            joint = self.joints.get(f"{side}_{name}")
            if joint is None:
                break
            chain.append(joint)
        return chain

    @cached_property
    def _tilts(self) -> tuple[Point, Point]:
        """Unit vectors to the wearer's left along the shoulders and along the hips."""
        shoulders, hips = (self.joints[f"left_{n}"] - self.joints[f"right_{n}"] for n in ("shoulder", "hip"))
        return unit_vector(shoulders), unit_vector(hips)

    @cached_property
    def _leg_direction(self) -> Point:
        knees = [self.joints[name] for name in ("left_knee", "right_knee") if name in self.joints]
        if len(knees) < 2:
            return self.down
        return unit_vector(np.mean(knees, axis=0) - self.mid_hip)


def measure_body(pose: Pose) -> Body:
    """The frame of a pose.

    A turned body shows its shoulders narrower than they are; where the estimator gives 3-D keypoints the
    shoulder width seen is restored by half of the missing part. Trunks lose less of their breadth: they are
    taken for elliptic cylinders.

    Raises:
        MissingKeypoint: a shoulder was not found, or the points coincide.
    """
    keypoints = pose.keypoints
    joints = {name: keypoints[name].astype(np.float64) for name in keypoints.present}
    scores = {name: keypoints.score(name) for name in keypoints.present}
    for name in ("left_shoulder", "right_shoulder"):
        if name not in joints:
            raise MissingKeypoint(f"{name} was not found on the person.", subject=name)
    seen_width = float(np.linalg.norm(joints["left_shoulder"] - joints["right_shoulder"]))
    if seen_width < 4.0:
        raise MissingKeypoint(
            "The shoulders coincide: the person is seen from the side.", subject="shoulders"
        )
    _complete_hips(joints, scores, seen_width)
    torso_length = float(
        np.linalg.norm(
            (joints["left_hip"] + joints["right_hip"] - joints["left_shoulder"] - joints["right_shoulder"])
            / 2
        )
    )
    if torso_length < 4.0:
        raise MissingKeypoint("The shoulders and the hips coincide.", subject="hips")
    turn = np.radians(min(turn_degrees(pose), _MOST_TURN))
    frontal = seen_width * (1.0 + _RESTORED * (1.0 / float(np.cos(turn)) - 1.0))
    left_is_right_of_right = joints["left_shoulder"][0] > joints["right_shoulder"][0]
    return Body(
        joints=joints,
        scores=scores,
        shoulder_width=frontal * float(np.hypot(np.cos(turn), _AS_DEEP * np.sin(turn))),
        frontal_width=frontal,
        torso_length=torso_length,
        view="front" if left_is_right_of_right else "back",
        hands=pose.hands,
        face=pose.face,
        turn=_signed_turn(pose),
    )


def turn_degrees(pose: Pose) -> float:
    """How far the shoulders are turned out of the picture plane, in degrees; 0 where depth is unknown."""
    return abs(_signed_turn(pose))


def _signed_turn(pose: Pose) -> float:
    if pose.world is None:
        return 0.0
    index = pose.keypoints.skeleton.index
    span = pose.world[index["left_shoulder"]] - pose.world[index["right_shoulder"]]
    seen = float(np.degrees(np.arctan2(span[2], abs(span[0]) + 1e-6)))
    turned = _WORLD_GAIN * seen
    head = _head_turn(pose)
    if head is not None:
        further = head - turned
        told = _HEAD_SHARE * float(np.interp(abs(further), _ON_NECK, (1.0, 0.0)))
        turned += told * float(np.clip(further, -_MOST_BY_HEAD, _MOST_BY_HEAD))
    most = _most_turn(pose.keypoints)
    return float(np.clip(turned, -most, most))


def _most_turn(keypoints: Keypoints) -> float:
    """Degrees that shoulders seen so broad can be turned at most."""
    names = [f"{side}_{name}" for side in ("left", "right") for name in ("shoulder", "hip")]
    if not all(keypoints.has(name) and keypoints.score(name) > 0 for name in names):
        return 90.0
    left, right = keypoints["left_shoulder"].astype(float), keypoints["right_shoulder"].astype(float)
    torso = float(np.linalg.norm(left + right - keypoints["left_hip"] - keypoints["right_hip"])) / 2
    seen = float(np.linalg.norm(left - right)) / max(torso, 1.0)
    return max(_ALWAYS, float(np.degrees(np.arccos(min(1.0, seen / _BROADEST)))))


def _head_turn(pose: Pose) -> float | None:
    """Degrees by which the head is turned, told by the nose between the face's sides; None from behind.

    The mesh of the face knows its sides; without one the ears are taken, which hair may hide.
    """
    found, (nose, *sides) = (pose.face, _OF_MESH) if pose.face is not None else (pose.keypoints, _OF_BODY)
    if not all(found.has(name) for name in (nose, *sides)):
        return None
    left, right = (found[name].astype(float) for name in sides)
    apart = float(np.linalg.norm(left - right))
    if apart < 2.0 or left[0] < right[0]:
        return None
    return _HEAD_DEGREES * float((found[nose] - (left + right) / 2) @ (left - right)) / apart**2


def _complete_hips(joints: dict[str, Point], scores: dict[str, float], width: float) -> None:
    """Where the photo ends above the hips, put them below the shoulders at an adult's proportions."""
    if all(scores.get(name, 0.0) > 0.0 for name in ("left_hip", "right_hip")):
        return
    left, right = joints["left_shoulder"], joints["right_shoulder"]
    across = unit_vector(left - right)
    down = np.array([-across[1], across[0]])
    if down[1] < 0:
        down = -down
    middle = (left + right) / 2 + down * width * TORSO_PER_SHOULDER_WIDTH
    for name, side in (("left_hip", 0.3), ("right_hip", -0.3)):
        joints[name] = middle + side * width * across
        scores[name] = 0.0


def unit_vector(vector: Point) -> Point:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
