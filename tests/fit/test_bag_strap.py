"""The strap of a bag across a drawn person's chest, and bands that are none."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from tests.fit.figures import paint_person
from tests.fit.test_occluders import SHIRT, share, window

LEATHER, NAVY, WHITE = (128, 78, 44), (24, 28, 60), (240, 238, 232)
CROSSING = ((0.3, 0.0), (-0.42, 1.3))  # shoulder widths from the middle of the shoulders
Spots = tuple[tuple[float, float], tuple[float, float]]


def band(ends: Spots, breadth: float) -> NDArray[np.uint8]:
    """(H, W) how much of each pixel it covers."""
    corners = [window(spot, (9.0, 9.0)) for spot in ends]
    places = [np.argwhere(corner).min(axis=0)[::-1] for corner in corners]
    plane = np.zeros(corners[0].shape, np.uint8)
    cv2.line(plane, places[0].tolist(), places[1].tolist(), 255, round(breadth * 150), cv2.LINE_AA)
    return plane


def wearing(*bands: tuple[Spots, float, tuple[int, int, int]]) -> tuple[Occluders, NDArray[np.uint8]]:
    image, pose, labels = paint_person("hanging")
    pixels, noise = image.pixels.astype(np.float64), np.random.default_rng(4).normal(0, 3, image.pixels.shape)
    for ends, breadth, colour in bands:
        cover = band(ends, breadth)[..., None] / 255 * (labels == SHIRT)[..., None]
        pixels = (1 - cover) * pixels + cover * (np.array(colour) + noise)
    photo = replace(image, pixels=np.clip(pixels, 0, 255).astype(np.uint8))
    return find_occluders(photo, measure_body(pose), pose.mask), labels


@pytest.mark.parametrize("colour", [LEATHER, NAVY, WHITE])
@pytest.mark.parametrize("breadth", [0.04, 0.08])
def test_a_strap_lies_in_front_and_is_no_old_cloth(colour: tuple[int, int, int], breadth: float) -> None:
    occluders, labels = wearing((CROSSING, breadth, colour))
    chest = window((-0.6, 0.1), (0.6, 1.2)) & (labels == SHIRT)
    cover = band(CROSSING, breadth)
    assert occluders.strap is not None
    assert share(occluders.strap, chest & (cover == 255)) > 0.9
    wide = cv2.dilate(cover, np.ones((7, 7), np.uint8))
    assert share(occluders.strap, chest & (wide == 0)) < 0.005
    assert share(occluders.worn_upper, chest & (cover == 255)) < 0.1
    assert occluders.topmost[chest & (cover == 255)].mean() > 230


NONE = {
    "plain": [],
    "placket": [(((0.0, 0.0), (0.0, 1.4)), 0.08, WHITE)],
    "stripes": [(((0.3 + s, 0.0), (-0.42 + s, 1.3)), 0.06, WHITE) for s in np.arange(-0.6, 0.7, 0.13)],
    "half": [(((0.3, 0.0), (0.0, 0.55)), 0.06, LEATHER)],
    "faint": [(CROSSING, 0.06, (46, 116, 66))],
    "sash": [(CROSSING, 0.3, LEATHER)],
    "colours": [(CROSSING, 0.06, LEATHER), (((0.12, 0.33), (-0.15, 0.81)), 0.06, WHITE)],
}


@pytest.mark.parametrize("name", NONE)
def test_other_bands_are_none(name: str) -> None:
    assert wearing(*NONE[name])[0].strap is None
