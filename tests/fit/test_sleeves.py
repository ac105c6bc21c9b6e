"""Sleeves on arms that are seen: they cover them, fall straight, and hands come out of them."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.arms import ArmOutline, arm_chain, find_arms, read_hands
from flixpose.fit.body import Body, measure_body
from flixpose.fit.cuffs import before_sleeves
from flixpose.fit.layout import plan_layout
from flixpose.fit.limbs import _along_outline, _Seen, begin_of_arm, sleeve_controls
from flixpose.fit.occluders import Occluders
from flixpose.fit.regions import LimbLandmarks
from flixpose.fit.rig import Limb, Rig, load_rigs
from flixpose.fit.stack import Sheet
from flixpose.fit.strips import garment_strip
from flixpose.structures.image import Box, Mask
from flixpose.structures.warp import ControlPoints
from tests.fit.figures import SIZE, make_garment, paint_person
from tests.fit.test_occluders import hand_at

RIGS = load_rigs(resources.CONFIGS / "rigs")
NOTHING = Mask(np.zeros(SIZE[::-1], np.uint8))
BLANK = Occluders(NOTHING, NOTHING, NOTHING, NOTHING)
UNIT = 150.0


@cache
def figure(notch: bool = False, aside: float = 0.0) -> tuple[Body, Mask, dict[str, ArmOutline]]:
    """A person whose mask fills the gaps beside the arms.

    `notch`: the free side of the arms has a hollow; `aside`: pixels that joints lie off the arms' middle.
    """
    image, pose, labels = paint_person()
    pixels, mask = image.pixels.copy(), labels > 0
    if notch:
        rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
        hollow = (np.abs(rows - 310) < 22) & (np.abs(columns - 320) > 95)
        pixels[hollow], mask = (205, 208, 212), mask & ~hollow
    closed = cv2.morphologyEx(np.where(mask, 255, 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 81)))
    body = measure_body(pose)
    for joint in ("left_elbow", "left_wrist"):
        body.joints[joint] = body.joints[joint] + (aside, 0.0)
    return body, Mask(closed), find_arms(replace(image, pixels=pixels), body, Mask(closed))


def sleeve(
    kind: str, rig: Rig, *, notch: bool = False, aside: float = 0.0, wide: float = 1.0, looked: bool = True
) -> ControlPoints:
    """The left sleeve; `wide`: its cuff so many times as wide."""
    body, mask, arms = figure(notch, aside)
    product, garment = make_garment(kind)
    points, index = garment.landmarks.xy.copy(), garment.landmarks.skeleton.index
    outer, inner = (index[f"cuff_left_{edge}"] for edge in ("outer", "inner"))
    points[outer] = points[inner] + wide * (points[outer] - points[inner])
    garment = replace(garment, landmarks=replace(garment.landmarks, xy=points))
    occluders = replace(BLANK, outlines=arms if looked else {})
    parts = plan_layout(garment, product, body, rig, mask, occluders).parts
    return next(part.controls for part in parts if part.controls.part == "left_sleeve")


def edge_of(controls: ControlPoints, edge: str) -> NDArray[np.float64]:
    rows = [row for row, name in enumerate(controls.names) if f"_{edge}_" in name]
    return controls.person_xy[rows]


def off(xy: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far points lie to the image's right of a curve that goes down."""
    return xy[:, 0] - np.interp(xy[:, 1], side[:, 1], side[:, 0])


def test_a_long_sleeve_covers_the_inside_of_an_arm_whose_gap_is_filled() -> None:
    """Joints are seldom in the middle of an arm: here a slit of its inside would show."""
    aside = 0.06 * UNIT
    seen, unseen = (
        edge_of(sleeve("long_sleeve_top", RIGS["long_sleeve_top"], aside=aside, looked=looked), "inner")
        for looked in (True, False)
    )

    def covered(inner: NDArray[np.float64]) -> NDArray[np.float64]:
        below = inner[(inner[:, 1] > 230 + 0.5 * UNIT) & (inner[:, 1] < 230 + 1.4 * UNIT)]
        return -off(below, figure()[2]["left"].inner)

    assert covered(seen).min() > -0.5 and covered(seen).max() < 0.06 * UNIT
    assert covered(unseen).min() < -2.0


def test_a_long_sleeve_reaches_the_wrist() -> None:
    body, _, _ = figure()
    controls = sleeve("long_sleeve_top", RIGS["long_sleeve_top"])
    cuff = (edge_of(controls, "outer")[-1] + edge_of(controls, "inner")[-1]) / 2
    arm = body.limb("left", "shoulder", "elbow", "wrist")
    length = float(np.linalg.norm(np.diff(np.array(arm), axis=0), axis=1).sum())
    assert -0.05 * length < cuff[1] - arm[-1][1] < 0.1 * length


