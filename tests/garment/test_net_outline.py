"""Landmarks settled on an outline."""

import cv2
import numpy as np
import pytest

from flixpose.garment.net_outline import edge_of, on_outline, settled
from flixpose.garment.seeing import Seen

# a short-sleeved top, the right half of its outline: px about the neck's middle
_HALF = [(30, 0), (80, 18), (130, 80), (110, 130), (90, 120), (90, 300)]
_TURN = (280.0, 58.0)  # where that outline turns into the sleeve, of a photo of 400 pixels
_SHRINK = 0.5


def _seen(region: np.ndarray, shrink: float = 1.0) -> Seen:
    flat = np.zeros((*region.shape, 3), np.float32)
    return Seen(region, flat, flat[..., 0], shrink, None, 1.0)


def _top() -> Seen:
    half = np.array(_HALF)
    outline = np.vstack([half, (half * (-1, 1))[::-1]]) + np.array([200, 40])
    region = np.zeros((200, 200), np.uint8)
    cv2.fillPoly(region, [np.round(outline * _SHRINK).astype(np.int32)], 1)
    return _seen(region > 0, _SHRINK)


def _points(shoulder: tuple[float, float]) -> dict[str, tuple[float, float, float]]:
    return {
        "neck_left": (230.0, 40.0, 0.9),
        "shoulder_left": (*shoulder, 0.8),
        "cuff_left_outer": (330.0, 120.0, 0.9),
        "armpit_left": (290.0, 160.0, 0.9),
    }


def test_a_shoulder_settles_half_way_to_where_the_outline_turns() -> None:
    seen = _top()
    found = settled(_points((272.0, 52.0)), "short_sleeve_top", seen, edge_of(seen))
    x, y, score = found["shoulder_left"]
    assert (x, y) == pytest.approx((276, 55), abs=3) and score == 0.8
    assert x > 273


@pytest.mark.parametrize("gone", ["neck_left", "cuff_left_outer", "armpit_left"])
def test_a_shoulder_stays_where_its_neighbours_are_not_known(gone: str) -> None:
    seen = _top()
    points = _points((262.0, 51.0))
    del points[gone]
    found = settled(points, "short_sleeve_top", seen, edge_of(seen))
    assert found["shoulder_left"] == on_outline(
        "shoulder_left", points["shoulder_left"], "short_sleeve_top", seen, edge_of(seen)
    )


def test_a_turn_far_from_a_shoulder_is_another_thing() -> None:
    seen = _top()
    found = settled(_points((244.0, 45.0)), "short_sleeve_top", seen, edge_of(seen))
    assert np.hypot(found["shoulder_left"][0] - 244, found["shoulder_left"][1] - 45) < 4


def test_an_inner_cuff_at_the_armpit_shares_its_corner() -> None:
    seen, kind = _top(), "short_sleeve_top"
    edge = edge_of(seen)
    points = _points(_TURN) | {"cuff_left_inner": (293.0, 161.0, 0.6)}
    near = {
        name: on_outline(name, points[name], kind, seen, edge) for name in ("cuff_left_inner", "armpit_left")
    }
    (x, y, _), (u, v, _) = near.values()
    found = settled(points, kind, seen, edge)
    assert found["cuff_left_inner"] == pytest.approx(((x + u) / 2, (y + v) / 2, 0.6))
    assert found["armpit_left"] == near["armpit_left"]
    apart = settled(points | {"cuff_left_inner": (309.0, 169.0, 0.6)}, kind, seen, edge)
    assert apart["cuff_left_inner"][0] > 305


def test_a_fork_stays_above_its_gap_where_other_points_move_to_the_nearest_edge() -> None:
    region = np.ones((200, 200), bool)
    region[80:, 90:110] = False  # between a sleeve and the body
    region[:, :10] = region[:, 190:] = region[:5] = region[195:] = False
    seen = _seen(region)
    inner = cv2.erode(region.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    rows, columns = np.nonzero(region & ~inner)
    edge = np.stack([columns, rows], axis=1) + 0.5
    inside = (89.0, 78.5, 0.9)
    assert on_outline("armpit_left", inside, "long_sleeve_top", seen, edge) == inside
    assert on_outline("armpit_left", inside, "vest", seen, edge) != inside
    assert on_outline("neck_front", inside, "vest", seen, edge) == inside
    below = (100.0, 120.0, 0.9)
    assert on_outline("armpit_left", below, "long_sleeve_top", seen, edge) == (100.0, 80.0, 0.9)


def test_a_shoulder_is_not_moved_far() -> None:
    seen = _top()
    edge, start = edge_of(seen), (266.0, 49.0)
    x, y, _ = settled(_points(start), "short_sleeve_top", seen, edge)["shoulder_left"]
    near = on_outline("shoulder_left", (*start, 0.8), "short_sleeve_top", seen, edge)
    moved, gap = np.hypot(x - near[0], y - near[1]), np.hypot(near[0] - 280, near[1] - 59)
    side = float(np.ptp(edge, axis=0).max())
    assert gap > 0.045 * side and 0.01 * side < moved < 0.0165 * side
