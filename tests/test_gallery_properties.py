"""What must hold for every drape, whatever it looks like: the sample catalogue, and real photos."""

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from flixpose import bootstrap, resources
from flixpose.errors import FlixposeError
from flixpose.imaging.decode import read_image
from flixpose.pipeline import Tools, drape
from flixpose.settings import load_settings
from flixpose.structures.drape import Drape
from flixpose.structures.image import Image
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)

GARMENTS = (
    "boyuanjian_0023.jpg",
    "dix1409_01260_00.jpg",
    "saleor_saleor-blue-hoodie.png",
    "saleor_saleor-polo-shirt-front.png",
    "vulcanxth_in_garment_dress.jpg",
    "zheng-chon_22790049_53294275_1000.jpg",
)
PERSONS = (
    "levihsu_049205_0.jpg",
    "levihsu_model_8.png",
    "magento_mt05-blue_main.jpg",
    "magento_ws09-blue_main.jpg",
)
with (resources.SAMPLES / "catalogue.csv").open(newline="") as _file:
    CATALOGUE = list(csv.DictReader(_file))


@pytest.fixture(scope="module")
def tools(estimator: object) -> Tools:  # noqa: F811
    return bootstrap.build(load_settings(), store_url="file:///nowhere")


@cache
def photo(path: Path) -> Image:
    return read_image(path)


def check(draped: Drape) -> None:
    """Pixels outside garment, shadow and painted remnants are the person's; every figure is a number."""
    before, after = draped.person.pixels, draped.picture
    changed = draped.changed.alpha > 0
    assert after.shape == before.shape and after.dtype == np.uint8
    assert (after[~changed] == before[~changed]).all()
    told = [draped.visible.alpha, draped.shadow.alpha, draped.painted.alpha]
    assert changed[np.max(told, axis=0) > 0].all()
    assert draped.quality["delta_e_mean"] <= 3.0
    assert (draped.visible.alpha <= np.maximum(draped.garment_layer[..., 3], 1)).all()
    assert draped.quality["fold_ratio"] == 0.0
    assert all(np.isfinite(figure.value) for figure in draped.quality.figures)
    assert (draped.quality.verdict == "pass") == (not draped.quality.reasons)
    if draped.quality.verdict == "pass":
        assert (after != before).any(axis=2).mean() > 0.005


def check_colours(draped: Drape) -> None:
    """In exact light no colour is drawn that the product photo does not have: none shifted, none invented."""
    solid = draped.visible.alpha == 255
    cloth = draped.product.pixels[draped.garment.mask.alpha == 255].astype(int)
    drawn = draped.picture[solid].astype(int)
    low, high = cloth.min(axis=0), cloth.max(axis=0)
    assert (drawn >= low - 3).all() and (drawn <= high + 3).all()
    assert draped.quality["delta_e_exact"] <= 1.0


def outcomes(tools: Tools, pairs: Iterator[tuple[Path, Path, str]]) -> dict[str, int]:
    """Drape every pair and check what comes; how often each verdict or error code came."""
    counts: dict[str, int] = {}
    for product, person, kind in pairs:
        try:
            draped = drape(photo(person), photo(product), tools, kind=kind)
        except FlixposeError as failure:
            assert failure.code != "internal" and failure.advice, (product.name, person.name)
            outcome = failure.code
        else:
            check(draped)
            outcome = draped.quality.verdict
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row["ref"])
def test_the_sample_catalogue_is_draped(row: dict[str, str], tools: Tools) -> None:
    person, product = (photo(resources.SAMPLES / row[name]) for name in ("person", "product"))
    draped = drape(person, product, tools, kind=row["kind"], view=row["view"])
    check(draped)
    check_colours(drape(person, product, tools, kind=row["kind"], view=row["view"], light="exact"))
    assert draped.quality.verdict != "fail", draped.quality.reasons
    assert 2.0 < draped.quality["changed_area"] < 45.0
    assert draped.garment.kind == row["kind"]


def test_real_photos_give_a_picture_or_a_typed_error(shared: Path, tools: Tools) -> None:
    folder = shared / "photos"
    kinds = {entry["file"]: entry["kind"] for entry in json.loads((folder / "landmarks.json").read_text())}
    pairs = (
        (folder / "garments" / garment, folder / "persons" / person, kinds[garment])
        for row, garment in enumerate(GARMENTS)
        for column, person in enumerate(PERSONS)
        if (row + column) % 2 == 0  # every garment on two people, every person in three garments
    )
    counts = outcomes(tools, pairs)
    drawn = counts.get("pass", 0) + counts.get("review", 0)
    assert drawn >= 0.7 * sum(counts.values()) and sum(counts.values()) == 12, counts


@pytest.mark.parametrize(
    ("garment", "person"),
    [
        ("dix1409_07429_00.jpg", "magento_wt07-green_main.jpg"),  # lace sleeves on bare arms
        ("saleor_saleor-blue-hoodie.png", "levihsu_model_8.png"),
        ("zheng-chon_22790049_53294275_1000.jpg", "magento_mt05-blue_main.jpg"),
    ],
)
def test_real_garments_keep_their_colours_in_exact_light(
    garment: str, person: str, shared: Path, tools: Tools
) -> None:
    folder = shared / "photos"
    kinds = {entry["file"]: entry["kind"] for entry in json.loads((folder / "landmarks.json").read_text())}
    draped = drape(
        photo(folder / "persons" / person),
        photo(folder / "garments" / garment),
        tools,
        kind=kinds[garment],
        light="exact",
    )
    check(draped)
    assert draped.quality["delta_e_exact"] <= 1.0
