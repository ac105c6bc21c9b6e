"""Tops go into the waistband that is seen, and over the one that is not."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit.body import Body, measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.tuck import find_tuck, find_waistband, laid_over_lower
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints
from tests.fit.figures import BELOW, WORN, paint_person

SHIRT = 3


def dressed(waist: float | None, arms: str = "spread", colour: tuple[int, int, int] = BELOW) -> Occluders:
    """Occluders of a person whose trousers begin at this depth; None: the shirt hangs over the hips."""
    image, pose, labels = paint_person(arms)
    body, pixels = measure_body(pose), image.pixels.copy()
    if waist is not None:
        rows = np.arange(pixels.shape[0])[:, None] > body.place(0.0, waist)[1]
        pixels[(labels == SHIRT) & rows] = colour
    return find_occluders(replace(image, pixels=pixels), body, pose.mask)


def body() -> Body:
    return measure_body(paint_person("spread")[1])


def trunk(hem: float) -> ControlPoints:
    places = np.array([body().place(0.5, hem), body().place(-0.5, hem)])
    return ControlPoints("torso", ("hem_left", "hem_right"), places, places, np.ones(2))


def below(waist: float) -> NDArray[np.bool_]:
    labels = paint_person("spread")[2]
    return (labels > 0) & (np.arange(labels.shape[0])[:, None] > body().place(0.0, waist)[1])


@pytest.mark.parametrize("waist", [0.6, 0.75, 0.9])
def test_the_waistband_is_where_the_colour_changes(waist: float) -> None:
    found = find_waistband(body(), dressed(waist))
    assert found is not None
    assert found.depth == pytest.approx(waist, abs=0.03)
    assert np.abs(found.depths - waist).max() < 0.08


def test_a_waistband_well_above_the_hem_tucks_the_trunk_in() -> None:
    tuck = find_tuck(body(), dressed(0.75), trunk(1.05), "auto")
    assert tuck is not None
    lower, trousers = tuck.alpha, below(0.8)
    assert lower[trousers].mean() > 245
    labels = paint_person("spread")[2]
    shirt = (labels == SHIRT) & ~below(0.7)
    assert lower[shirt].mean() < 10


@pytest.mark.parametrize(
    ("waist", "hem"), [(None, 1.2), (0.75, 0.76), (0.75, 1.7)], ids=["worn over", "cropped", "a tunic"]
)
def test_other_tops_hang_over(waist: float | None, hem: float) -> None:
    assert find_tuck(body(), dressed(waist), trunk(hem), "auto") is None


def test_what_is_told_outweighs_what_is_seen() -> None:
    assert find_tuck(body(), dressed(0.75), trunk(1.05), "over") is None
    assert isinstance(find_tuck(body(), dressed(0.75), trunk(1.7), "in"), Mask)


def test_clothes_of_one_colour_show_no_waistband() -> None:
    image, pose, labels = paint_person("spread")
    pixels = image.pixels.copy()
    pixels[labels == 4] = WORN
    occluders = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
    assert not occluders.parted
    assert find_waistband(body(), occluders) is None


def test_the_edge_is_smooth_where_colours_are_not() -> None:
    occluders = dressed(0.75)
    speckled = occluders.worn_lower.alpha.copy()
    # Loops and seams of other colours along the waistband.
    for column in range(0, speckled.shape[1], 9):
        speckled[round(body().place(0.0, 0.75)[1]) :][: 4 + column % 5, column : column + 4] = 0
    tuck = find_tuck(body(), replace(occluders, worn_lower=Mask(speckled)), trunk(1.05), "auto")
    assert tuck is not None
    columns = slice(*(round(body().place(across, 0.75)[0]) for across in (-0.25, 0.25)))
    rows = np.argmax(tuck.alpha[:, columns] >= 128, axis=0)
    assert np.abs(np.diff(rows)).max() <= 1
    assert np.abs(rows - body().place(0.0, 0.75)[1]).max() < 6


def trunk_seen(hem: float) -> Mask:
    """A garment over the trunk down to this depth."""
    labels = paint_person("spread")[2]
    rows = np.arange(labels.shape[0])[:, None]
    top, bottom = (body().place(0.0, depth)[1] for depth in (0.0, hem))
    return Mask(np.where((labels > 0) & (rows > top) & (rows < bottom), 255, 0).astype(np.uint8))


def test_how_much_of_a_top_hangs_over_trousers_is_told() -> None:
    told = [laid_over_lower(trunk_seen(hem), body(), dressed(0.85)) for hem in (0.8, 1.0, 1.2)]
    assert told[0] < 0.01 and told[1] > 0.06 and told[2] > told[1] + 0.05


@pytest.mark.parametrize("worn", [dressed(None, colour=WORN), dressed(0.6)], ids=["shirt over", "made up"])
def test_no_border_that_is_not_seen_is_told(worn: Occluders) -> None:
    assert laid_over_lower(trunk_seen(0.9), body(), worn) == 0.0
