"""Second looks: back from the mirror, back from other sizes, each person once."""

import numpy as np
import pytest

from flixpose.errors import UsageError
from flixpose.geometry.view import fit
from flixpose.pose.augmented import Augmented, distinct, enlarged, joined, mirrored, unmirrored
from flixpose.pose.skeletons import COCO_17
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

INFO = ModelInfo("marks", "1", "keypoints", "none", "a test", "")
LEFT, RIGHT = COCO_17.index["left_wrist"], COCO_17.index["right_wrist"]


def pose(seed: int = 1, *, shift: float = 0.0, score: float = 0.8) -> Pose:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(20, 80, (17, 2)).astype(np.float32) + np.float32(shift)
    low, high = xy.min(axis=0), xy.max(axis=0)
    box = Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Pose(Keypoints(COCO_17, xy, np.full(17, score, np.float32)), box, score, INFO)


class RedIsLeft:
    """Finds one person: the wearer's left wrist is the reddest pixel, the right one is farther right."""

    model, models = INFO, (INFO,)

    def __call__(self, images):
        return [(self._pose(image),) for image in images]

    def _pose(self, image: Image) -> Pose:
        y, x = np.unravel_index(image.pixels[..., 0].argmax(), image.pixels.shape[:2])
        base = pose(3)
        xy = base.keypoints.xy.copy()
        xy[[LEFT, RIGHT]] = (x + 0.5, y + 0.5), (x + 10.5, y + 0.5)
        return Pose(Keypoints(COCO_17, xy, base.keypoints.scores), base.box, 0.5, INFO)


def test_a_pose_comes_back_from_the_mirror_image():
    one = pose()
    there = unmirrored(one, (100, 90))
    assert there.keypoints["left_wrist"][0] == pytest.approx(100 - one.keypoints["right_wrist"][0])
    again = unmirrored(there, (100, 90))
    assert np.allclose(again.keypoints.xy, one.keypoints.xy) and again.box.to_json() == one.box.to_json()


def test_what_the_mirror_image_shows_is_named_the_other_way_round():
    pixels = np.zeros((90, 100, 3), np.uint8)
    pixels[40, 30] = 255, 0, 0
    image = Image(pixels, None, "", "marks")
    looked = unmirrored(RedIsLeft()([mirrored(image)])[0][0], image.size)
    assert looked.keypoints["right_wrist"] == pytest.approx((30.5, 40.5))
    assert looked.keypoints["left_wrist"] == pytest.approx((20.5, 40.5))


def test_people_of_several_looks_are_joined_once_each():
    far = pose(2, shift=500.0)
    (first, second) = joined([pose(1), pose(1, shift=2.0, score=0.4), far], 2, (700, 700))
    by_place = sorted((first, second), key=lambda each: each.box.x0)
    weights = np.array([0.8 * 0.8, 0.4 * 0.4])
    assert by_place[0].keypoints.xy == pytest.approx(
        pose(1).keypoints.xy + 2.0 * weights[1] / weights.sum(), abs=1e-3
    )
    assert by_place[0].score == pytest.approx(0.6) and by_place[1].score == pytest.approx(0.4)


def test_the_surer_of_two_alike_poses_stays():
    some = (pose(1, shift=1.0, score=0.3), pose(2, shift=300.0, score=0.2), pose(1, score=0.9))
    assert distinct(some, max_similarity=0.8) == (some[1], some[2])
    assert distinct((), max_similarity=0.8) == ()


@pytest.mark.parametrize("scale", [0.8, 1.2, 2.0])
def test_a_larger_view_points_at_the_same_places(scale):
    view = fit((300, 200), (512, 512))
    larger = enlarged(view, scale)
    xy = np.array([[10.0, 20.0], [290.0, 150.0]])
    assert larger.to_photo(view.to_picture(xy) * scale) == pytest.approx(xy)
    assert all(side % 128 == 0 and side >= 512 * scale for side in larger.picture)
    assert enlarged(fit((300, 200), (257, 257)), scale).picture[0] % 128 == 1


def test_an_estimator_without_sizes_says_so():
    with pytest.raises(UsageError, match="one size only"):
        Augmented(RedIsLeft(), scales=(1.0, 2.0))
    with pytest.raises(UsageError, match="finds people by itself"):
        Augmented(RedIsLeft()).in_boxes([], [])
