import numpy as np
import pytest

from flixpose.geometry.view import fit
from flixpose.pose.codec.keypoint_objects import Objects, fuse, people_and_keypoints
from tests.pose.parity import arrays, cases

ROWS = arrays("decode_kapao_nms_fusion")


def flat(objects: Objects) -> np.ndarray:
    parts = [objects.boxes, objects.scores[:, None], objects.classes[:, None]]
    return np.concatenate([*parts, objects.xy.reshape(len(objects.xy), -1)], axis=1)


@pytest.mark.parametrize("case", cases("kapao_nms_fusion"), ids=lambda case: case["case"])
def test_suppression_and_fusion_are_kapaos(case):
    people, points = people_and_keypoints(ROWS[f"case{case['case']:02d}"])
    expected = case["expected"]
    assert flat(people) == pytest.approx(np.array(expected["person"]).reshape(-1, 40), abs=1e-3)
    assert flat(points) == pytest.approx(np.array(expected["keypoint_objects"]).reshape(-1, 40), abs=1e-3)
    view = fit(tuple(case["image_hw"][::-1]), tuple(case["net_hw"][::-1]))
    xy, scores = fuse(people, points, view, clip_like_boxes=True)
    wanted = np.array(expected["poses"]).reshape(-1, 17, 3)
    assert xy == pytest.approx(wanted[..., :2], abs=1e-3)
    assert scores == pytest.approx(wanted[..., 2], abs=1e-6)
    assert np.round(view.boxes_to_photo(people.boxes)).tolist() == expected["bboxes"]


def test_a_keypoint_beyond_the_border_stays_there_unless_it_is_taken_for_a_box():
    person = Objects(
        np.array([[10, 10, 90, 90]], np.float32),
        np.ones(1, np.float32),
        np.zeros(1, int),
        np.full((1, 17, 2), 50, np.float32),
    )
    nose = Objects(
        np.array([[-40, 40, 20, 60]], np.float32),
        np.ones(1, np.float32),
        np.ones(1, int),
        np.zeros((1, 17, 2), np.float32),
    )
    person.xy[0, 0] = -5, 50
    view = fit((100, 100), (100, 100))
    assert fuse(person, nose, view)[0][0, 0].tolist() == [-10, 50]
    assert fuse(person, nose, view, clip_like_boxes=True)[0][0, 0].tolist() == [10, 50]


def test_an_empty_picture_has_nobody():
    for rows in (np.zeros((0, 57), np.float32), np.zeros((9, 57), np.float32)):
        people, points = people_and_keypoints(rows)
        assert people.xy.shape == points.xy.shape == (0, 17, 2)
