"""Hands: the squares they are looked for in, and what the nets read on real photos."""

import math

import cv2
import numpy as np
import pytest

from flixpose import pose as poses
from flixpose.adapters.weights import WeightsCache
from flixpose.imaging.decode import read_image
from flixpose.pose import hands
from flixpose.pose.codec.region import Region
from flixpose.pose.skeletons import BLAZEPOSE_33, COCO_17, HAND_21
from flixpose.settings import load_settings
from flixpose.structures.keypoints import Keypoints

PHOTO = "magento_wb01-black_main.jpg"


@pytest.fixture(scope="module")
def reader(estimator):
    """The estimator is asked for so that absent weights skip these tests."""
    return hands.HandReader(WeightsCache(load_settings().home))


def body(skeleton=BLAZEPOSE_33, **points: tuple[float, float]) -> Keypoints:
    return Keypoints.from_points(skeleton, {name: (*xy, 0.9) for name, xy in points.items()})


def turned(region: Region, degrees: float) -> Region:
    return Region(region.x, region.y, region.side, region.angle + math.radians(degrees))


def test_the_square_of_a_body_stands_on_the_wrist_as_mediapipe_has_it():
    found = hands.region_from_body(
        body(left_wrist=(100, 200), left_index=(100, 140), left_pinky=(100, 170)), "left"
    )
    # The middle finger lies at (100, 150): 50 long, so the square is 2.7 times 100 wide, and 10 higher.
    assert (found.x, found.y, found.side, found.angle) == pytest.approx((100, 140, 270, 0))
    pointing_right = body(left_wrist=(100, 200), left_index=(160, 200), left_pinky=(130, 200))
    found = hands.region_from_body(pointing_right, "left")
    assert (found.x, found.y, found.angle) == pytest.approx((160, 200, math.pi / 2))


def test_a_skeleton_without_fingers_has_its_hands_on_the_forearms_line():
    arm = body(COCO_17, right_elbow=(200, 100), right_wrist=(200, 200))
    found = hands.region_from_body(arm, "right")
    assert abs(found.angle) == pytest.approx(math.pi) and found.x == pytest.approx(200) and found.y > 230
    assert hands.region_from_body(arm, "left") is None
    assert hands.region_from_body(body(right_wrist=(5, 5), right_elbow=(5, 8)), "right") is None


@pytest.mark.parametrize("angle", [0.0, 40.0, 135.0, -100.0])
def test_squares_turn_with_the_hand(angle):
    rng = np.random.default_rng(3)
    upright = rng.uniform(0.2, 0.8, (21, 2))
    upright[0] = 0.5, 1.0
    for finger in ("index", "middle", "ring"):
        upright[HAND_21.index[f"{finger}_2"]] = 0.5, 0.3
    standing = Region(300, 400, 100)
    one = hands.region_from_points(standing.to_photo(upright))
    other = hands.region_from_points(turned(standing, angle).to_photo(upright))
    assert one.angle == pytest.approx(0, abs=1e-6) and other.side == pytest.approx(one.side)
    assert math.remainder(other.angle - math.radians(angle), 2 * math.pi) == pytest.approx(0, abs=1e-6)
    # Seen in its own square the hand is the same however it lies in the photo.
    back = np.linalg.inv(other.axes) @ (turned(standing, angle).to_photo(upright) - (other.x, other.y)).T
    first = np.linalg.inv(one.axes) @ (standing.to_photo(upright) - (one.x, one.y)).T
    assert back == pytest.approx(first, abs=1e-6)


def test_a_palms_square_begins_at_the_palm():
    view = Region(100, 100, 200)
    box, points = np.array([0.4, 0.4, 0.6, 0.6], np.float32), np.full((7, 2), 0.5, np.float32)
    points[0], points[2] = (0.5, 0.6), (0.5, 0.4)
    found = hands.region_from_palm(box, points, view)
    assert (found.x, found.y, found.side, found.angle) == pytest.approx((100, 80, 104, 0), abs=1e-3)


def test_hands_lie_on_the_person_by_their_wrists(estimator, reader, person):
    image = person(PHOTO)
    (found,) = estimator([image])[0]
    both = reader(image, found.keypoints)
    assert [hand.side for hand in both] == ["left", "right"]
    for hand in both:
        assert hand.score > 0.5 and hand.keypoints.skeleton is HAND_21
        forearm = np.hypot(*(found.keypoints[f"{hand.side}_wrist"] - found.keypoints[f"{hand.side}_elbow"]))
        off = np.hypot(*(hand.keypoints["wrist"] - found.keypoints[f"{hand.side}_wrist"]))
        assert off < 0.3 * forearm
        inside = (hand.keypoints.xy >= 0).all(axis=1) & (hand.keypoints.xy < image.size).all(axis=1)
        x, y = hand.keypoints.xy[inside].astype(int).T
        grown = cv2.dilate(found.mask.alpha, np.ones((25, 25), np.uint8))
        assert inside.sum() >= 10 and (grown[y, x] > 127).mean() > 0.95


def test_a_mirrored_photo_shows_the_other_hand(estimator, reader, person):
    image = person(PHOTO)
    flipped = type(image)(np.ascontiguousarray(image.pixels[:, ::-1]), None, "", "flipped")
    (straight,), (mirrored,) = (estimator([photo])[0] for photo in (image, flipped))
    left = next(hand for hand in reader(image, straight.keypoints) if hand.side == "left")
    right = next(hand for hand in reader(flipped, mirrored.keypoints) if hand.side == "right")
    back = right.keypoints.xy * (-1, 1) + (image.width, 0)
    span = np.hypot(*(left.keypoints["middle_1"] - left.keypoints["wrist"]))
    assert np.median(np.hypot(*(back - left.keypoints.xy).T)) < 0.15 * span
    assert left.side_score > 0.5 and right.side_score > 0.5


def test_the_pairs_hands_are_found_where_they_are_seen(estimator, reader, shared):
    names = ("007781", "013642", "012479", "018971", "004949")
    found = []
    for name in names:
        image = read_image(shared / "pairs" / "person" / f"{name}.jpg")
        (someone, *_) = estimator([image])[0]
        found.append(len(reader(image, someone.keypoints)))
    assert found == [2, 1, 2, 1, 2]


def test_the_family_gives_each_hand_as_a_pose(estimator, person):
    image = person(PHOTO)
    family = poses.load("hands", WeightsCache(load_settings().home), finder=estimator)
    left, right = family([image])[0]
    assert left.hands[0].side == "left" and left.keypoints is left.hands[0].keypoints
    assert left.box.x0 > right.box.x1, "the wearer's left is on the image's right"
    assert [model.name for model in family.models][-2:] == ["palm_detection_full", "hand_landmark_full"]
    assert family([type(image)(np.full((90, 90, 3), 120, np.uint8), None, "", "empty")]) == [()]
