"""Faces: the squares they are looked for in, and the mesh that the net reads on real photos."""

import math

import numpy as np
import pytest

from flixpose import pose as poses
from flixpose.adapters.weights import WeightsCache
from flixpose.errors import UsageError
from flixpose.pose import face
from flixpose.pose.codec.region import Region
from flixpose.pose.details import with_details
from flixpose.pose.skeletons import BLAZEPOSE_33, COCO_17, FACE_36, FACE_468, convert, mirror_rows
from flixpose.settings import load_settings
from flixpose.structures.keypoints import Keypoints

PHOTO = "magento_wb01-black_main.jpg"
FACE = {
    **{"nose": (100, 110), "left_eye": (120, 90), "right_eye": (80, 90)},
    **{"left_ear": (140, 100), "right_ear": (60, 100), "mouth_left": (112, 130), "mouth_right": (88, 130)},
}


def body(points: dict[str, tuple[float, float]], skeleton=BLAZEPOSE_33) -> Keypoints:
    return Keypoints.from_points(skeleton, {name: (*xy, 0.9) for name, xy in points.items()})


def test_the_square_of_a_body_is_three_times_its_face_and_level_with_the_eyes():
    found = face.region_from_body(body(FACE))
    assert (found.x, found.y, found.side, found.angle) == pytest.approx((100, 110, 240, 0))
    turn = Region(0, 0, 1, math.radians(30))
    turned = {name: tuple(turn.to_photo(np.array(xy) + 0.5)) for name, xy in FACE.items()}
    assert face.region_from_body(body(turned)).angle == pytest.approx(math.radians(30), abs=1e-6)


def test_a_skeleton_without_a_mouth_has_it_below_the_nose():
    some = {name: xy for name, xy in FACE.items() if "mouth" not in name}
    found = face.region_from_body(body(some, COCO_17))
    assert found.x == pytest.approx(100) and found.y == pytest.approx(108, abs=3)
    assert face.region_from_body(body({"nose": (5, 5)}, COCO_17)) is None


def test_the_outline_goes_round_and_knows_its_mirror():
    assert len(FACE_468) == 468 and len(set(FACE_468.names)) == 468 and len(FACE_36) == 36
    rows = mirror_rows(FACE_36)
    assert FACE_36.names[rows[FACE_36.index["outline_left_5"]]] == "outline_right_5"
    assert rows[FACE_36.index["chin"]] == FACE_36.index["chin"]
    mesh = Keypoints(FACE_468, np.arange(936, dtype=np.float32).reshape(468, 2), np.ones(468, np.float32))
    assert convert(mesh, FACE_36)["chin"].tolist() == [304, 305]


def test_the_mesh_lies_on_the_face(estimator, person):
    image = person(PHOTO)
    (found,) = with_details(estimator, WeightsCache(load_settings().home))([image])[0]
    mesh, points = found.face, found.keypoints
    assert mesh.skeleton is FACE_468 and mesh.scores.min() > 0.9 and len(found.hands) == 2
    outline = convert(mesh, FACE_36).xy
    for name in ("nose", "left_eye", "right_eye", "mouth_left", "mouth_right"):
        assert outline[:, 0].min() < points[name][0] < outline[:, 0].max()
        assert mesh["forehead"][1] < points[name][1] < mesh["chin"][1]
    corners = mesh.xy[[33, 263]]
    outer = np.stack([points["right_eye_outer"], points["left_eye_outer"]])
    assert np.hypot(*(corners - outer).T).max() < 0.1 * np.ptp(outline[:, 1])
    x, y = outline[:, 0].astype(int), outline[:, 1].astype(int)
    assert (found.mask.alpha[y, x] > 127).mean() > 0.9


def test_the_family_gives_each_face_as_a_pose(estimator, person):
    family = poses.load("face", WeightsCache(load_settings().home), finder=estimator)
    (found,) = family([person(PHOTO)])[0]
    assert found.face is found.keypoints and found.score > 0.9 and found.model.licence == "Apache-2.0"
    with pytest.raises(UsageError):
        poses.load("face", WeightsCache(load_settings().home), finder=estimator, flip=True)
