"""A top that reaches over the hips is told from the clothes below it."""

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from tests.fit.figures import WORN, paint_person

FOOT = 526  # row where the tunic ends


def dressed(foot: int) -> tuple[Occluders, NDArray[np.bool_]]:
    """Somebody whose top goes on over the trousers down to a row, and where it does."""
    image, pose, labels = paint_person("spread")
    noise = np.random.default_rng(2).integers(-3, 4, image.pixels.shape)
    longer = (labels == 4) & (np.arange(len(labels))[:, None] < foot)
    image.pixels[longer] = (np.array(WORN) + noise)[longer]
    return find_occluders(image, measure_body(pose), pose.mask), longer


def test_a_tunic_is_a_top_down_to_its_hem_and_leggings_are_none() -> None:
    found, longer = dressed(FOOT)
    assert found.parted and longer.sum() > 3000
    assert (found.worn_upper.alpha[longer] > 200).mean() > 0.9
    assert (found.worn_lower.alpha[longer] < 60).mean() > 0.9
    assert (found.worn_lower.alpha[FOOT + 20 : FOOT + 60].max(axis=1) > 200).all()


def test_where_all_is_of_one_colour_nothing_tells_a_hem() -> None:
    assert not dressed(960)[0].parted
