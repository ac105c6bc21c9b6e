"""Which of the claimed places of a landmark is believed."""

import pytest

from flixpose.garment.net_choice import Map, choose, claims
from flixpose.garment.net_merge import Trust, Witness

SIDE, AXIS = 400.0, 200.0
TRUST = Trust((0.0, 1.0), (0.0, 0.7), 1.0)
SURE, UNSURE = 3.0, -1.0


def _claims(name, spots, outline=None, at_outline=0.0, doubt=0.0):
    return claims(Map(spots, at_outline, doubt), outline, SIDE, TRUST, name)


def _chosen(name, *told, **more):
    return choose({name: _claims(name, *told, **more)}, AXIS, SIDE)[name]


def test_those_who_agree_confirm_each_other():
    spots = [((100.0, 50.0), 0.6)]
    both, alone = _chosen("hem_left", spots, Witness((102.0, 50.0), UNSURE)), _chosen("hem_left", spots)
    assert (both.met, both.xy) == ("both", (100, 50)) and (alone.met, alone.xy) == ("net", (100, 50))
    assert both.odds > alone.odds


def test_the_outline_is_believed_where_the_map_has_the_place_nearly_as_full():
    spots, corner = [((100.0, 50.0), 0.4), ((300.0, 90.0), 0.1)], Witness((150.0, 50.0), SURE)
    for at_outline, met in ((0.3, "against"), (0.1, "apart"), (0.0, "apart")):
        claim = _chosen("neck_left", spots, corner, at_outline=at_outline)
        assert claim.met == met and claim.xy == (corner.xy if met == "against" else (100, 50))
    assert _chosen("neck_front", spots, corner, at_outline=0.3).met == "apart", "the outline only guesses it"


def test_who_is_contradicted_is_less_sure():
    spots, corner = [((100.0, 50.0), 0.4)], Witness((150.0, 50.0), SURE)
    assert _chosen("hem_left", spots, corner).odds < _chosen("hem_left", spots).odds
    hidden = _chosen("hem_left", spots, doubt=1.5)
    assert hidden.odds == pytest.approx(_chosen("hem_left", spots).odds - 1.5)


def test_the_other_side_tells_the_second_spot_from_the_first():
    """A sleeve beside the body: the map of one armpit has the gap's lower end first."""
    right = _claims("armpit_right", [((120.0, 100.0), 0.6), ((110.0, 330.0), 0.1)])
    wrong = _claims("armpit_left", [((290.0, 330.0), 0.45), ((282.0, 104.0), 0.2)])
    both = choose({"armpit_left": wrong, "armpit_right": right}, AXIS, SIDE)
    assert both["armpit_left"].xy == (282, 104) and both["armpit_left"].met == "second"
    assert both["armpit_right"].xy == (120, 100)
    alone = choose({"armpit_left": wrong, "armpit_right": right}, None, SIDE)
    assert alone["armpit_left"].xy == (290, 330), "without an axis there is no other side"


def test_a_lopsided_garment_keeps_what_its_map_is_sure_of():
    left = _claims("hem_left", [((330.0, 300.0), 0.9), ((300.0, 350.0), 0.01)])
    right = _claims("hem_right", [((100.0, 350.0), 0.9), ((70.0, 300.0), 0.01)])
    both = choose({"hem_left": left, "hem_right": right}, AXIS, SIDE)
    assert both["hem_left"].xy == (330, 300) and both["hem_right"].xy == (100, 350)


def test_one_witness_is_enough_and_none_is_nothing():
    corner = Witness((150.0, 50.0), SURE)
    found = choose(
        {"neck_left": claims(None, corner, SIDE, TRUST, "neck_left"), "neck_right": []}, AXIS, SIDE
    )
    assert set(found) == {"neck_left"}
    assert (found["neck_left"].met, found["neck_left"].xy) == ("outline", corner.xy)
    assert found["neck_left"].odds == SURE


def test_the_outline_lifts_the_second_spot_above_the_first():
    spots = [((100.0, 50.0), 0.4), ((300.0, 90.0), 0.3)]
    lifted = _chosen("shoulder_left", spots, Witness((303.0, 90.0), SURE), at_outline=0.3)
    assert (lifted.met, lifted.xy) == ("second", (300, 90))
    assert _chosen("shoulder_left", spots).xy == (100, 50)
