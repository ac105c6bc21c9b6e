"""What only has an old top's colour is no old top: specks below its hem or up in the hair."""

import numpy as np

from flixpose.fit.body import measure_body
from flixpose.fit.crumbs import without_crumbs
from flixpose.structures.image import Mask
from tests.fit.test_remnants import person


def test_specks_between_the_legs_and_in_the_hair_go_and_sleeves_stay() -> None:
    body, shirt = measure_body(person()[1]), (person()[2] == 3).astype(np.uint8) * np.uint8(255)
    speckled = shirt.copy()
    for across, depth in ((0.0, 1.6), (0.15, -0.4), (0.9, 0.5)):
        x, y = body.place(across, depth).astype(int)
        speckled[y - 4 : y + 4, x - 4 : x + 4] = 255
    found = without_crumbs(Mask(speckled), body).alpha
    for across, depth, stays in ((0.0, 1.6, False), (0.15, -0.4, False), (0.9, 0.5, True)):
        x, y = body.place(across, depth).astype(int)
        assert (found[y, x] > 0) == stays
    assert (found[shirt > 0] == 255).all()


def test_a_large_piece_below_is_no_crumb() -> None:
    body, shirt = measure_body(person()[1]), (person()[2] == 3).astype(np.uint8) * np.uint8(255)
    x, y = body.place(0.0, 1.6).astype(int)
    shirt[y - 30 : y + 30, x - 30 : x + 30] = 255
    assert (without_crumbs(Mask(shirt), body).alpha == shirt).all()
