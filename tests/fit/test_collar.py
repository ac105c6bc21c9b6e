"""Collars that stand: their feet on the shoulders, their tops up the neck; necks without one stay."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.collar import stands
from flixpose.fit.layout import plan_layout
from flixpose.fit.neck_view import neck_frame
from flixpose.fit.neckline import front_neckline
from flixpose.structures.found import Garment, View
from flixpose.structures.image import Image, Mask
from flixpose.structures.warp import ControlPoints
from tests.fit.figures import make_garment, paint_person
from tests.fit.test_layout import BLANK, RIGS, own, target

UNIT = 250.0  # of `make_garment`
RISE, TOP = 0.22, 0.13  # units: how high a collar stands over the neck's corners, and half its width


def with_collar(kind: str, view: View = "front") -> tuple[Image, Garment]:
    """A garment with a stand from its neck up; the neck's corners are the stand's."""
    product, garment = make_garment(kind, view=view)
    room = round(RISE * UNIT) + 20
    marks = garment.landmarks
    xy = marks.xy + np.array([0, room], np.float32)
    left, right = (xy[marks.skeleton.index[f"neck_{side}"]].copy() for side in ("left", "right"))
    middle, outwards = (left + right) / 2, (left - right) / np.linalg.norm(left - right)
    up, below = np.array([0, -RISE * UNIT], np.float32), np.array([0, 20], np.float32)
    tops = [middle + up + sign * TOP * UNIT * outwards for sign in (1, -1)]
    alpha = cv2.copyMakeBorder(garment.mask.alpha, room, 0, 0, 0, cv2.BORDER_CONSTANT, value=0)
    pixels = cv2.copyMakeBorder(product.pixels, room, 0, 0, 0, cv2.BORDER_CONSTANT, value=(250,) * 3)
    stand = np.round([left + below, *tops, right + below]).astype(np.int32)
    cv2.fillPoly(alpha, [stand], 255)
    cv2.fillPoly(pixels, [stand], (46, 84, 176))
    places = {"neck_left": tops[0], "neck_right": tops[1], "neck_front": middle + up + [0, 10]}
    places["neck_back"] = middle + up
    for name, place in places.items():
        if garment.landmarks.has(name):
            xy[marks.skeleton.index[name]] = place
    box = Mask(alpha).box
    assert box is not None
    worn = replace(garment, mask=Mask(alpha), landmarks=replace(marks, xy=xy), box=box)
    return replace(product, pixels=pixels, sha256="collar" + product.sha256), worn


def trunk(product: Image, garment: Garment, view: View = "front") -> ControlPoints:
    pose = paint_person(view=view)[1]
    assert pose.mask is not None
    chin = round(float(pose.keypoints["nose"][1] + 0.27 * 150))
    head = np.where(np.arange(pose.mask.height)[:, None] < chin, pose.mask.alpha, 0).astype(np.uint8)
    occluders = replace(BLANK, head=Mask(head))
    body, rig = measure_body(pose), RIGS[garment.kind]
    return plan_layout(garment, product, body, rig, pose.mask, occluders).parts[0].controls


@pytest.mark.parametrize("view", ["front", "back"])
@pytest.mark.parametrize("kind", ["short_sleeve_top", "long_sleeve_dress"])
def test_a_standing_collar_rises_beside_the_neck(kind: str, view: View) -> None:
    body = measure_body(paint_person(view=view)[1])
    controls = trunk(*with_collar(kind, view), view)
    for side in ("left", "right"):
        top, foot = (
            own(body, target(controls, f"{n}_{side}{m}")) for n, m in (("neck", ""), ("shoulder_line", "_1"))
        )
        rise = (foot[1] - top[1]) * body.torso_length / body.shoulder_width
        assert 0.12 < rise < 0.34, "as high as the collar is"
        assert 0.13 <= abs(top[0]) < abs(foot[0]), "outside the neck, which is 0.26 wide, over the shoulder"
        assert -0.25 < foot[1] < -0.02, "its foot lies on the shoulder's line"
    left, right = (own(body, target(controls, f"neck_{side}")) for side in ("left", "right"))
    assert left[0] == pytest.approx(-right[0], abs=0.03) and left[1] == pytest.approx(right[1], abs=0.03)
    assert (
        own(body, target(controls, "neck_left"))[1]
        < own(body, target(trunk(*make_garment(kind, view=view), view), "neck_left"))[1]
    )


@pytest.mark.parametrize("kind", ["short_sleeve_top", "long_sleeve_outwear"])
def test_a_neck_without_a_collar_lies_on_the_shoulders(kind: str) -> None:
    body = measure_body(paint_person()[1])
    controls = trunk(*make_garment(kind))
    heights = [own(body, target(controls, name))[1] for name in ("neck_left", "shoulder_line_left_1")]
    assert abs(heights[0] - heights[1]) < 0.05


def test_the_front_edge_of_a_turtleneck_is_at_its_top_though_its_fold_shines() -> None:
    """The stand is darker than the front, and a fold as large as a label shines where its edge is."""
    product, garment = with_collar("short_sleeve_top")
    middle, _, down, width = neck_frame(garment)
    front = garment.landmarks["neck_front"].astype(np.float64)
    pixels = product.pixels.copy()
    foot = round(float(middle[1] + 0.62 * width))
    there = (garment.mask.alpha > 0) & (np.arange(pixels.shape[0])[:, None] < foot)
    pixels[there] = (24, 44, 90)
    x, y = np.round(front).astype(int)
    pixels[y - 2 : y + 3, x - 9 : x + 10] = (150, 170, 230)
    curve = front_neckline(garment, replace(product, pixels=pixels, sha256="turtleneck"))
    assert curve is not None
    assert float(((curve - front) @ down).max()) < 0.15 * width


def test_a_neck_corner_that_was_read_within_the_opening_is_no_collars() -> None:
    """Below it lies the front's neckline, deep down; no cloth is beside it, towards the neck."""
    product, garment = make_garment("short_sleeve_top")
    marks, (middle, right, down, width) = garment.landmarks, neck_frame(garment)
    alpha, xy = garment.mask.alpha.copy(), marks.xy.copy()
    tops = middle + np.outer([-0.55 * width, 0.55 * width], right)
    opening = np.vstack([tops - 0.3 * width * down, tops[::-1] + 0.5 * width * down])
    cv2.fillPoly(alpha, [np.round(opening).astype(np.int32)], 0)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        xy[marks.skeleton.index[f"neck_{side}"]] = middle - sign * 0.4 * width * right
    open_neck = replace(garment, mask=Mask(alpha), landmarks=replace(marks, xy=xy))
    assert not stands(open_neck) and not stands(garment)
    assert stands(with_collar("short_sleeve_top")[1])
    heights = [
        own(measure_body(paint_person()[1]), target(trunk(product, open_neck), name))[1]
        for name in ("neck_left", "shoulder_line_left_1")
    ]
    assert abs(heights[0] - heights[1]) < 0.08
