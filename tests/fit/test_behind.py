"""The sleeve of an arm behind the back lies behind the trunk."""

from dataclasses import replace

import numpy as np

from flixpose.fit.arms import is_behind
from flixpose.fit.body import Body, measure_body
from flixpose.fit.layout import Layout, plan_layout
from flixpose.fit.stack import Sheet, Stack
from flixpose.stages.composite import _lay
from flixpose.structures.found import Pose
from flixpose.structures.image import Box
from tests.fit.figures import make_garment, make_pose, paint_person
from tests.fit.test_layout import BLANK, RIGS


def body(score: float, inward: float) -> Body:
    """One whose left elbow has this score and lies so many shoulder widths further in than the shoulder."""
    whole = measure_body(make_pose("hanging"))
    shoulder = whole.joints["left_shoulder"]
    place = shoulder + whole.shoulder_width * (0.8 * whole.down - inward * whole.across_at(0.0))
    return replace(
        whole,
        joints={**whole.joints, "left_elbow": place},
        scores={**whole.scores, "left_elbow": score},
    )


def laid_out(of: Body, pose: Pose, kind: str) -> Layout:
    product, garment = make_garment(kind)
    return plan_layout(garment, product, of, RIGS[kind], pose.mask, BLANK)


def test_an_elbow_that_the_trunk_hides_is_behind_it() -> None:
    assert is_behind(body(0.2, 0.15), "left") and not is_behind(body(0.2, 0.15), "right")
    assert not is_behind(body(0.9, 0.15), "left"), "seen before the trunk"
    assert not is_behind(body(0.2, -0.15), "left"), "out beside it, in the dark or off the photo"


def test_its_sleeve_is_planned_below_the_trunk() -> None:
    pose = paint_person("hanging")[1]
    for kind in ("short_sleeve_top", "long_sleeve_top"):
        parts = {part.controls.part: part for part in laid_out(body(0.2, 0.15), pose, kind).parts}
        trunk = parts.pop("torso")
        for name, part in parts.items():
            assert (part.depth < trunk.depth) == name.startswith("left"), name


def test_it_is_drawn_there() -> None:
    colours = {"left_sleeve": (200, 0, 0), "torso": (0, 200, 0), "right_sleeve": (0, 0, 200)}
    spans = {"left_sleeve": (0, 20), "torso": (10, 40), "right_sleeve": (30, 50)}
    sheets = {}
    for name, colour in colours.items():
        first, last = spans[name]
        patch = np.full((10, last - first, 4), (*colour, 255), np.uint8)
        sheets[name] = Sheet(patch, Box(float(first), 0.0, float(last), 10.0))
    stack, nothing = Stack(np.s_[0:10, 0:50]), np.zeros((10, 50), np.uint8)
    _lay(stack, sheets, nothing, nothing)
    assert (stack.rgb[5, 5] == (200, 0, 0)).all() and (stack.rgb[5, 15] == (0, 200, 0)).all()
    assert (stack.rgb[5, 35] == (0, 0, 200)).all()
