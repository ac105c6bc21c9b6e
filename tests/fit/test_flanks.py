"""How broad the clothes below an old hem are."""

import numpy as np

from flixpose.fit.flanks import flanks


def test_clothes_go_on_upwards_and_not_to_their_sides():
    stays = np.zeros((100, 80), bool)
    stays[60:, 20:55] = True
    stays[75:, 10:60] = True  # hips are broader further down
    beside, above = flanks(stays, 100.0)
    assert not beside[:, 20:55].any() and not beside[72:].any() and not beside[:35].any()
    assert beside[35:72, :20].all() and beside[35:72, 55:].all()
    assert above[35:72, 20:55].all() and not (above & beside).any() and not above[:35].any()


def test_where_none_are_seen_nothing_is_told():
    assert not np.any(flanks(np.zeros((9, 9), bool), 20.0))
