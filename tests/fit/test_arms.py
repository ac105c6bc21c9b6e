"""Where arms end is seen in the photo, also where the person's mask fills the gap beside them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit.armholes import at_creases
from flixpose.fit.arms import ArmOutline, arm_chain, find_arms
from flixpose.fit.body import Body, measure_body
from flixpose.fit.outline import reach, reaches
from flixpose.fit.silhouette import trunk_edge
from flixpose.structures.found import Pose
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints
from tests.fit.figures import body_points, moved, paint_person, pose_of
from tests.fit.test_occluders import hand_at

UNIT = 150.0
THICK = 0.17 * UNIT  # of a painted arm
SKIN, SHIRT = 1, 3


def filled(pose: Pose) -> Pose:
    """As the pose model's mask often is: the gaps between arms and trunk are person."""
    assert pose.mask is not None
    closed = cv2.morphologyEx(pose.mask.alpha, cv2.MORPH_CLOSE, np.ones((1, 81), np.uint8))
    return replace(pose, mask=Mask(closed))


def seen(arms: str = "hanging", shirt: bool = True) -> tuple[Body, dict[str, ArmOutline], NDArray[np.uint8]]:
    image, pose, labels = paint_person(arms)
    pixels = image.pixels.copy()
    if not shirt:  # a bare trunk, as light as the arms; what tells them apart is a line of shade
        rims = cv2.morphologyEx((labels == SKIN).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5)))
        pixels[labels == SHIRT] = (224, 180, 152)
        pixels[(rims > 0) & (labels == SHIRT)] = (178, 132, 104)
    pose = filled(pose)
    body = measure_body(pose)
    return body, find_arms(replace(image, pixels=pixels), body, pose.mask), labels


def below_sleeve(arm: ArmOutline, body: Body) -> NDArray[np.bool_]:
    """Sections of the bare part of a painted arm, but for its ends."""
    depth = (arm.centres - body.mid_shoulder) @ body.down
    return (depth > 0.55 * UNIT) & (depth < 1.35 * UNIT)


@pytest.mark.parametrize("shirt", [True, False], ids=["before a shirt", "before a bare trunk"])
def test_a_hanging_arm_has_an_inner_edge_where_the_mask_has_none(shirt: bool) -> None:
    body, arms, _ = seen(shirt=shirt)
    assert set(arms) == {"left", "right"}
    for arm in arms.values():
        bare = below_sleeve(arm, body)
        for edge in (arm.inner, arm.outer):
            aside = np.linalg.norm(edge - arm.centres, axis=1)[bare]
            assert np.abs(aside - THICK / 2).max() < 0.03 * UNIT
        assert (((arm.outer - arm.inner) * arm.normals).sum(axis=1) > 0).all()


def test_a_bent_arm_whose_gap_is_filled_has_both_edges() -> None:
    _, arms, _ = seen("akimbo")
    for arm in arms.values():
        forearm = slice(62, 84)
        for edge in (arm.inner, arm.outer):
            aside = np.linalg.norm(edge - arm.centres, axis=1)[forearm]
            assert np.abs(aside - THICK / 2).max() < 0.05 * UNIT


def test_raised_arms_are_left_to_the_mask_and_so_is_a_photo_without_one() -> None:
    _, arms, _ = seen("raised")
    assert arms == {}
    image, pose, _ = paint_person()
    assert find_arms(image, measure_body(pose), None) == {}


def test_an_arm_ends_at_the_wrist_of_a_hand_that_was_read() -> None:
    points = moved(body_points())
    pose = pose_of(points)
    hands = [hand_at((0.74, 1.38), score) for score in (0.9, 0.2)]
    sure, unsure = (measure_body(replace(pose, hands=(hand,))) for hand in hands)
    assert arm_chain(sure, "left")[-1] == pytest.approx(hands[0].keypoints["wrist"], abs=0.01)
    assert arm_chain(unsure, "left")[-1] == pytest.approx(points["left_wrist"], abs=0.01)


def test_rays_come_to_an_arm_and_leave_it_at_its_outline() -> None:
    _, arms, _ = seen()
    arm = arms["left"]
    section = 60
    start, outward = arm.centres[section], arm.normals[section]
    width = np.linalg.norm(arm.outer[section] - arm.centres[section])
    assert arm.left(start, outward) == pytest.approx(width, abs=1.0)
    inside = arm.inner[section] - 20.0 * outward
    assert arm.left(inside, outward) is None
    assert arm.touched(inside, outward) == pytest.approx(20.0, abs=1.0)
    assert arm.touched(inside, -outward) is None


def test_the_trunk_goes_on_to_an_arm_that_is_seen_to_begin() -> None:
    image, pose, _ = paint_person()
    pose = filled(pose)
    body = measure_body(pose)
    assert pose.mask is not None
    arm = find_arms(image, body, pose.mask)["left"]
    depth = 0.6
    edge = trunk_edge(body, pose.mask, depth, 1.0, arm)
    row = body.axis_at(depth)
    nearest = int(np.abs(arm.inner[:, 1] - row[1]).argmin())
    assert edge.seen is None and edge.most is not None
    assert edge.most * body.shoulder_width == pytest.approx(arm.inner[nearest, 0] - row[0], abs=2.0)


def test_an_armpit_that_lay_on_the_arm_comes_to_its_crease() -> None:
    image, pose, _ = paint_person()
    pose = filled(pose)
    body = measure_body(pose)
    arms = find_arms(image, body, pose.mask)
    names = ("armpit_left", "armhole_left_2", "armpit_right", "hem_left")
    on_arm, inside = body.place(0.59, 0.3), body.place(-0.3, 0.3)
    person = np.array([on_arm, body.place(0.58, 0.2), inside, body.place(0.5, 1.0)])
    moved_in = at_creases(ControlPoints("torso", names, person, person.copy(), np.ones(4)), body, arms)
    crease = arms["left"].crease(on_arm, body)
    assert crease is not None and moved_in.person_xy[0, 0] == pytest.approx(crease[0], abs=1.0)
    assert person[0, 0] - moved_in.person_xy[0, 0] > 0.03 * UNIT
    assert person[1, 0] > moved_in.person_xy[1, 0] > moved_in.person_xy[0, 0] - 10
    assert (moved_in.person_xy[2:] == person[2:]).all()  # never outward, and nothing else


def test_many_rays_leave_an_arm_and_a_mask_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    y = np.linspace(0, 400, 96)
    outer, inner = (np.column_stack([x + 10 * rng.normal(size=96), y]) for x in (50, 120))
    arm = ArmOutline(outer, inner, (outer + inner) / 2, outer * 0, 12)
    mask = Mask((rng.random((400, 150)) < 0.99).astype(np.uint8) * 255)
    starts, turns = rng.uniform((20, 0), (150, 400), (200, 2)), rng.uniform(0, 6.28, 200)
    outwards = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    one_by_one = [arm.left(start, outward) for start, outward in zip(starts, outwards, strict=True)]
    found = arm.lefts(starts, outwards)
    np.testing.assert_allclose(found, [np.nan if r is None else r for r in one_by_one], atol=1e-9)
    assert np.isnan(found).any() and np.isfinite(found).any()
    singly = [reach(mask, start, outward, 80.0) for start, outward in zip(starts, outwards, strict=True)]
    np.testing.assert_array_equal(
        reaches(mask, starts, outwards, 80.0), [np.nan if r is None else r for r in singly]
    )
