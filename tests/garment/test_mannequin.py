"""Garments drawn on mannequins: what is mannequin goes, the garment stays."""

import numpy as np
import pytest

from flixpose.evaluation.garment import mask_iou
from flixpose.garment.silhouette import SilhouetteReader
from flixpose.structures.image import Mask
from tests.garment import drawings

READER = SilhouetteReader()
SKIN, WHITE, BLACK = (222, 180, 150), (214, 214, 212), (30, 30, 30)


def _box(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def _on_mannequin(half: drawings.Half, parts: list[np.ndarray], colour: tuple[int, int, int]) -> np.ndarray:
    """The parts first, the garment over them."""
    picture = np.full((drawings.HEIGHT, drawings.WIDTH, 3), 242, np.uint8)
    for part in parts:
        drawings.paint(picture, part, colour)
    return drawings.paint(picture, drawings.polygon(half), (60, 80, 160))


NECK = _box(266, 40, 334, 130)
POLE = _box(292, 540, 308, 720)
BASE = _box(230, 720, 370, 735)
ARMS = [
    np.array(
        [(300 + s * 160, 240), (300 + s * 200, 250), (300 + s * 225, 470), (300 + s * 195, 470)], np.float32
    )
    for s in (-1, 1)
]


@pytest.mark.parametrize("colour", [SKIN, WHITE, BLACK], ids=["skin", "white", "black"])
def test_the_neck_stump_goes(colour):
    garment = READER(drawings.image(_on_mannequin(drawings.TEE, [NECK], colour)))
    assert garment.kind == "short_sleeve_top"
    assert mask_iou(garment.mask, Mask(drawings.cover(drawings.TEE))) > 0.975
    assert garment.mask.alpha[:90].max() < 128


def test_the_stand_goes():
    garment = READER(drawings.image(_on_mannequin(drawings.VEST, [POLE, BASE], BLACK)))
    assert garment.kind == "vest"
    assert garment.box.y1 == pytest.approx(567, abs=4)


def test_bare_arms_go():
    garment = READER(drawings.image(_on_mannequin(drawings.TEE, ARMS, SKIN)))
    assert garment.kind == "short_sleeve_top"
    assert mask_iou(garment.mask, Mask(drawings.cover(drawings.TEE))) > 0.97


def test_a_collar_of_another_colour_stays():
    pixels = drawings.draw(drawings.TEE)
    drawings.paint(
        pixels, np.array([(245, 100), (355, 100), (340, 122), (260, 122)], np.float32), (160, 30, 30)
    )
    garment = READER(drawings.image(pixels))
    assert garment.mask.alpha[106, 300] > 200
