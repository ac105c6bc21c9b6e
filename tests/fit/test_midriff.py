"""Under outwear a bare midriff is told."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from flixpose.fit.body import Body, measure_body
from flixpose.fit.midriff import bare_midriff
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.structures.image import Image, Mask
from tests.fit.figures import SKIN, paint_person

TOP, WAIST = 0.55, 0.85  # torso lengths: below the one and above the other the trunk is bare


@cache
def in_sports_top() -> tuple[Image, Body, Occluders, Mask, np.ndarray]:
    image, pose, labels = paint_person("spread")
    body, pixels = measure_body(pose), image.pixels.copy()
    rows = np.arange(image.height)[:, None]
    top, waist = (body.place(0.0, depth)[1] for depth in (TOP, WAIST))
    bare = (labels == 3) & (rows > top) & (rows < waist)
    pixels[bare] = SKIN
    assert pose.mask is not None
    photo = replace(image, pixels=pixels)
    return photo, body, find_occluders(photo, body, pose.mask), pose.mask, bare


def told(visible: np.ndarray) -> float:
    photo, body, occluders, mask, _ = in_sports_top()
    return bare_midriff(photo.pixels, Mask(visible), body, occluders, mask)


def test_the_midriff_between_two_fronts_is_told() -> None:
    bare = in_sports_top()[4]
    columns = np.arange(bare.shape[1])
    coat = np.where(bare & (np.abs(columns - 320) < 25), 0, 255).astype(np.uint8)
    open_front = (bare & (coat == 0)).sum()
    assert told(coat) == pytest.approx(open_front, rel=0.25)


def test_under_a_closed_coat_nothing_is_bare() -> None:
    assert told(np.full_like(in_sports_top()[3].alpha, 255)) == 0.0


def test_a_shirt_is_no_skin() -> None:
    image, pose, _ = paint_person("spread")
    body = measure_body(pose)
    assert pose.mask is not None
    occluders = find_occluders(image, body, pose.mask)
    nothing = Mask(np.zeros_like(pose.mask.alpha))
    assert bare_midriff(image.pixels, nothing, body, occluders, pose.mask) < 30
    # Nor where nobody knows it for clothes: its colour tells.
    unknown = replace(occluders, worn_upper=nothing, worn_lower=nothing)
    assert bare_midriff(image.pixels, nothing, body, unknown, pose.mask) < 30
