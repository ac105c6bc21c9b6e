"""Lace is thin where it is thin, and nothing else is taken for lace."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.imaging.decode import read_image
from flixpose.imaging.lace import thin_out

SIZE = (900, 700)
PAPER, CLOTH = (244, 244, 244), (26, 24, 28)


def outline() -> np.ndarray:
    """A tee: trunk and two sleeves."""
    mask = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(mask, [np.array([[210, 100], [490, 100], [480, 850], [220, 850]])], 255)
    for sign in (-1, 1):
        sleeve = np.array([[350 + sign * 130, 100], [350 + sign * 300, 420], [350 + sign * 190, 460]])
        cv2.fillPoly(mask, [np.vstack([sleeve, [[350 + sign * 120, 260]]])], 255)
    return mask


def sleeves() -> np.ndarray:
    return (outline() > 0) & (np.abs(np.arange(SIZE[1]) - 350) > 138)


def smooth(alpha: np.ndarray) -> np.ndarray:
    return cv2.resize(alpha, SIZE[::-1], interpolation=cv2.INTER_AREA).astype(np.float64) / 255


@cache
def net() -> np.ndarray:
    """(H, W) in [0, 1]: how much of each pixel is thread: a slanted net, and flowers on it."""
    fine = np.zeros((SIZE[0] * 2, SIZE[1] * 2), np.uint8)
    for angle in (20, 80, 140):
        across = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
        along = np.array([-across[1], across[0]])
        for step in range(-160, 160):
            middle = np.array([700.0, 900.0]) + 18 * step * across
            ends = [np.round(middle + length * along).astype(int).tolist() for length in (-1500, 1500)]
            cv2.line(fine, *ends, 255, 4)
    rng = np.random.default_rng(4)
    for x, y in rng.uniform((0, 0), fine.shape[::-1], (260, 2)):
        for turn in np.arange(5) * 72 + rng.uniform(0, 72):
            leaf = (int(x + 15 * np.cos(np.deg2rad(turn))), int(y + 15 * np.sin(np.deg2rad(turn))))
            cv2.ellipse(fine, leaf, (17, 8), turn, 0, 360, 255, -1)
    return smooth(fine)


def photo(thread: np.ndarray, print_: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Cloth of which so much of each pixel is thread, on paper; the rest is `print_` where there is one."""
    alpha = outline()
    shade = 0.80 + 0.15 * np.cos(np.arange(SIZE[0]) / 90)[:, None, None]  # behind the lace, not beside it
    inside = (alpha > 0)[..., None]
    ground = np.where(inside, shade, 1.0) * PAPER if print_ is None else print_
    covered = np.where(inside, thread[..., None], 0.0)
    pixels = covered * CLOTH + (1 - covered) * ground
    noise = np.random.default_rng(1).normal(0, 1.2, (*SIZE, 1))
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8), alpha


def lace_photo() -> tuple[np.ndarray, np.ndarray]:
    return photo(np.where(sleeves(), net(), 1.0))


