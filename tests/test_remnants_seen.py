"""Necks and hems of real photos: what is seen beside a new garment, and what is not."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from flixpose import bootstrap, resources
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
    assert (found.old_garment.alpha[inside] > 127).mean() < 0.005, "the old neckline is skin"
    assert np.all(
        found.picture[~(found.changed.alpha > 0)] == found.person.pixels[~(found.changed.alpha > 0)]
    )


def test_skin_is_seen_through_a_keyhole(shared: Path, tools: Tools) -> None:
    found = draped(shared, tools, "03751_00", "mt06-black")
    body = measure_body(found.pose)
    x, y = np.round(body.place(0.0, 0.08)).astype(int)
    breadth, height = round(0.06 * body.shoulder_width), round(0.12 * body.torso_length)
    there = found.picture[y - height : y + height, x - breadth : x + breadth].min(axis=2)
    assert (there > 225).mean() < 0.002, "the product photo's paper"


def test_an_old_hem_between_hands_is_painted(shared: Path, tools: Tools) -> None:
    """Beside the hips, where hands hide the background, it becomes trousers, or it would stay as a whole."""
    found = draped(shared, tools, "01260_00", "ws09-blue")
    hem = found.pose.mask is not None and round(measure_body(found.pose).mid_hip[1])
    assert (found.old_garment.alpha[hem:] > 127).sum() < 0.01 * (found.visible.alpha > 127).sum()


def test_no_light_line_runs_around_fingers_before_new_shorts(tools: Tools) -> None:
    """Between fingers the background is seen; beyond their tips what is left of old clothes is not it."""
    person, shorts = (
        photo(resources.SAMPLES / name) for name in ("persons/ines.jpg", "products/denim-shorts.jpg")
    )
    found = drape(person, shorts, tools)
    before_cloth = (found.garment_layer[..., 3] == 255) & (found.visible.alpha < 64)
    light = before_cloth & (found.painted.alpha > 0) & (found.picture.min(axis=2) > 215)
    assert before_cloth.sum() > 500 and light.sum() < 15
