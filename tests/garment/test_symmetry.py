"""Among what two witnesses say of both sides, the pair that mirrors best."""

import pytest

from flixpose.garment.net_merge import Trust, Witness, choices
from flixpose.garment.symmetry import axis_of, consistent

SIDE = 100.0
STRAIGHT = {
    "neck_left": [(60.0, 10.0, 0.9)],
    "neck_right": [(40.0, 10.0, 0.9)],
    "shoulder_left": [(70.0, 15.0, 0.9)],
    "shoulder_right": [(30.0, 15.0, 0.9)],
    "hem_left": [(68.0, 95.0, 0.9)],
    "hem_right": [(32.0, 95.0, 0.9)],
    "armpit_left": [(66.0, 40.0, 0.8)],
}
WRONG, RIGHT = (33.0, 60.0, 0.7), (34.0, 41.0, 0.3)


def test_the_less_sure_word_is_taken_where_it_mirrors_the_other_side():
    found = consistent({**STRAIGHT, "armpit_right": [WRONG, RIGHT]}, SIDE)
    assert found["armpit_right"] == RIGHT
    assert found["armpit_left"] == STRAIGHT["armpit_left"][0]


def test_the_surest_word_stands_where_nothing_mirrors_better():
    assert consistent({**STRAIGHT, "armpit_right": [WRONG, (33.0, 64.0, 0.6)]}, SIDE)["armpit_right"] == WRONG
    assert (
        consistent({**STRAIGHT, "armpit_right": [(34.5, 42.0, 0.5), RIGHT]}, SIDE)["armpit_right"][2] == 0.5
    )


def test_a_garment_that_does_not_mirror_is_left_alone():
    turned = {**STRAIGHT, "neck_left": [(75.0, 30.0, 0.9)], "hem_left": [(68.0, 80.0, 0.9)]}
    assert axis_of({name: places[0] for name, places in turned.items()}, SIDE) is None
    assert consistent({**turned, "armpit_right": [WRONG, RIGHT]}, SIDE)["armpit_right"] == WRONG


@pytest.mark.parametrize(("apart", "said"), [(1.0, 1), (10.0, 2)])
def test_witnesses_far_apart_give_two_choices(apart: float, said: int):
    net, outline = Witness((10.0, 10.0), 2.0), Witness((10.0 + apart, 10.0), 1.0)
    places = choices(net, outline, SIDE, Trust().both)
    assert len(places) == said and places == sorted(places, key=lambda place: -place[2])
    assert choices(None, outline, SIDE, 1.0)[0][:2] == outline.xy and choices(None, None, SIDE, 1.0) == []
