"""How broad the clothes below an old hem are."""

import numpy as np

from flixpose.fit.flanks import flanks


def test_clothes_go_on_upwards_and_not_to_their_sides():
    stays = np.zeros((100, 80), bool)
    stays[60:, 20:55] = True
    stays[75:, 10:60] = True  # hips are broader further down
    beside, above = flanks(stays, np.zeros_like(stays), 100.0)
    assert not beside[:, 20:55].any() and not beside[72:].any() and not beside[:35].any()
    assert beside[35:72, :20].all() and beside[35:72, 55:].all()
    assert above[35:72, 20:55].all() and not (above & beside).any() and not above[:35].any()


def test_where_none_are_seen_nothing_is_told():
    assert not np.any(flanks(*np.zeros((2, 9, 9), bool), 20.0))


def test_under_a_slanting_hem_they_are_as_broad_as_where_their_side_comes_out():
    stays, hides = np.zeros((2, 120, 80), bool)
    for row in range(60, 90):
        stays[row, 40 - (row - 60) : 55] = True
        hides[row, 10 : 40 - (row - 60)] = True
    stays[90:, 10:55] = True
    hides[50:60, 10:55] = True
    beside, above = flanks(stays, hides, 100.0)
    assert above[40:85, 14:55].all() and not above[40:85, :10].any()
    assert beside[40:85, :10].all()
    _, level = flanks(stays, np.zeros_like(hides), 100.0)
    assert not level[40:60, :28].any(), "where nothing hides their side, it is seen"
