import cv2
import numpy as np
import pytest

from flixpose.imaging.silhouette import tighten


def scene(ground: int) -> tuple[np.ndarray, np.ndarray]:
    """A square in two colours on a ground of a grey, and its true mask."""
    pixels = np.full((400, 300, 3), ground, np.uint8)
    pixels[100:200, 80:220], pixels[200:300, 80:220] = (180, 120, 90), (40, 60, 140)
    noise = np.random.default_rng(4).normal(0, 2, pixels.shape)
    mask = np.zeros((400, 300), bool)
    mask[100:300, 80:220] = True
    return np.clip(pixels + noise, 0, 255).astype(np.uint8), mask


def coarse(mask: np.ndarray, cell: int, shift: int) -> np.ndarray:
    """The mask on cells of `cell` pixels, moved by `shift` pixels, three small pixels to a cell."""
    moved = np.roll(mask.astype(np.float32), shift, axis=(0, 1))
    cells = cv2.resize(moved, (300 // cell, 400 // cell), interpolation=cv2.INTER_AREA)
    return np.clip(cv2.resize(cells, (300 * 3 // cell, 400 * 3 // cell), interpolation=cv2.INTER_CUBIC), 0, 1)


@pytest.mark.parametrize("ground", [245, 128, 0])
def test_the_outline_moves_onto_the_pictures_edges(ground):
    pixels, mask = scene(ground)
    start = coarse(mask, cell=8, shift=9)
    before = cv2.resize(start, (300, 400)) > 0.5
    after = tighten(pixels, start, cell=3.0) >= 128
    assert (before ^ mask).sum() > 4000
    assert (after ^ mask).sum() < 600


def test_inside_is_opaque_and_outside_clear():
    pixels, mask = scene(245)
    alpha = tighten(pixels, coarse(mask, cell=8, shift=4), cell=3.0)
    assert np.mean(alpha[110:290, 90:210] > 250) > 0.98 and np.mean(alpha[:90] < 5) > 0.98


def test_a_tall_picture_is_done_in_strips_without_seams():
    column = np.full((1500, 60, 3), 230, np.uint8)
    column[:, 20:40] = 60
    small = np.zeros((750, 30), np.float32)
    small[:, 10:20] = 1
    alpha = tighten(column, small, cell=3.0)
    assert np.ptp(alpha.astype(int), axis=0).max() <= 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_mask_of_nothing_or_everything_stays(value):
    pixels, _ = scene(200)
    alpha = tighten(pixels, np.full((40, 30), value, np.float32), cell=3.0)
    assert (alpha == round(value * 255)).all()
