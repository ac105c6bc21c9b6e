import numpy as np
import pytest

from flixpose.imaging.overlay import (
    LEFT,
    MIDDLE,
    RIGHT,
    draw_box,
    draw_keypoints,
    draw_mask,
    draw_mesh,
    draw_polyline,
    pen_width,
    side_colour,
)
from flixpose.structures.image import Box, Mask
from flixpose.structures.keypoints import Keypoints, Skeleton

GREY = np.full((400, 300, 3), 120, np.uint8)
ARM = Skeleton("arm", ("left_wrist", "right_wrist", "nose"), (("left_wrist", "right_wrist"),))


def changed(picture: np.ndarray) -> np.ndarray:
    return (picture != GREY).any(axis=2)


@pytest.mark.parametrize(
    ("name", "colour"),
    [("left_wrist", LEFT), ("mouth_right", RIGHT), ("collar", MIDDLE), ("hem_left_outer", LEFT)],
)
def test_colours_tell_the_wearers_side(name, colour):
    assert side_colour(name) == colour


def test_points_lie_where_the_house_frame_says():
    found = Keypoints.from_points(ARM, {"left_wrist": (100.5, 200.5, 1.0)})
    drawn = draw_keypoints(GREY, found)
    assert tuple(drawn[200, 100]) == LEFT
    rows, columns = np.nonzero(changed(drawn))
    assert (rows.mean(), columns.mean()) == pytest.approx((200, 100), abs=0.1)
    assert not changed(GREY).any()


def test_an_edge_is_drawn_between_sure_points_only():
    ends = {"left_wrist": (50.0, 100.0, 0.9), "right_wrist": (250.0, 100.0, 0.9)}
    assert changed(draw_keypoints(GREY, Keypoints.from_points(ARM, ends)))[100, 150]
    ends["right_wrist"] = (250.0, 100.0, 0.2)
    faint = changed(draw_keypoints(GREY, Keypoints.from_points(ARM, ends)))
    assert not faint[100, 150] and faint[95:105, 245:255].any()


def test_points_outside_the_picture_and_absent_ones_do_no_harm():
    far = {"left_wrist": (-5000.0, 90000.0, 1.0), "right_wrist": (100.0, 100.0, 1.0)}
    assert draw_keypoints(GREY, Keypoints.from_points(ARM, far), labels=True).shape == GREY.shape
    assert not changed(draw_keypoints(GREY, Keypoints.from_points(ARM, {}), labels=True)).any()


def test_labels_stay_inside():
    drawn = draw_keypoints(GREY, Keypoints.from_points(ARM, {"right_wrist": (298.0, 4.0, 1.0)}), labels=True)
    assert changed(drawn)[:20, 200:280].any()


def test_a_mask_tints_what_it_covers():
    alpha = np.zeros((400, 300), np.uint8)
    alpha[100:200, 100:200] = 255
    drawn = draw_mask(GREY, Mask(alpha), colour=(255, 0, 0), opacity=0.5, outline=False)
    assert drawn[150, 150].tolist() == [188, 60, 60] and not changed(drawn)[50].any()
    assert changed(draw_mask(GREY, Mask(alpha), opacity=0.0))[99:102, 150].any()


def test_a_box_and_a_line_and_a_mesh_touch_their_points():
    assert changed(draw_box(GREY, Box(40, 50, 200, 300), label="0.9"))[[50, 299, 175], [100, 100, 40]].all()
    closed = np.array([[20.0, 20.0], [200.0, 20.0], [200.0, 300.0]])
    assert changed(draw_polyline(GREY, closed, closed=True))[160, 110]
    assert not changed(draw_polyline(GREY, closed))[160, 110]
    mesh = np.stack(np.meshgrid([50.0, 150.0, 250.0], [100.0, 200.0]), axis=-1)
    mesh[0, 2] = np.nan
    drawn = changed(draw_mesh(GREY, mesh))
    assert drawn[100, 100] and drawn[150, 50] and not drawn[100, 200] and not drawn[150, 250]


def test_lines_grow_with_the_picture():
    assert pen_width(np.zeros((4000, 3000, 3), np.uint8)) == 10 * pen_width(GREY) == 10
