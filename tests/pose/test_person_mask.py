import math

import cv2
import numpy as np
import pytest

from flixpose.pose.codec.person_mask import mask_on_photo
from flixpose.pose.codec.region import Region

WIDTH, HEIGHT = 500, 700


def scene(x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """A dark ellipse around (x, y) in the house's frame on a light ground, and its true mask."""
    rows, columns = np.indices((HEIGHT, WIDTH)) + 0.5
    inside = ((columns - x) / 90) ** 2 + ((rows - y) / 170) ** 2 <= 1
    noise = np.random.default_rng(1).normal(0, 3, (HEIGHT, WIDTH, 3))
    pixels = np.where(inside[..., None], [70, 50, 60], [225, 228, 230]) + noise
    return np.clip(pixels, 0, 255).astype(np.uint8), inside


def coarse_logits(inside: np.ndarray, region: Region) -> np.ndarray:
    """What a net would draw: the truth on 256×256 cells, a cell too large all around."""
    truth = region.crop((inside * 255).astype(np.uint8), 256, border=cv2.BORDER_CONSTANT)
    wide = cv2.dilate(truth, np.ones((3, 3), np.uint8))
    return (wide.astype(np.float32) / 255 - 0.5) * 12


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("angle", [0.0, 0.5, math.pi / 2, -2.2])
def test_the_mask_lies_on_the_body_to_the_pixel(angle):
    pixels, inside = scene(260, 330)
    region = Region(250, 340, 900, angle)
    mask = mask_on_photo(coarse_logits(inside, region), region, pixels) >= 128
    grown = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    shrunk = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    assert iou(mask, inside) > 0.985
    assert (mask & ~grown).sum() + (~mask & shrunk).sum() < 0.002 * inside.sum()


def test_where_colour_says_nothing_the_mask_keeps_its_word():
    _, inside = scene(260, 330)
    region = Region(250, 340, 900)
    flat = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    wide = cv2.dilate(inside.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    assert iou(mask_on_photo(coarse_logits(inside, region), region, flat) >= 128, wide) > 0.97


def test_nothing_lies_outside_the_region_or_the_photo():
    pixels, _ = scene(260, 330)
    everywhere = np.full((256, 256), 12, np.float32)
    alpha = mask_on_photo(everywhere, Region(100, 100, 120), pixels)
    rows, columns = np.nonzero(alpha > 8)
    assert columns.min() >= 36 and columns.max() <= 163 and rows.min() >= 36 and rows.max() <= 163
    assert alpha[60:140, 60:140].min() > 250
    assert not mask_on_photo(everywhere, Region(-900, -900, 120), pixels).any()
