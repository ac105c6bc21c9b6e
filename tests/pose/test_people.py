import numpy as np
import pytest

from flixpose.pose.people import prominence, same_person
from flixpose.pose.search import other_views
from flixpose.pose.skeletons import COCO_17
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box
from flixpose.structures.keypoints import Keypoints

MODEL = ModelInfo("m", "1", "t", "Apache-2.0", "o", "")
NOWHERE = Keypoints(COCO_17, np.full((17, 2), np.nan, np.float32), np.zeros(17, np.float32))


def pose(box: Box, score: float = 1.0) -> Pose:
    return Pose(NOWHERE, box, score, MODEL)


def test_larger_surer_and_more_central_people_are_more_prominent():
    size = (1000, 1000)
    middle = prominence(pose(Box(400, 300, 600, 700)), size)
    assert middle == pytest.approx(0.08)
    assert prominence(pose(Box(350, 300, 650, 700)), size) > middle
    assert prominence(pose(Box(400, 300, 600, 700), 0.6), size) < middle
    assert prominence(pose(Box(0, 300, 200, 700)), size) < middle


def test_two_readings_of_one_body_are_told_from_two_bodies():
    body = np.random.default_rng(2).uniform(0, 300, (33, 2)).astype(np.float32)
    assert same_person(body, body + 10)
    assert not same_person(body, body + np.float32([150, 0]))


@pytest.mark.parametrize(("width", "height"), [(768, 1024), (2000, 700), (64, 64)])
def test_the_other_views_leave_no_part_of_the_photo_out(width, height):
    *_, closer = other_views(width, height)
    seen = np.zeros((height, width), bool)
    for view in closer:
        half = view.side / 2
        seen[
            max(0, int(view.y - half)) : int(view.y + half) + 1,
            max(0, int(view.x - half)) : int(view.x + half) + 1,
        ] = True
    assert seen.all() and len(closer) < 30
