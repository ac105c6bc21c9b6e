"""Sleeves that lie against the trunk in the product photo come off along their own edge."""

from dataclasses import replace

import cv2
import numpy as np

from flixpose.fit.parting import _cheapest, way_between
from flixpose.fit.regions import LimbLandmarks, split
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask
from tests.fit.figures import make_garment


def leaning() -> tuple[Garment, LimbLandmarks, np.ndarray]:
    """A long sleeve whose inside bulges against the trunk half-way down; and where the bulge is."""
    _, garment = make_garment("long_sleeve_top")
    at = {name: garment.landmarks[name].astype(np.float64) for name in garment.landmarks.present}
    names = ("shoulder_left", "armpit_left", "cuff_left_outer", "cuff_left_inner")
    limb = LimbLandmarks("left_sleeve", *(at[name] for name in names))
    middle = (limb.inner + limb.cuff_inner) / 2
    trunk_side = limb.inner[0]
    (x, y), reach = middle, 45.0
    corners = np.array([(x, y - reach), (trunk_side + 3, y), (x, y + reach)])
    bulge = np.zeros_like(garment.mask.alpha)
    cv2.fillPoly(bulge, [corners.round().astype(np.int32)], 1)
    touching = bulge.copy()
    touching[int(y) - 4 : int(y) + 5, int(trunk_side) - 3 : int(trunk_side) + 12] = 1
    alpha = np.where(touching > 0, 255, garment.mask.alpha).astype(np.uint8)
    own = (bulge > 0) & (garment.mask.alpha == 0)
    return replace(garment, mask=Mask(alpha)), limb, cv2.erode(own.astype(np.uint8), np.ones((7, 7))) > 0


def test_what_of_a_sleeve_bulges_against_the_trunk_is_the_sleeves() -> None:
    """A straight cut from armpit to cuff left it to the trunk, and it was drawn as a flap beside it."""
    garment, limb, bulge = leaning()
    regions = split(garment, (limb,))
    assert bulge.sum() > 300
    assert regions["left_sleeve"][bulge].mean() > 0.97 and not regions["torso"][bulge].mean() > 0.03


def test_the_way_goes_through_gaps_and_is_none_where_there_are_none() -> None:
    cloth = np.ones((200, 100), bool)
    cloth[40:90, 50] = cloth[110:, 50] = cloth[150:, 60:] = False
    start, end = np.array((50.5, 30.5)), np.array((80.5, 180.5))
    way = way_between(cloth, start, end)
    assert way is not None
    rows, columns = np.floor(np.array(way)).astype(int)[:, ::-1].T
    assert cloth[rows, columns].sum() < 40
    assert np.abs(columns[(rows > 45) & (rows < 140)] - 50).max() <= 2
    cloth[:150] = True
    assert way_between(cloth, start, end) is None
    assert way_between(np.ones_like(cloth), start, end) is None


def test_the_way_is_the_cheapest_there_is() -> None:
    rng = np.random.default_rng(0)
    for shape, first, last in (
        ((9, 14), (0, 0), (8, 13)),
        ((7, 5), (6, 2), (0, 4)),
        ((3, 3), (1, 1), (1, 1)),
    ):
        cost = np.where(rng.random(shape) < 0.6, 1.0, 0.02)
        total = np.full((shape[0] + 2, shape[1] + 2), np.inf)
        total[first[0] + 1, first[1] + 1] = 0.0
        for _ in range(cost.size):  # until nothing can come any cheaper
            for row, column in np.ndindex(3, 3):
                step = 1.4142 if row != 1 and column != 1 else 1.0
                before = total[row : row + shape[0], column : column + shape[1]]
                here = total[1:-1, 1:-1]
                np.minimum(here, before + step * cost, out=here)
        path = _cheapest(cost, first, last)
        assert path[0] == first and path[-1] == last
        steps = np.abs(np.diff(path, axis=0)).reshape(-1, 2)
        assert (steps.max(axis=1) == 1).all()
        spent = sum(
            cost[node] * (1.4142 if both else 1.0)
            for node, both in zip(path[1:], steps.all(axis=1), strict=True)
        )
        assert abs(spent - total[last[0] + 1, last[1] + 1]) < 1e-9
