import numpy as np
import pytest

from flixpose.geometry.view import View, around, fit, shrink, stretch
from flixpose.structures.image import Box

PHOTO = (300, 200)
VIEWS = {
    "fit": fit(PHOTO, (128, 128)),
    "fit at the corner": fit(PHOTO, (128, 128), centred=False),
    "stretch": stretch(PHOTO, (257, 129)),
    "shrink": shrink(PHOTO, shorter=90, longer=400, multiple=32),
    "around": around(Box(100, 60, 160, 140), PHOTO, (192, 256)),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_dot_is_found_where_the_view_says(view: View) -> None:
    place = np.array([130.0, 90.0])  # the middle of the four bright pixels
    pixels = np.zeros((*PHOTO[::-1], 3), np.uint8)
    pixels[88:92, 128:132] = 255
    picture = view.cut(pixels)[..., 0].astype(float)
    assert picture.shape == view.picture[::-1]
    y, x = np.indices(picture.shape) + 0.5
    seen = np.array([(picture * x).sum(), (picture * y).sum()]) / picture.sum()
    assert seen == pytest.approx(view.to_picture(place), abs=0.1)
    assert view.to_photo(view.to_picture(place)) == pytest.approx(place)


def test_what_lies_beyond_the_photo_is_filled():
    picture = fit(PHOTO, (128, 128)).cut(np.full((*PHOTO[::-1], 3), 200, np.uint8), fill=114)
    assert picture[0, 64].tolist() == [114] * 3 and picture[64, 64].tolist() == [200] * 3


def test_boxes_end_at_the_photo():
    view = fit(PHOTO, (150, 150))
    assert view.boxes_to_photo(np.array([[-9.0, 0, 150, 75]])).tolist() == [[0, 0, 300, 100]]


def test_a_picture_has_the_multiples_that_the_photo_needs():
    view = shrink(PHOTO, shorter=90, longer=400, multiple=32)
    assert view.picture == (160, 96) and view.scale == (0.45, 0.45)
