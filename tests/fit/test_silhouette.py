"""The trunk's edge is seen beside arms that stand off, and told by those that hang."""

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.silhouette import Edge, trunk_edge
from flixpose.structures.image import Mask
from tests.fit.figures import paint_person

SIDES = (1.0, -1.0)
AT_WAIST = 0.62  # 0.9 shoulder widths down: the drawn trunk is 0.4 wide there


def edge(arms: str, depth: float, sign: float) -> Edge:
    _, pose, _ = paint_person(arms)
    assert pose.mask is not None
    return trunk_edge(measure_body(pose), pose.mask, depth, sign)


@pytest.mark.parametrize("sign", SIDES)
@pytest.mark.parametrize("arms", ["spread", "raised"])
def test_with_the_arms_away_the_mask_tells_the_edge(arms: str, sign: float) -> None:
    found = edge(arms, AT_WAIST, sign)
    assert found.seen == pytest.approx(0.40, abs=0.03)


@pytest.mark.parametrize("sign", SIDES)
def test_a_hanging_arm_bounds_the_trunk(sign: float) -> None:
    _, pose, _ = paint_person("hanging")
    assert pose.mask is not None
    closed = cv2.morphologyEx(pose.mask.alpha, cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8))
    beside = trunk_edge(measure_body(pose), Mask(closed), 0.4, sign)
    assert beside.seen is None
    assert beside.most is not None and 0.4 < beside.most < 0.55


@pytest.mark.parametrize("sign", SIDES)
def test_an_arm_before_the_trunk_hides_its_edge(sign: float) -> None:
    assert edge("crossed", 0.45, sign) == Edge(None, None)
