"""Sleeves that hang beside the body in the photo hide the armpits: the fork is not one."""

from dataclasses import replace

import numpy as np
import pytest

from flixpose import resources
from flixpose.fit.body import measure_body
from flixpose.fit.forks import with_armpits
from flixpose.fit.measure import measure_garment, point
from flixpose.fit.regions import LimbLandmarks, split
from flixpose.fit.rig import load_rigs
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Mask
from tests.fit.figures import make_garment, make_pose

RIG = load_rigs(resources.CONFIGS / "rigs")["long_sleeve_top"]
BODY = measure_body(make_pose())


def forked(share: float) -> Garment:
    """A long-sleeved top whose armpits lie so far down between the shoulders and the hem."""
    _, garment = make_garment("long_sleeve_top")
    xy = garment.landmarks.xy.copy()
    for side in ("left", "right"):
        tip, hem = point(garment, f"shoulder_{side}"), point(garment, f"hem_{side}")
        xy[garment.landmarks.skeleton.index[f"armpit_{side}"], 1] = tip[1] + share * (hem[1] - tip[1])
    return replace(garment, landmarks=replace(garment.landmarks, xy=xy))


def depth_of(garment: Garment, frame, name: str) -> float:
    return frame.own(point(garment, name), BODY)[1]


def test_a_fork_near_the_hem_is_no_armpit():
    garment = forked(0.85)
    frame = measure_garment(garment, BODY, RIG)
    mended, forks = with_armpits(garment, frame, BODY, RIG)
    for side in ("left", "right"):
        name = f"armpit_{side}"
        assert depth_of(mended, frame, name) == pytest.approx(RIG.places["armpit"].max_depth, abs=0.01)
        assert point(mended, name)[0] == pytest.approx(point(garment, name)[0], abs=2)
        assert forks[side] == pytest.approx(point(garment, name))


def test_armpits_where_they_are_worn_stay():
    garment = forked(0.3)
    frame = measure_garment(garment, BODY, RIG)
    mended, forks = with_armpits(garment, frame, BODY, RIG)
    assert not forks
    np.testing.assert_array_equal(mended.landmarks.xy, garment.landmarks.xy)


def test_a_sleeve_that_lies_along_the_body_is_cut_off_down_to_the_fork():
    alpha = np.zeros((450, 450), np.uint8)
    alpha[50:400, 100:300] = 255  # trunk
    alpha[60:380, 300:360] = 255  # sleeve
    alpha[300:, 300:306] = 0  # they part below
    _, garment = make_garment("long_sleeve_top")
    garment = replace(garment, mask=Mask(alpha), box=Box(100.0, 50.0, 360.0, 400.0))
    corners = ((300.0, 55.0), (302.0, 150.0), (359.0, 380.0), (306.0, 380.0), (303.0, 300.0))
    limb = LimbLandmarks("left_sleeve", *(np.array(xy) for xy in corners))
    regions = split(garment, (limb,))
    sleeve, trunk = regions["left_sleeve"], regions["torso"]
    assert sleeve[200, 330] and sleeve[350, 330]
    assert trunk[200, 270] and trunk[350, 270] and not sleeve[350, 270]
