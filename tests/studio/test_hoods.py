"""Drawn hoods: all ways in which shops lay them, with the neck's landmarks where they leave the shoulders."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.studio.garments.cut import Cut, draw_cut
from flixpose.studio.garments.hoods import Hood, hood_down, hood_up
from flixpose.studio.garments.plan import Part, Plan


def drawn(seed: int, *, up: bool, view: str = "front") -> tuple[Plan, Cut, Hood]:
    rng, plan = np.random.default_rng(seed), Plan("long_sleeve_top", view)
    cut = draw_cut(rng, sleeved=True, long=False, outwear=False, display="ghost")
    cut = replace(cut, stand=0.0, neck=7.0, front=6.0, back=1.0, style="crew")
    return plan, cut, (hood_up if up else hood_down)(plan, rng, cut, back_view=view == "back")


def parts(plan: Plan, name: str) -> list[Part]:
    return [step for step in plan.steps if isinstance(step, Part) and step.name == name]


@pytest.mark.parametrize("up", [True, False])
def test_the_necks_corners_lie_where_a_hood_meets_the_shoulders(up: bool) -> None:
    for seed in range(40):
        plan, cut, hood = drawn(seed, up=up)
        outline = parts(plan, "hood")[0].outline.astype(np.float32)
        for name in ("neck_left", "neck_right"):
            x, y = plan.marks[name]
            assert abs(cv2.pointPolygonTest(outline, (x, y), True)) < 3.5, (seed, name)
            assert abs(abs(x) - hood.wide) < 1e-6 and y <= cut.shoulder[1]
        assert outline[:, 1].min() < -0.8 * hood.tall


def test_half_of_the_raised_hoods_show_no_opening_and_half_of_those_laid_down_lie_open() -> None:
    fallen = [not parts(drawn(seed, up=True)[0], "inside") for seed in range(60)]
    assert 20 < sum(fallen) < 40
    assert all(parts(drawn(seed, up=False)[0], "inside") for seed in range(20))
    assert sum(drawn(seed, up=False)[2].broad for seed in range(60)) > 25


def test_from_behind_no_hood_is_open_and_the_nape_is_hidden() -> None:
    for up in (True, False):
        plan, _, hood = drawn(5, up=up, view="back")
        assert not hood.broad and not parts(plan, "inside") and "neck_back" in plan.hidden
