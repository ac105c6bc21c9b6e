"""Necks of real photos: what is seen in a neck opening, and what is not."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from flixpose import bootstrap
from flixpose.fit.body import measure_body
from flixpose.fit.nook import chest
from flixpose.imaging.decode import read_image
from flixpose.pipeline import Tools, drape
from flixpose.settings import load_settings
from flixpose.structures.drape import Drape
from flixpose.structures.image import Image
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)


@pytest.fixture(scope="module")
def tools(estimator: object) -> Tools:  # noqa: F811
    return bootstrap.build(load_settings(), store_url="file:///nowhere")


@cache
def photo(path: Path) -> Image:
    return read_image(path)


def draped(shared: Path, tools: Tools, garment: str, person: str) -> Drape:
    garments, persons = shared / "photos" / "garments", shared / "photos" / "persons"
    (product,), (plate,) = garments.glob(f"*{garment}*"), persons.glob(f"*{person}*")
    return drape(photo(plate), photo(product), tools)


def test_on_the_chest_no_background_is_painted(shared: Path, tools: Tools) -> None:
    """An old sleeve is not looked for there, and what is nearest does not lie there."""
    found = draped(shared, tools, "11791_00", "ws09-blue")
    whole = tuple(slice(0, size) for size in found.picture.shape[:2])
    middle = chest(measure_body(found.pose), (whole[0], whole[1]))
    before = found.pose.mask
    assert before is not None and found.person_mask is not None
    inside = middle & (before.alpha > 250)
    assert inside.sum() > 10_000 and (found.person_mask.alpha[inside] > 250).all()
    assert found.quality["old_garment_visible"] < 0.5, "the old neckline is skin"
    assert np.all(
        found.picture[~(found.changed.alpha > 0)] == found.person.pixels[~(found.changed.alpha > 0)]
    )
