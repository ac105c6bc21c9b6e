"""Holes filled from their surroundings."""

import cv2
import numpy as np
import pytest

from flixpose.imaging.fill import fill, hang_membrane, mirrored


def ramp(height: int = 90, width: int = 120) -> np.ndarray:
    """A slanted gradient, different in each channel."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([60 + x, 200 - y, 40 + 0.5 * x + 0.5 * y], axis=-1).round().astype(np.uint8)


def hole_in(shape: tuple[int, ...], size: int = 24) -> np.ndarray:
    hole = np.zeros(shape[:2], bool)
    hole[30 : 30 + size, 40 : 40 + size] = True
    return hole


def test_outside_the_hole_every_bit_stays() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    hole = hole_in(pixels.shape)
    filled = fill(pixels, hole, ~hole)
    assert (filled[~hole] == pixels[~hole]).all() and (filled[hole] != pixels[hole]).any()


def test_a_slope_goes_on_through_the_hole() -> None:
    pixels = ramp()
    hole = hole_in(pixels.shape)
    broken = pixels.copy()
    broken[hole] = 0
    off = np.abs(fill(broken, hole, ~hole).astype(int) - pixels)[hole]
    assert off.max() <= 8 and off.mean() <= 3


def test_the_grain_goes_on() -> None:
    noise = np.random.default_rng(3).normal(0, 9, (90, 120, 1))
    pixels = np.clip(ramp() + noise, 0, 255).astype(np.uint8)
    hole = hole_in(pixels.shape)
    filled = fill(pixels, hole, ~hole).astype(np.float32)
    inside = (filled - cv2.GaussianBlur(filled, (0, 0), 3))[34:50, 44:60].std()
    assert inside == pytest.approx(9, rel=0.3)


def test_only_the_source_lends_its_colour() -> None:
    pixels = np.full((90, 120, 3), 90, np.uint8)
    hole = hole_in(pixels.shape)
    pixels[:, :30], pixels[hole] = (250, 10, 10), (0, 255, 0)
    source = np.zeros_like(hole)
    source[:, 80:] = True
    assert (fill(pixels, hole, source)[hole] == 90).all()


@pytest.mark.parametrize("which", ["no hole", "no source"])
def test_nothing_to_do_does_nothing(which: str) -> None:
    pixels, hole = ramp(), hole_in((90, 120))
    nothing = np.zeros_like(hole)
    filled = fill(pixels, nothing if which == "no hole" else hole, nothing if which == "no source" else ~hole)
    assert (filled == pixels).all()


def test_a_mirror_image_lies_as_far_behind_the_rim() -> None:
    hole = np.zeros((20, 40), bool)
    hole[:, 18:22] = True
    source = np.zeros_like(hole)
    source[:, :18] = True
    mirror, near = mirrored(hole, source)
    place = np.stack(np.nonzero(hole), axis=1)
    assert (near[:, 1] == 17).all() and (mirror[:, 1] == 34 - place[:, 1]).all()


def test_a_membrane_keeps_what_is_known() -> None:
    pixels, hole = ramp().astype(np.float32), hole_in((90, 120))
    hung = hang_membrane(pixels, ~hole)
    assert np.abs(hung - pixels)[~hole].max() < 1e-3
    assert hung[hole].min() >= pixels.min() - 1 and hung[hole].max() <= pixels.max() + 1
