"""Answers are kept by content: the same question in other arrays is known, any other one is not."""

from dataclasses import replace

import numpy as np

from flixpose.fit import remembered as remembering
from flixpose.fit.remembered import nothing_written, remembered
from flixpose.structures.image import Image, Mask


def picture(seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    return Image(pixels, None, "same sum for all", "photo.jpg")


def counted():
    asked = []

    @remembered
    def brightness(image, mask=None, places=()):
        asked.append(image)
        return float(image.pixels.mean()) + len(places)

    return brightness, asked


def test_the_same_contents_are_asked_once():
    brightness, asked = counted()
    one, copy = picture(), picture()
    assert one.pixels is not copy.pixels
    assert brightness(one) == brightness(copy) and len(asked) == 1


def test_one_pixel_a_mask_or_a_point_makes_another_question():
    brightness, asked = counted()
    one = picture()
    other = replace(one, pixels=one.pixels.copy())
    other.pixels[40, 30, 1] ^= 1
    for image, *rest in (
        (one,),
        (other,),
        (one, Mask.full(70, 90)),
        (one, None, [np.array([1.0, 2.0])]),
        (one, None, [np.array([1.0, 2.5])]),
    ):
        brightness(image, *rest)
    assert len(asked) == 5


def test_a_picture_written_to_afterwards_is_a_new_question():
    brightness, asked = counted()
    image = picture()
    brightness(image)
    image.pixels[:] = 0
    assert brightness(image) == 0 and len(asked) == 2


def test_everything_can_be_forgotten():
    brightness, asked = counted()
    brightness(picture())
    brightness.forget()
    brightness(picture())
    assert len(asked) == 2


def test_while_nothing_is_written_each_array_is_summed_once(monkeypatch):
    summed = []
    digest = remembering.xxh3_64_intdigest
    monkeypatch.setattr(remembering, "xxh3_64_intdigest", lambda data: summed.append(1) or digest(data))
    (one, asked), (two, also) = counted(), counted()
    image = picture()
    with nothing_written():
        assert one(image) == two(image) and len(summed) == 1
    image.pixels[:] = 0
    with nothing_written():
        assert one(image) == 0
    assert len(asked) == 2 and len(also) == 1
