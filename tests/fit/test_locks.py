"""Ends of long hair that are dyed, and lace of the hair's colour, on drawn people."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from tests.fit.figures import paint_person
from tests.fit.test_occluders import HAIR, SHIRT, share, strands, window

BROWN, COPPER = (74, 50, 36), (164, 100, 52)


def locks() -> NDArray[np.bool_]:
    """Two that go on from long hair down the chest."""
    return window((-0.36, 0.2), (-0.18, 0.6)) | window((0.18, 0.2), (0.36, 0.6))


def drawn(colour: tuple[int, int, int], where: NDArray[np.bool_]) -> tuple[Occluders, NDArray[np.uint8]]:
    """What is found on a person with such strips, and the labels."""
    image, pose, labels = paint_person("hanging", long_hair=True)
    pixels, hair = image.pixels.copy(), labels == HAIR
    pixels[hair] = strands(hair, BROWN)
    pixels[where] = strands(where, colour)
    photo = replace(image, pixels=cv2.GaussianBlur(pixels, (0, 0), 0.7))
    return find_occluders(photo, measure_body(pose), pose.mask), labels


def painted(colour: tuple[int, int, int], where: NDArray[np.bool_]) -> tuple[float, float]:
    """How much of two strips of cloth or hair, and of the shirt between them, is taken to be hair."""
    occluders, labels = drawn(colour, where)
    head = occluders.head
    inner = cv2.erode(where.astype(np.uint8), np.ones((7, 7))) > 0
    return share(head, inner), share(head, (labels == SHIRT) & window((-0.1, 0.2), (0.1, 0.6)))


def test_dyed_ends_are_found_by_what_they_hang_from() -> None:
    found, beside = painted(COPPER, locks())
    assert found > 0.8
    assert beside < 0.02


def test_what_hangs_from_no_hair_or_has_another_hue_is_cloth() -> None:
    apart = window((-0.36, 0.45), (-0.18, 0.7)) | window((0.18, 0.45), (0.36, 0.7))
    assert painted(COPPER, apart)[0] < 0.05
    assert painted((60, 90, 190), locks())[0] < 0.05


def test_a_yoke_of_the_hairs_colour_is_cloth() -> None:
    yoke = (paint_person("hanging", long_hair=True)[2] == SHIRT) & window((-0.7, -0.1), (0.7, 0.3))
    occluders, labels = drawn((74, 56, 46), yoke)
    head = occluders.head
    assert share(head, yoke & window((-0.14, 0.1), (0.14, 0.25))) < 0.1
    assert share(head, (labels == HAIR) & window((-0.4, 0.05), (0.4, 0.3))) > 0.6


def test_locks_on_the_chest_are_no_old_clothes() -> None:
    occluders, labels = drawn(COPPER, locks())
    inner = cv2.erode(locks().astype(np.uint8), np.ones((7, 7))) > 0
    assert share(occluders.worn_upper, inner) < 0.05
    assert share(occluders.worn_upper, (labels == SHIRT) & window((-0.1, 0.2), (0.1, 0.6))) > 0.95
