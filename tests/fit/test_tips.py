"""Shoulder tips on mannequins: where the outline turns down, wherever they were read."""

from dataclasses import replace

import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.layout import plan_layout
from flixpose.fit.occluders import Occluders
from flixpose.fit.tips import with_tips
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask
from flixpose.structures.keypoints import Keypoints
from tests.fit.figures import SIZE, make_garment, make_pose
from tests.fit.test_layout import RIGS
from tests.fit.test_mannequin import on_mannequin

SIDES = ("left", "right")


def slid(garment: Garment, share: float, *sides: str) -> Garment:
    """The garment with shoulder tips moved so far down the sleeve's outer edge."""
    xy = garment.landmarks.xy.copy()
    index = garment.landmarks.skeleton.index
    for side in sides:
        tip, cuff = index[f"shoulder_{side}"], index[f"cuff_{side}_outer"]
        xy[tip] += share * (xy[cuff] - xy[tip])
    return replace(garment, landmarks=replace(garment.landmarks, xy=xy))


def tips(garment: Garment) -> np.ndarray:
    return np.array([garment.landmarks[f"shoulder_{side}"] for side in SIDES], float)


def test_tips_far_down_the_sleeves_return_to_where_the_outline_turns() -> None:
    _, garment = make_garment("long_sleeve_top")
    turns = tips(with_tips(slid(garment, 0.9, *SIDES)))
    width = float(np.linalg.norm(garment.landmarks["armpit_left"] - garment.landmarks["armpit_right"]))
    assert 0.0 < np.linalg.norm(turns - tips(garment), axis=1).max() < 0.05 * width
    one = with_tips(slid(garment, 0.9, "left"))
    assert tips(one)[0] == pytest.approx(turns[0], abs=0.1)
    near = with_tips(garment)
    assert tips(near) == pytest.approx((tips(garment) + turns) / 2, abs=0.01 * width)
    assert {n: tuple(garment.landmarks[n]) for n in garment.landmarks.present if "shoulder" not in n} == {
        n: tuple(near.landmarks[n]) for n in near.landmarks.present if "shoulder" not in n
    }


def test_where_no_turn_or_no_armpit_is_seen_tips_stay() -> None:
    _, flat = make_garment("short_sleeve_top")  # its sleeves stand out nearly level
    assert tips(with_tips(flat)) == pytest.approx(tips(flat))
    _, garment = make_garment("long_sleeve_top")
    marks = garment.landmarks
    left = {name: (*marks[name], 0.9) for name in marks.present if name != "armpit_left"}
    blind = replace(garment, landmarks=Keypoints.from_points(marks.skeleton, left))
    assert with_tips(blind) is blind


@pytest.mark.parametrize("kind", ["long_sleeve_top", "long_sleeve_dress"])
def test_a_garments_size_on_a_mannequin_hangs_on_its_outline_not_on_where_its_tips_were_read(
    kind: str,
) -> None:
    product, garment = on_mannequin(kind)
    nothing = Mask(np.zeros(SIZE[::-1], np.uint8))
    blank = Occluders(nothing, nothing, nothing, nothing)

    def hem(worn: Garment) -> float:
        body = measure_body(make_pose())
        trunk = plan_layout(worn, product, body, RIGS[kind], None, blank).parts[0].controls
        at = dict(zip(trunk.names, trunk.person_xy, strict=True))
        return float((at["hem_left"] + at["hem_right"])[1] / 2 - body.mid_shoulder[1])

    assert hem(slid(garment, 0.3, *SIDES)) == pytest.approx(hem(garment), rel=0.05)
