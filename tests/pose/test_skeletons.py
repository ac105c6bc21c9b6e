import numpy as np
import pytest
from pycocotools.cocoeval import Params

from flixpose.errors import UsageError
from flixpose.garment.kinds import KINDS
from flixpose.pose.skeletons import (
    BLAZEPOSE_33,
    COCO_17,
    FACE_70,
    FACE_468,
    HAND_21,
    OPENPOSE_18,
    OPENPOSE_137,
    SKELETONS,
    convert,
    in_hand,
    joined,
    mirror_rows,
    skeleton,
)
from flixpose.structures.keypoints import Keypoints


def some_body() -> Keypoints:
    rng = np.random.default_rng(5)
    xy = rng.uniform(0, 500, (33, 2)).astype(np.float32)
    return Keypoints(BLAZEPOSE_33, xy, rng.random(33).astype(np.float32))


@pytest.mark.parametrize("name", SKELETONS)
def test_a_skeleton_speaks_of_its_own_points_only(name):
    known = skeleton(name)
    assert len(known) == len(set(known.names)) == int(name.split("_")[1])
    assert set(known.sigmas) in (set(known.names), set())
    assert known.sigmas or known.name in ("face_468", "face_36")  # nobody publishes constants of these
    assert {end for edge in known.edges for end in edge} <= set(known.names)
    assert len(set(map(frozenset, known.edges))) == len(known.edges)


MIDDLE = {"nose", "neck", "upper_neck", "head_top", "thorax", "pelvis", "forehead", "chin"}
MIDDLE |= {"jaw_chin", *(f"nose_bridge_{n}" for n in range(1, 5)), "nose_base"}
MIDDLE |= {"lip_top", "lip_bottom", "mouth_top", "mouth_bottom"}


@pytest.mark.parametrize(
    "known", [s for s in SKELETONS.values() if s not in (HAND_21, FACE_468)], ids=lambda s: s.name
)
def test_every_point_off_the_middle_has_its_mirror(known):
    paired = [end for pair in known.mirror for end in pair]
    assert sorted([*paired, *MIDDLE.intersection(known.names)]) == sorted(known.names)
    rows = mirror_rows(known)
    assert np.array_equal(rows[rows], np.arange(len(known)))
    assert {known.names[row] for row in np.flatnonzero(rows == np.arange(len(known)))} <= MIDDLE
    for left, right in known.mirror:
        assert "left" in left and right == left.replace("left", "right")


def test_coco_sigmas_are_those_of_the_reference_evaluation():
    ours = [COCO_17.sigmas[name] for name in COCO_17.names]
    assert ours == pytest.approx(list(Params(iouType="keypoints").kpt_oks_sigmas))


def test_conversion_goes_by_name():
    body = some_body()
    coco = convert(body, COCO_17)
    for name in COCO_17.names:
        assert np.array_equal(coco[name], body[name]) and coco.score(name) == body.score(name)


def test_conversion_leaves_absent_what_the_source_does_not_know():
    back = convert(convert(some_body(), COCO_17), BLAZEPOSE_33)
    assert len(back.present) == 17
    assert not back.has("left_heel") and back.score("left_heel") == 0 and np.isnan(back["left_heel"]).all()


def test_a_neck_that_the_source_does_not_name_is_between_the_shoulders():
    body = some_body()
    neck = convert(body, OPENPOSE_18)
    assert neck["neck"] == pytest.approx((body["left_shoulder"] + body["right_shoulder"]) / 2)
    assert neck.score("neck") == min(body.score("left_shoulder"), body.score("right_shoulder"))
    assert np.isnan(convert(neck, skeleton("mpii_16"))["head_top"]).all()


def test_a_hand_has_no_point_of_a_body():
    hand = Keypoints(HAND_21, np.zeros((21, 2), np.float32), np.ones(21, np.float32))
    assert convert(hand, COCO_17).present == ()


def test_a_body_is_joined_with_its_hands_and_its_face():
    rng = np.random.default_rng(2)
    hand, face = (
        Keypoints(s, rng.uniform(0, 99, (len(s), 2)).astype(np.float32), np.ones(len(s), np.float32))
        for s in (HAND_21, FACE_70)
    )
    whole = joined([some_body(), in_hand(hand, "left"), face], OPENPOSE_137)
    assert np.array_equal(whole["left_hand_index_4"], hand["index_4"]) and whole.score("left_hand_wrist") == 1
    assert np.array_equal(whole["jaw_chin"], face["jaw_chin"])
    assert np.array_equal(whole["left_wrist"], some_body()["left_wrist"])
    assert not whole.has("right_hand_wrist") and not whole.has("left_big_toe")
    back = convert(whole, FACE_70)
    assert np.array_equal(back.xy, face.xy)


@pytest.mark.parametrize("source", [*SKELETONS.values(), *KINDS.values()], ids=lambda s: s.name)
def test_every_skeleton_converts_to_every_other_by_name(source):
    places = np.stack([np.arange(len(source)), np.arange(len(source)) + 0.5], axis=1).astype(np.float32)
    points = Keypoints(source, places, np.ones(len(source), np.float32))
    for target in (*SKELETONS.values(), *KINDS.values()):
        there = convert(points, target)
        assert there.skeleton is target
        shared = set(source.names) & set(target.names)
        assert shared <= set(there.present) and all(np.array_equal(there[n], points[n]) for n in shared)
        assert set(there.present) - shared <= {"neck", "thorax", "pelvis"}


def test_an_unknown_skeleton_is_a_usage_error_that_names_the_known_ones():
    with pytest.raises(UsageError, match="coco_17"):
        skeleton("openpose_19")
