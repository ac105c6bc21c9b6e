"""The body's own frame, on bodies drawn from numbers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flixpose.errors import MissingKeypoint
from flixpose.fit.body import TORSO_PER_SHOULDER_WIDTH, measure_body, turn_degrees
from flixpose.pose.skeletons import FACE_468
from flixpose.structures.keypoints import Keypoints
from tests.fit.figures import body_points, make_pose, moved, pose_of

PLACES = [(0.0, -0.2), (0.5, 0.0), (-0.5, 0.0), (0.4, 0.5), (0.3, 1.0), (-0.3, 1.0), (0.6, 1.8), (-0.2, 2.5)]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"tilt": 17.0},
    {"tilt": -25.0, "unit": 60.0, "at": (110.0, 95.0)},
    {"view": "back"},
    {"view": "back", "tilt": 12.0},
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_frame_runs_through_shoulders_hips_and_knees(setting: dict[str, Any]) -> None:
    body = measure_body(make_pose(**setting))
    joints = moved(body_points(), **setting)
    assert body.place(0.5, 0.0) == pytest.approx(joints["left_shoulder"], abs=1e-3)
    assert body.place(-0.5, 0.0) == pytest.approx(joints["right_shoulder"], abs=1e-3)
    assert body.place(0.3, 1.0) == pytest.approx(joints["left_hip"], abs=1e-3)
    assert body.place(-0.3, 1.0) == pytest.approx(joints["right_hip"], abs=1e-3)
    # The knees lie 2.7 - 1.45 shoulder widths below the hips, in torso lengths of 1.45 of them.
    knees = (np.array(joints["left_knee"]) + joints["right_knee"]) / 2
    assert body.place(0.0, 1 + 1.25 / 1.45) == pytest.approx(knees, abs=1e-3)
    assert body.torso_length == pytest.approx(1.45 * body.shoulder_width, rel=1e-5)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_frame_moves_with_the_body(setting: dict[str, Any]) -> None:
    """A frame of a crooked body, moved as a whole: every place moves with it."""
    crooked = body_points() | {
        "left_shoulder": (0.5, -0.12),
        "right_hip": (-0.3, 1.3),
        "left_knee": (0.5, 2.6),
    }
    at_rest = measure_body(pose_of(moved(crooked, unit=100.0, at=(0.0, 0.0))))
    here = measure_body(pose_of(moved(crooked, **setting)))
    for place in PLACES:
        spot = tuple(at_rest.place(*place) / 100.0)
        assert here.place(*place) == pytest.approx(moved({"": spot}, **setting)[""], abs=2e-3)


def test_shoulders_and_hips_that_tilt_apart_are_both_kept() -> None:
    crooked = body_points() | {"left_hip": (0.3, 1.25), "right_hip": (-0.3, 1.65)}
    body = measure_body(pose_of(moved(crooked)))
    assert body.across_at(0.0) == pytest.approx((1.0, 0.0), abs=1e-6)
    assert body.across_at(-1.0) == pytest.approx(body.across_at(0.0))
    assert np.degrees(np.arctan2(*body.across_at(1.0)[::-1])) == pytest.approx(-33.7, abs=0.1)
    assert np.degrees(np.arctan2(*body.across_at(0.5)[::-1])) == pytest.approx(-33.7 / 2, abs=0.1)


def test_below_the_hips_the_axis_goes_where_the_knees_are() -> None:
    aside = body_points() | {"left_knee": (0.8, 2.6), "right_knee": (0.2, 2.6)}
    body = measure_body(pose_of(moved(aside)))
    knees = moved({"": (0.5, 2.6)})[""]
    reach = float(np.hypot(0.5, 2.6 - 1.45) / 1.45)
    assert body.place(0.0, 1 + reach) == pytest.approx(knees, abs=1e-3)
    without = measure_body(pose_of(moved(aside), without=("left_knee",)))
    assert without.place(0.0, 2.0) == pytest.approx(moved({"": (0.0, 2.9)})[""], abs=1e-3)


@pytest.mark.parametrize(("view", "side"), [("front", 1.0), ("back", -1.0)])
def test_left_is_the_wearers(view: Any, side: float) -> None:
    body = measure_body(make_pose(view=view))
    assert body.view == view
    assert (body.place(0.5, 0.5) - body.place(-0.5, 0.5))[0] * side > 0


@pytest.mark.parametrize("name", ["left_shoulder", "right_shoulder"])
def test_a_missing_shoulder_is_named(name: str) -> None:
    with pytest.raises(MissingKeypoint) as caught:
        measure_body(make_pose(without=(name,)))
    assert caught.value.subject == name and name in caught.value.message


@pytest.mark.parametrize(
    ("points", "subject"),
    [
        ({"left_shoulder": (0.01, 0.0), "right_shoulder": (-0.01, 0.0)}, "shoulders"),
        ({"left_hip": (0.3, 0.0), "right_hip": (-0.3, 0.0)}, "hips"),
    ],
)
def test_points_that_coincide_make_no_frame(points: dict[str, Any], subject: str) -> None:
    with pytest.raises(MissingKeypoint) as caught:
        measure_body(pose_of(moved(body_points() | points)))
    assert caught.value.subject == subject


@pytest.mark.parametrize("without", [("left_hip", "right_hip"), ("right_hip",)])
@pytest.mark.parametrize("setting", SETTINGS)
def test_hips_below_the_photo_are_put_under_the_shoulders(setting: dict[str, Any], without: Any) -> None:
    body = measure_body(make_pose(without=without, **setting))
    expected = moved({"": (0.0, TORSO_PER_SHOULDER_WIDTH)}, **setting)[""]
    assert body.mid_hip == pytest.approx(expected, abs=1e-3)
    assert (body.joints["left_hip"] - body.joints["right_hip"]) @ body.across_at(0.0) > 0
    assert body.scores["left_hip"] == body.scores["right_hip"] == 0.0


def test_a_turned_body_gets_back_some_of_its_width() -> None:
    straight, turned = make_pose(), pose_of(moved(narrower(0.8)), turned=26.0)
    assert turn_degrees(straight) == 0.0
    # The head faces the camera: it may have turned on its neck.
    assert turn_degrees(turned) == pytest.approx(1.2 * 26.0 - 0.6 * 0.69 * 20.0, abs=0.1)
    seen = 0.8 * measure_body(straight).shoulder_width
    turned = pose_of(moved(narrower(0.8)), turned=44.0)
    body = measure_body(turned)
    assert seen * 1.05 < body.frontal_width < seen / np.cos(np.radians(40.0))
    # Near profile the estimator's depth is no measure any more: bounded.
    profile = measure_body(pose_of(moved(narrower(0.4)), turned=85.0))
    assert profile.frontal_width < 1.3 * seen / 2


def test_a_turned_trunk_is_seen_narrower_than_it_is() -> None:
    """As an ellipse 0.7 times as deep as broad; its length is told by the breadth from the front."""
    straight, turned = (
        measure_body(pose) for pose in (make_pose(), pose_of(moved(narrower(0.8)), turned=44.0))
    )
    assert straight.shoulder_width == straight.frontal_width
    turn = np.radians(abs(turned.turn))
    assert turned.shoulder_width == pytest.approx(
        turned.frontal_width * np.hypot(np.cos(turn), 0.7 * np.sin(turn)), rel=1e-3
    )
    assert np.linalg.norm(turned.place(1.0, 0.0) - turned.place(0.0, 0.0)) == pytest.approx(
        turned.shoulder_width
    )


def narrower(share: float) -> dict[str, tuple[float, float]]:
    """A body whose shoulders are seen so many times as broad."""
    points = body_points()
    return points | {name: (share * x, y) for name, (x, y) in points.items() if name.endswith("_shoulder")}


def test_a_head_that_turns_on_its_neck_does_not_turn_the_body() -> None:
    """Up to 25 degrees from the body's it corrects the body's turn; at 45 it is the neck's own."""
    points = narrower(0.7)
    ears = points["left_ear"][0] - points["right_ear"][0]

    def turn(head: float) -> float:
        nose = {"nose": (head / 60.0 * ears, -0.55)}
        return measure_body(pose_of(moved(points | nose), turned=14.0)).turn

    itself = 1.2 * 14.0
    assert turn(itself + 15.0) == pytest.approx(itself + 0.6 * 15.0, abs=0.1)
    assert turn(itself + 24.0) == pytest.approx(itself + 0.6 * 20.0, abs=0.1)
    assert itself + 2.0 < turn(itself + 40.0) < itself + 4.0
    assert turn(itself + 60.0) == pytest.approx(itself, abs=0.1)


