import math

import cv2
import numpy as np
import pytest

from flixpose.pose.codec.region import Region, from_alignment, whole

PICTURE = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def test_the_whole_of_a_square_photo_is_the_photo():
    assert np.array_equal(whole(64, 64).crop(PICTURE, 64, border=cv2.BORDER_CONSTANT), PICTURE)


def test_letter_boxing_centres_the_photo():
    region = whole(100, 40)
    assert (region.side, region.to_photo(np.array([0.0, 0.0])).tolist()) == (100, [0, -30])


def test_points_in_the_square_follow_its_turn():
    region = Region(50, 60, 20, math.pi / 2)
    # The square's own right is the photo's down; its own down is the photo's left.
    assert region.to_photo(np.array([1.0, 0.5])) == pytest.approx([50, 70])
    assert region.to_photo(np.array([0.5, 1.0])) == pytest.approx([40, 60])


def test_sampling_finds_in_the_photo_what_the_crop_shows():
    region = Region(33.2, 30.1, 41.0, 0.4)
    inside = region.crop(PICTURE, 16, border=cv2.BORDER_REPLICATE)[8, 5]
    x, y = region.sampling(16) @ (5, 8, 1)
    expected = cv2.remap(PICTURE, np.float32([[x]]), np.float32([[y]]), cv2.INTER_LINEAR)[0, 0]
    assert inside.astype(int) == pytest.approx(expected.astype(int), abs=4)


@pytest.mark.parametrize(
    ("rim", "angle"),
    [((100, 20), 0), ((180, 100), math.pi / 2), ((20, 100), -math.pi / 2), ((100, 180), -math.pi)],
)
def test_the_body_stands_upright_in_its_region(rim, angle):
    region = from_alignment(np.array([100.0, 100.0]), np.array(rim, dtype=float), scale=1.25)
    assert region.side == pytest.approx(200) and region.angle == pytest.approx(angle)
    assert region.to_photo(np.array([0.5, 0.5 - 1 / 2.5])) == pytest.approx(rim)
