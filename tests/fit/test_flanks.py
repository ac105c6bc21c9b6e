"""How broad the clothes below an old hem are."""

import numpy as np

from flixpose.fit.flanks import beyond_flanks


def test_clothes_go_on_upwards_and_not_to_their_sides():
    stays = np.zeros((100, 80), bool)
    stays[60:, 20:55] = True
    stays[75:, 10:60] = True  # hips are broader further down
    beyond = beyond_flanks(stays, 100.0)
    assert not beyond[:, 20:55].any() and not beyond[72:].any() and not beyond[:35].any()
    assert beyond[35:72, :20].all() and beyond[35:72, 55:].all()


def test_where_none_are_seen_nothing_is_told():
    assert not beyond_flanks(np.zeros((9, 9), bool), 20.0).any()