def test_broad_shoulders_are_not_turned_far() -> None:
    """Depth may be mistaken: who shows shoulders as broad as people have them faces the camera."""
    for share, most in ((1.0, 23.1), (1.1, 10.0), (0.7, 49.9)):
        pose = pose_of(moved(narrower(share)), turned=-80.0)
        assert measure_body(pose).turn == pytest.approx(-most, abs=0.1)
    # No hips, no measure.
    cut = pose_of(moved(body_points()), turned=60.0, without=("left_hip", "right_hip"))
    assert measure_body(cut).turn > 40.0


def test_the_head_tells_a_share_of_the_turn() -> None:
    """3-D keypoints that see hardly a turn are corrected towards where the nose lies between the ears."""
    facing = make_pose(turned=0.01)
    assert measure_body(facing).turn == pytest.approx(0.0, abs=0.02)
    for side in (-1.0, 1.0):
        points = body_points() | {"nose": (side * 0.05, -0.55)}
        ears = points["left_ear"][0] - points["right_ear"][0]
        turn = measure_body(pose_of(moved(points), turned=0.01)).turn
        assert turn == pytest.approx(0.6 * min(20.0, 60 * 0.05 / ears) * side, abs=0.05)
    # From behind the nose is not seen.
    behind = body_points() | {"nose": (0.1, -0.55)}
    assert measure_body(pose_of(moved(behind, view="back"), turned=0.01)).turn == pytest.approx(0.0, abs=0.02)


def test_the_mesh_of_a_face_knows_its_sides_where_hair_hides_the_ears() -> None:
    """The nose of a mesh lies 0.2 breadths of the face aside: 12 degrees; between the ears it lies midway."""
    xy = np.zeros((len(FACE_468), 2), np.float32)
    rows = FACE_468.index
    xy[rows["outline_left_8"]], xy[rows["outline_right_8"]] = (330.0, 140.0), (310.0, 140.0)
    xy[rows["mesh_1"]] = (324.0, 150.0)
    face = Keypoints(FACE_468, xy, np.full(len(FACE_468), 0.9, np.float32))
    pose = make_pose(turned=0.01)
    assert measure_body(pose).turn == pytest.approx(0.0, abs=0.02)
    assert measure_body(replace(pose, face=face)).turn == pytest.approx(0.6 * 12.0, abs=0.05)


def test_a_limb_ends_where_a_joint_is_missing() -> None:
    body = measure_body(make_pose(without=("left_elbow", "right_wrist")))
    assert len(body.limb("left", "shoulder", "elbow", "wrist")) == 1
    assert len(body.limb("right", "shoulder", "elbow", "wrist")) == 2
