"""Where the drawn studio puts places that eyes read off an outline."""

import numpy as np
import pytest

from flixpose.garment.turns import bend
from flixpose.studio.curves import Points, joined, line
from flixpose.studio.garments import bottoms, slings
from flixpose.studio.garments.cut import Cut
from flixpose.studio.garments.plan import Plan, pts
from flixpose.studio.garments.sleeves import Sleeve, shoulder_turn
from flixpose.studio.garments.telling import parting

_EXTENT = 70.0
_SIDE = line((18.0, 24.0), (18.0, 64.0), 41)
_TRUNK = pts((0, 0), (18, 0), (18, 64), (0, 64))


def _arc(centre: tuple[float, float], radius: float, first: float, last: float) -> Points:
    t = np.deg2rad(np.linspace(first, last, 30))
    return np.stack([np.cos(t), np.sin(t)], axis=1) * radius + np.asarray(centre)


def test_a_line_bends_where_half_of_its_turn_is_done() -> None:
    corner = bend(joined(line((0, 0), (10, 0)), line((10, 0), (10, 10))[1:]))
    assert corner.at == pytest.approx((10, 0), abs=0.3) and corner.slow < 0.5
    assert corner.degrees == pytest.approx(90, abs=2)
    round_ = bend(joined(line((-10, 0), (0, 0)), _arc((0, 8), 8, -90, 0), line((8, 8), (8, 18))))
    assert round_.at == pytest.approx((8 * np.sin(np.pi / 4), 8 - 8 * np.cos(np.pi / 4)), abs=0.4)
    assert 2.0 < round_.slow < 3.0


def test_a_rounded_armpit_lies_where_the_outline_turns_not_where_the_seam_ends() -> None:
    """The under line runs in along the side, a little outside of it, before it ends at the seam."""
    under = joined(
        line((30, 22), (21.5, 22)), _arc((21.5, 24.9), 2.9, -90, -180), line((18.6, 25), (18, 31))[1:]
    )
    found = parting(line((34, 12), (30, 22)), under, _TRUNK, _SIDE, _EXTENT, over=False)
    assert found.told
    assert found.fork[1] < 25.5 and found.fork[0] < 21.0


def test_a_sleeve_that_touches_the_body_below_an_opening_parts_from_it_above() -> None:
    """Its cuff lies on the hip, or its elbow touches: the armpit stays at the top of the opening."""
    end = line((26, 60), (16, 60))
    under = joined(line((16, 60), (24, 42)), line((24, 42), (18, 26))[1:])
    for cuff, inner in ((end, (18, 60)), (line((26, 60), (19, 62)), (19, 62))):
        bottom = joined(pts(inner, (17.5, 58)), under[under[:, 1] < 57])
        found = parting(cuff, bottom, _TRUNK, _SIDE, _EXTENT, over=False)
        assert found.told and found.fork == pytest.approx((18, 26), abs=1.5)


def _sleeve(over: Points, *, cap: bool) -> Sleeve:
    end = np.array([over[-1], (17.0, 20.0)])
    return Sleeve(over, line((17, 20), (18, 24)), end, 30.0, 30.0, 1.0, "plain", (20.0, 12.0), cap)


def test_a_caps_shoulder_is_where_the_outline_turns_down() -> None:
    cut = Cut(8, 5, 1, "crew", (18.0, 3.0), (18, 24), (17, 40), (18, 55), (18, 64))
    over = joined(line((18, 3), (23, 4.5), 11), line((23, 4.5), (25, 11), 11)[1:])
    tip, told = shoulder_turn(_sleeve(over, cap=True), cut, seam=False)
    assert told and tip == pytest.approx((23, 4.5), abs=0.8)
    _, told = shoulder_turn(_sleeve(over, cap=True), cut, seam=True)
    assert not told, "a plain seam ends elsewhere: which of the two is meant?"


def test_a_crotch_is_where_light_shows_between_the_legs_however_small_the_garment() -> None:
    """A slit of a quarter of a unit is a line of background in shorts, and nothing in trousers."""
    opening = [(0.125, 40.0), (0.13, 24.0), (0.0, 23.5)]
    inseam = pts((1.5, 45.0), *opening)
    leg = pts((18, 0), (20, 20), (18, 45)), inseam
    cut = bottoms.LegCut(16.0, 20.0, 23.5, 45.0, 18.0, 18.0, (9.0, 9.0), "chinos")
    (_, y), told = bottoms._crotch(leg[1], leg[1], cut)
    assert y == pytest.approx(24, abs=0.7) and not told

    wide = bottoms.LegCut(16.0, 20.0, 23.5, 110.0, 18.0, 18.0, (9.0, 9.0), "chinos")
    (_, y), _ = bottoms._crotch(inseam, inseam, wide)
    assert y > 39


def test_a_slings_armpit_is_a_guess_where_the_edge_runs_on_into_the_side() -> None:
    cut = Cut(12, 20, 0, "v", (12, 16), (19.0, 26.0), (19, 40), (19.5, 55), (20, 64), sleeved=False)
    for foot, told in (((18.0, 12.0), False), ((9.0, 22.0), True)):
        top = joined(line((19, 26), foot, 10), line(foot, (0, 22), 10))
        plan = Plan("sling")
        slings._marks(plan, cut, joined(top, top[::-1] * (-1.0, 1.0)), (12.0, 0.0), 22.0, strapless=False)
        assert ("armpit_left" not in plan.hidden) == told
