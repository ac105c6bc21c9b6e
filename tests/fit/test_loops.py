"""Loops of straps are open where the paper shows through; prints, pale cloth and sleeves stay."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.loops import without_loops
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.test_neckline import dressed

PAPER = 245


def loop(
    colour: int = PAPER, grain: int = 0, size: int = 24, row: int = 200
) -> tuple[Image, Garment, np.ndarray]:
    """A vest, its mask with a filled loop at a strap; with it where the loop is."""
    product, garment, _ = dressed("round")
    garment = replace(garment, kind="sling")
    there = np.zeros(garment.mask.alpha.shape, np.uint8)
    cv2.circle(there, (370, row), size, 1, -1)
    alpha = np.maximum(garment.mask.alpha, there * np.uint8(255))
    noise = np.random.default_rng(1).integers(-grain, grain + 1, product.pixels.shape)
    pixels = product.pixels.copy()
    pixels[there > 0] = np.clip(colour + noise, 0, 255)[there > 0]
    return replace(product, pixels=pixels), replace(garment, mask=Mask(alpha)), there > 0


def test_a_loop_is_open() -> None:
    product, garment, there = loop()
    opened = without_loops(garment, product, garment.mask).alpha
    assert (opened[there] < 128).mean() > 0.97
    around = cv2.dilate(there.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert (opened == garment.mask.alpha)[~around].all()


@pytest.mark.parametrize(
    "patch",
    [{"colour": 225}, {"grain": 9}, {"size": 5}, {"row": 480}],
    ids=["another colour", "cloth's grain", "small", "below the armpits"],
)
def test_prints_stay(patch: dict[str, int]) -> None:
    product, garment, _ = loop(**patch)
    assert without_loops(garment, product, garment.mask) is garment.mask


def test_pale_cloth_and_other_kinds_stay() -> None:
    product, garment, _ = loop()
    sleeved = replace(garment, kind="short_sleeve_top")
    assert without_loops(sleeved, product, garment.mask) is garment.mask
    pale = replace(product, pixels=np.maximum(product.pixels, 236))
    assert without_loops(garment, pale, garment.mask) is garment.mask
