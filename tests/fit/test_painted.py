"""A painted photo: what is written to is its own."""

import numpy as np

from flixpose.fit.painted import Painted
from flixpose.structures.image import Mask


def photo() -> tuple[np.ndarray, Painted]:
    picture, blank = np.full((40, 30, 3), 90, np.uint8), np.zeros((40, 30), np.uint8)
    return picture, Painted(picture, Mask(blank), blank > 0, Mask(blank + 200), blank)


def test_the_photo_itself_is_never_written_to() -> None:
    picture, before = photo()
    window, gone = np.s_[10:20, 5:15], np.ones((10, 10), bool)
    after = before.changed(window, np.full((10, 10, 3), 7, np.uint8), gone)
    again = after.changed(np.s_[0:4, 0:4], np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), bool))
    assert (picture == 90).all() and not before.mask.alpha.any() and not before.arms.any()
    assert again.picture is after.picture, "one copy serves for all that is painted"
    assert (again.picture[window] == 7).all() and not again.picture[:4, :4].any()
    assert np.count_nonzero(again.mask.alpha) == 116 and np.count_nonzero(again.left.alpha == 0) == 100


def test_pixels_that_come_out_as_they_were_are_not_told_as_painted() -> None:
    picture, before = photo()
    same = picture[10:20, 5:15].copy()
    same[3, 4] += 1
    after = before.changed(np.s_[10:20, 5:15], same, np.zeros((10, 10), bool))
    assert np.argwhere(after.mask.alpha).tolist() == [[13, 9]]