def test_lace_is_as_thin_as_it_was_drawn() -> None:
    pixels, alpha = lace_photo()
    threads, thin = thin_out(pixels, alpha)
    inner = cv2.erode(sleeves().astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert inner.sum() > 20_000
    off = np.abs(thin[inner] / 255 - net()[inner])
    assert off.mean() < 0.08 and np.percentile(off, 95) < 0.25
    assert abs(thin[inner].mean() / 255 - net()[inner].mean()) < 0.05, "no thinner as a whole"
    told = inner & (thin > 60)
    assert np.abs(threads[told].astype(int) - CLOTH).mean() < 10, "thread alone, without the ground"


def test_before_another_ground_no_paper_is_left() -> None:
    pixels, alpha = lace_photo()
    threads, thin = thin_out(pixels, alpha)
    skin = np.array((110, 76, 60))
    share = thin[..., None] / 255
    drawn = share * threads + (1 - share) * skin
    truth = net()[..., None] * CLOTH + (1 - net()[..., None]) * skin
    inner = cv2.erode(sleeves().astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(drawn[inner] - truth[inner]).mean() < 10
    kept = net()[..., None] * CLOTH + (1 - net()[..., None]) * PAPER
    assert np.abs(kept[inner] - truth[inner]).mean() > 30, "what it looked like as whole cloth"


def test_the_plain_cloth_beside_it_stays_whole() -> None:
    pixels, alpha = lace_photo()
    threads, thin = thin_out(pixels, alpha)
    trunk = cv2.erode(((alpha > 0) & ~sleeves()).astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    assert (thin[trunk] == 255).mean() > 0.999 and (threads[trunk] == pixels[trunk]).mean() > 0.995
    assert (thin[alpha == 0] == 0).all()


@cache
def pattern(name: str) -> np.ndarray:
    """(H, W) in [0, 1]: what is dark of a print on white."""
    y, x = np.mgrid[0 : SIZE[0] * 2, 0 : SIZE[1] * 2]
    if name == "pinstripes":
        return smooth(255 * (x % 12 < 5).astype(np.uint8))
    if name == "checks":
        return smooth(np.uint8(127) * (x % 20 < 10) + np.uint8(127) * (y % 20 < 10))
    if name == "dots":
        return smooth(255 * (np.hypot(x % 32 - 16, y % 32 - 16) > 7).astype(np.uint8))
    if name == "melange":
        rough = np.random.default_rng(2).normal(0.72, 0.10, SIZE)
        return np.clip(cv2.GaussianBlur(rough, (0, 0), 0.8), 0, 1)
    canvas = np.full((SIZE[0] * 2, SIZE[1] * 2), 255, np.uint8)
    for row in range(24):
        cv2.putText(canvas, "the quick brown fox jumps over", (450, 450 + 35 * row), 0, 0.8, 0, 3)
    return smooth(canvas)


@pytest.mark.parametrize("name", ["pinstripes", "checks", "dots", "melange", "lettering"])
@pytest.mark.parametrize("where", ["all over", "sleeves"])
def test_prints_stay_whole(name: str, where: str) -> None:
    dark = pattern(name)
    if where == "sleeves" and name != "lettering":
        dark = np.where(sleeves(), dark, 1.0)
    pixels, alpha = photo(dark, np.full((*SIZE, 3), 250.0))
    threads, thin = thin_out(pixels, alpha)
    assert thin is alpha and threads is pixels


def test_in_a_small_picture_nothing_is_told() -> None:
    pixels, alpha = (cv2.resize(plane, (233, 300), interpolation=cv2.INTER_AREA) for plane in lace_photo())
    assert thin_out(pixels, alpha)[1] is alpha


def cut(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A photo on even paper, and what lies within its outermost outline."""
    pixels = read_image(path).pixels
    off = np.abs(pixels.astype(int) - np.median(pixels[:8].reshape(-1, 3), axis=0)).max(axis=2) > 14
    alpha = np.zeros(off.shape, np.uint8)
    outlines, _ = cv2.findContours(off.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(alpha, [max(outlines, key=cv2.contourArea)], -1, 255, -1)
    return pixels, alpha


def test_lace_sleeves_of_a_real_blouse(shared: Path) -> None:
    pixels, alpha = cut(shared / "photos/garments/dix1409_07429_00.jpg")
    threads, thin = thin_out(pixels, alpha)
    thinner = (thin < 200) & (alpha == 255)
    assert 0.06 < thinner.mean() / (alpha > 0).mean() < 0.16
    assert np.flatnonzero(thinner.any(axis=1))[-1] < 620, "above the sleeves' ends"
    assert threads[thinner].mean() < 60, "black thread"


@pytest.mark.parametrize("name", ["02783", "06802", "08348", "09933", "11028", "11351"])
def test_real_prints_trims_and_velvet_stay_whole(name: str, shared: Path) -> None:
    pixels, alpha = cut(shared / f"photos/garments/dix1409_{name}_00.jpg")
    assert thin_out(pixels, alpha)[1] is alpha