@pytest.mark.parametrize("bend", [0.0, 45.0, 90.0])
@pytest.mark.parametrize("inwards", [False, True])
def test_a_sleeve_is_as_long_on_a_bent_arm_as_on_a_straight_one(bend: float, inwards: bool) -> None:
    """Its outer edge goes a longer way around an elbow and its inner one a shorter."""
    body, reach = figure()[0], 1.7 * UNIT
    shoulder, elbow = np.array((300.0, 200.0)), np.array((300.0, 200.0 + UNIT))
    turn = np.radians(bend) * (-1.0 if inwards else 1.0)
    arm = [shoulder, elbow, elbow + UNIT * np.array((np.sin(turn), np.cos(turn)))]
    half = np.array((0.3 * UNIT, 0.0))
    seam = shoulder + half, shoulder - half
    along = np.array((0.0, reach))
    limb = LimbLandmarks("left_sleeve", *seam, seam[0] + along, seam[1] + along)
    strip = garment_strip(limb, Mask(np.zeros((4, 4), np.uint8)))
    numbers = Limb(0.0, max_half_width=0.4, min_reach=0.1, max_reach=1.5, half_width=(0.15, 0.1))
    numbers = replace(numbers, free_from=0.1)
    controls = sleeve_controls(limb, strip, arm, seam, body, numbers, 1.0, None)
    cuff = (edge_of(controls, "outer")[-1] + edge_of(controls, "inner")[-1]) / 2
    forearm = (arm[2] - elbow) / UNIT
    assert UNIT + float((cuff - elbow) @ forearm) == pytest.approx(reach, abs=0.03 * UNIT)


