"""Slits below a neckline are open where the paper shows through; prints and plackets stay."""

import cv2
import numpy as np
import pytest

from flixpose.fit.keyhole import without_keyhole
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.figures import make_garment
from tests.fit.test_neckline import dressed

PAPER = 245
Spot = tuple[int, int]


def slit(width: int, height: int, colour: int = PAPER, grain: int = 0) -> tuple[Image, Garment, np.ndarray]:
    """A vest with a slit below its front edge; with it where the slit is."""
    product, garment, _ = dressed("round")
    there = np.zeros(garment.mask.alpha.shape, np.uint8)
    cv2.ellipse(there, (300, 200 + height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
    noise = np.random.default_rng(1).integers(-grain, grain + 1, product.pixels.shape)
    product.pixels[there > 0] = np.clip(colour + noise, 0, 255)[there > 0]
    return product, garment, there > 0


def test_a_slit_is_open() -> None:
    product, garment, there = slit(8, 50)
    before = garment.mask.alpha.copy()
    opened = without_keyhole(garment, product).alpha
    assert (garment.mask.alpha == before).all(), "the garment itself stays"
    assert (opened[there] == 0).mean() > 0.97
    changed = opened != garment.mask.alpha
    around = cv2.dilate(there.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert not (changed & ~around).any()


@pytest.mark.parametrize(
    ("width", "height", "colour", "grain"),
    [(30, 40, PAPER, 0), (8, 50, 225, 0), (8, 50, PAPER, 9)],
    ids=["broad", "another colour", "cloth's grain"],
)
def test_prints_and_cords_stay(width: int, height: int, colour: int, grain: int) -> None:
    product, garment, _ = slit(width, height, colour, grain)
    assert without_keyhole(garment, product) is garment.mask


@pytest.mark.parametrize(
    ("start", "end", "thickness"),
    [
        ((362, 185), (362, 240), 8),
        ((300, 172), (300, 222), 26),
        ((300, 200), (300, 208), 1),
        ((300, 215), (300, 330), 8),
        ((292, 180), (308, 240), 3),
    ],
    ids=["aside", "large", "tiny", "running on", "slanting"],
)
def test_slits_elsewhere_and_of_other_shapes_stay(start: Spot, end: Spot, thickness: int) -> None:
    product, garment, _ = dressed("round")
    cv2.line(product.pixels, start, end, (PAPER,) * 3, thickness)
    assert without_keyhole(garment, product) is garment.mask


def test_cloth_with_stripes_of_the_papers_colour_stays() -> None:
    product, garment, _ = slit(8, 50)
    product.pixels[350:600:12, 120:480] = PAPER
    product.pixels[351:600:12, 120:480] = PAPER
    assert without_keyhole(garment, product) is garment.mask


def test_garments_without_a_neck_and_photos_without_paper_stay() -> None:
    product, garment = make_garment("trousers")
    assert without_keyhole(garment, product) is garment.mask
    product, vest, _ = slit(8, 50)
    full = Garment(vest.kind, 1, "front", 1, vest.box, Mask.full(600, 700), vest.landmarks, 0.9, vest.model)
    assert without_keyhole(full, product) is full.mask
