"""Old tops told from the lower clothes on drawn people: patterns, shade, sleeves."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.border import _in_columns, _Kinds
from flixpose.fit.occluders import Occluders, find_occluders
from tests.fit.figures import BELOW, SIZE, WORN, Colour, paint_person
from tests.fit.test_occluders import share, window

SKIN, SHIRT, TROUSERS = 1, 3, 4
FOREARMS = window((-0.85, 0.95), (-0.55, 1.4)) | window((0.55, 0.95), (0.85, 1.4))
ARMS = window((-0.9, 0.1), (-0.5, 1.45)) | window((0.5, 0.1), (0.9, 1.45))
Y, X = np.mgrid[: SIZE[1], : SIZE[0]]
CHECKS = (X // 20 + Y // 20) % 2 == 0
STRIPES = Y // 9 % 4 == 0


def dressed(where: NDArray[np.bool_], colour: Colour, *, sleeves: bool = False) -> Occluders:
    """A person in a green shirt, and trousers of the shirt's colour `where` it is of another one."""
    image, pose, labels = paint_person("hanging")
    pixels = image.pixels.copy()
    top = (labels == SHIRT) | (sleeves & (labels == SKIN) & ARMS)
    pixels[top], pixels[labels == TROUSERS] = WORN, colour
    pixels[top & where] = colour
    return find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)


@pytest.mark.parametrize("where", [CHECKS, STRIPES], ids=["checks", "stripes"])
def test_a_top_with_the_trousers_colour_in_its_pattern_is_told_from_them(where: NDArray[np.bool_]) -> None:
    labels = paint_person("hanging")[2]
    worn = dressed(where, BELOW)
    assert worn.parted
    for label, own, other in (
        (SHIRT, worn.worn_upper, worn.worn_lower),
        (TROUSERS, worn.worn_lower, worn.worn_upper),
    ):
        assert share(own, labels == label) > 0.93
        assert share(other, labels == label) < 0.03


def test_sleeves_beside_trousers_of_one_colour_are_the_tops() -> None:
    labels = paint_person("hanging")[2]
    worn = dressed(CHECKS, WORN, sleeves=True)
    assert not worn.parted
    sleeves = FOREARMS & (labels == SKIN)
    assert share(worn.worn_upper, sleeves) > 0.85
    assert share(worn.worn_lower, sleeves) < 0.1
    bare = dressed(CHECKS, WORN)
    assert share(bare.worn_upper, sleeves) < 0.02


def test_a_hem_that_hangs_lower_at_one_side_is_the_tops() -> None:
    """At the edge of the columns that are looked at: the border cannot follow it so steeply."""
    image, pose, labels = paint_person("spread")
    body, pixels = measure_body(pose), image.pixels.copy()
    hem = round(float(body.place(0.0, 1.03)[1]))
    tail = np.zeros(labels.shape, bool)
    left, right = (round(float(body.place(across, 1.03)[0])) for across in (-0.5, -0.3))
    tail[hem - 10 : hem + 36, left:right] = True
    tail &= labels > 0
    pixels[tail] = WORN
    worn = find_occluders(replace(image, pixels=pixels), body, pose.mask)
    assert tail.sum() > 100
    assert share(worn.worn_upper, tail) > 0.8


def test_a_dress_in_shade_has_no_border() -> None:
    """From the shoulders down the light fades by a third."""
    image, pose, labels = paint_person("hanging")
    light = np.interp(np.arange(SIZE[1]), (230, 800), (1.15, 0.8))[:, None, None]
    pixels = image.pixels.copy()
    dress = (labels == SHIRT) | (labels == TROUSERS)
    shaded = np.clip(np.array(WORN) * light, 0, 255).astype(np.uint8)
    pixels[dress] = np.broadcast_to(shaded, pixels.shape)[dress]
    worn = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
    assert not worn.parted


def test_an_arm_before_a_side_of_the_border_does_not_move_it() -> None:
    """Of the outer columns nothing is seen from a little above the border on."""
    at = np.repeat((np.arange(85) >= 40).astype(np.int64)[:, None], 25, axis=1)
    at[35:, :7] = at[33:, 21:] = -1
    border = _in_columns(_Kinds(at, np.array([[0.0, 50.0], [50.0, 0.0]])), 40)
    assert border.depths == pytest.approx(np.full(25, 0.2 + 40 * 0.02 - 0.01), abs=0.021)