def straight_sleeve(long: float) -> tuple[LimbLandmarks, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """A sleeve straight down from a seam at (300, 200), and the seam's ends."""
    shoulder, half = np.array((300.0, 200.0)), np.array((0.15 * UNIT, 0.0))
    seam, along = (shoulder + half, shoulder - half), np.array((0.0, long))
    return LimbLandmarks("left_sleeve", *seam, seam[0] + along, seam[1] + along), seam


@pytest.mark.parametrize("fore", [0.95, 0.6, 0.4])
def test_a_sleeves_elbow_is_at_the_arms_where_the_forearm_is_seen_short(fore: float) -> None:
    """A forearm that points to the camera: cloth on it is seen short, that on the upper arm is not."""
    limb, seam = straight_sleeve(1.95 * UNIT)
    upper, elbow = 1.02 * UNIT, np.array((300.0, 200.0 + 1.02 * UNIT))
    arm = [np.array((300.0, 200.0)), elbow, elbow + np.array((0.0, fore * UNIT))]
    strip = garment_strip(limb, Mask(np.zeros((4, 4), np.uint8)))
    numbers = Limb(0.0, max_half_width=0.4, min_reach=0.1, max_reach=1.1, half_width=(0.15, 0.1))
    controls = sleeve_controls(limb, strip, arm, seam, figure()[0], numbers, 1.0, None)
    middle = [row for row, name in enumerate(controls.names) if "_middle_" in name]
    cloth, laid = controls.garment_xy[middle, 1] - 200, controls.person_xy[middle, 1] - 200
    assert float(np.interp(upper, cloth, laid)) == pytest.approx(upper, abs=0.06 * UNIT)
    assert laid[-1] == pytest.approx(upper + fore * UNIT, abs=0.06 * UNIT)


def test_a_wide_sleeve_on_a_raised_arm_begins_on_the_arm() -> None:
    """Joined far down the trunk, the middle of its seam lies below the arm."""
    alpha = np.zeros(SIZE[::-1], np.uint8)
    cv2.line(alpha, (300, 200), (450, 230), 255, 40)
    alpha[180:600, 200:300] = 255
    outer, inner = np.array((310.0, 184.0)), np.array((310.0, 330.0))
    begin = begin_of_arm(outer, inner, Mask(alpha))
    assert begin[1] - 200 == pytest.approx(5.0, abs=14.0) and (outer + inner)[1] / 2 - begin[1] > 30
    assert begin_of_arm(outer, inner, None) == pytest.approx((outer + inner) / 2)
    hanging = np.full(SIZE[::-1], 255, np.uint8)
    assert begin_of_arm(outer, inner, Mask(hanging)) == pytest.approx((outer + inner) / 2)


def test_a_wide_short_sleeve_falls_straight_and_stands_off_by_part_of_its_width() -> None:
    rig = RIGS["short_sleeve_top"]
    _, _, arms = figure()
    usual, wide = (sleeve("short_sleeve_top", rig, wide=times) for times in (1.0, 1.8))
    stands = [off(edge_of(controls, "outer")[-1:], arms["left"].outer)[0] for controls in (usual, wide)]
    assert 0 < stands[0] < stands[1] < 0.12 * UNIT
    distances = off(edge_of(wide, "outer")[4:], arms["left"].outer)
    assert (np.diff(distances) > -1.0).all()  # no bulge: the furthest out is the cuff


@pytest.mark.parametrize("notch", [False, True])
def test_cloth_bridges_a_hollow_of_the_arm(notch: bool) -> None:
    outer = edge_of(sleeve("long_sleeve_top", RIGS["long_sleeve_top"], notch=notch), "outer")
    _, _, arms = figure()
    whole = off(outer[2:-1], arms["left"].outer)
    assert whole.min() > -0.03 * UNIT and whole.max() < 0.1 * UNIT


def test_a_hand_comes_out_of_its_own_sleeve_and_lies_before_the_other() -> None:
    body, _, _ = figure()
    hand = hand_at((0.2, 0.5))
    shown = Mask(np.full(SIZE[::-1], 255, np.uint8))
    occluders = replace(BLANK, hands=shown)
    x, y = (int(v) for v in hand.keypoints["wrist"])
    patch = np.zeros((20, 20, 4), np.uint8)
    patch[:, 10:] = 255
    sheet = Sheet(patch, Box(x - 10, y - 10, x + 10, y + 10))
    body = replace(body, hands=(hand,))
    own = before_sleeves(occluders, body, {"left_sleeve": sheet})
    assert own[y, x + 5] == 0 and own[y, x - 5] == 255 and own[y, x + 15] == 255
    assert (before_sleeves(occluders, body, {"right_sleeve": sheet}) == 255).all()
    assert (before_sleeves(BLANK, body, {"left_sleeve": sheet}) == 0).all()


def test_past_the_wrist_an_edge_goes_on_as_it_was() -> None:
    """Where the hand turns aside, the line of the arm leaves the person, and nothing is seen there."""
    _, mask, arms = figure()
    arm = arms["left"]
    beyond = arm.centres[-1] + np.array([[60.0 + 4 * k, 4.0 * k] for k in range(1, 9)])
    centres = np.vstack([arm.centres[-20:], beyond])
    normals = np.vstack([arm.normals[-20:], np.repeat(arm.normals[-1:], len(beyond), axis=0)])
    nothing = np.zeros(len(centres))
    widths = _along_outline(nothing + UNIT, centres, normals, _Seen(mask, arm, UNIT), 0.45, nothing, 0.0)
    assert widths[-1] < 1.2 * widths[5] < 0.3 * UNIT


def test_a_hand_that_was_not_read_lies_before_the_other_sleeve() -> None:
    """On crossed arms: skin where the body's points see fingers, with no hand read there."""
    body, _, _ = figure()
    wrist = body.joints["left_wrist"]
    places = {"index": (0.0, 40.0), "pinky": (10.0, 40.0), "thumb": (20.0, 40.0)}
    fingers = {f"left_{name}": np.add(wrist, place) for name, place in places.items()}
    body = replace(body, joints=body.joints | fingers)
    skin = replace(BLANK, arms=Mask(np.full(SIZE[::-1], 255, np.uint8)))
    x, y = (int(v) for v in np.add(wrist, (10.0, 30.0)))
    sheet = Sheet(np.full((20, 20, 4), 255, np.uint8), Box(x - 10, y - 10, x + 10, y + 10))
    front = before_sleeves(skin, body, {"right_sleeve": sheet})
    assert front[y, x] == 255 and front[y - 150, x] == 0
    assert before_sleeves(skin, body, {"left_sleeve": sheet})[y, x] == 0


def test_a_hand_found_at_both_wrists_belongs_to_the_nearer_arm() -> None:
    body, _, _ = figure()
    hand = hand_at((0.2, 0.5))
    body = replace(
        body, joints=body.joints | {"right_wrist": hand.keypoints["wrist"].astype(np.float64) + 3.0}
    )
    assert read_hands(replace(body, hands=(hand,))) == {"right": hand}
    assert np.allclose(arm_chain(replace(body, hands=(hand,)), "left")[-1], body.joints["left_wrist"])
