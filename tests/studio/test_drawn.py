"""The drawn studio knows what it draws."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.garment import kinds
from flixpose.studio.catalogue import DESIGNS
from flixpose.studio.design import Design
from flixpose.studio.drawn import DrawnPhoto, draw

_SMALL = {"width": 480, "height": 600}


def _small(name: str, seed: int | None = None) -> DrawnPhoto:
    design, own = DESIGNS[name]
    return draw(design, seed=own if seed is None else seed, **_SMALL)


@pytest.mark.parametrize("name", ["tee-sun", "chinos"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(name: str) -> None:
    first, again, other = _small(name), _small(name), _small(name, seed=99)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.mask, again.mask)
    assert first.landmarks == again.landmarks
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("name", list(DESIGNS))
def test_landmarks_are_the_kinds_and_lie_on_the_masks_rim(name: str) -> None:
    photo = _small(name)
    assert set(photo.landmarks) >= set(kinds.skeleton(photo.kind).names)
    contours, _ = cv2.findContours((photo.mask > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    rim = np.concatenate(contours)[:, 0].astype(float) + 0.5
    inside = cv2.dilate((photo.mask > 127).astype(np.uint8), np.ones((5, 5), np.uint8))
    for landmark, (x, y) in photo.landmarks.items():
        assert inside[int(y), int(x)], landmark
        if landmark not in ("neck_front", "shoulder_left", "shoulder_right"):
            assert np.hypot(*(rim - (x, y)).T).min() < 6.0, landmark


@pytest.mark.parametrize("name", list(DESIGNS))
def test_left_is_the_wearers(name: str) -> None:
    marks = _small(name).landmarks
    for landmark in marks:
        if "_left" in landmark:
            assert marks[landmark][0] > marks[landmark.replace("_left", "_right")][0]


def test_a_mannequin_shows_but_is_not_garment() -> None:
    design: Design = DESIGNS["cardigan"][0]
    photo = draw(design, seed=1, **_SMALL)
    x, y = photo.landmarks["neck_back"]
    assert photo.mask[int(y) - 12, int(x)] == 0
    bare = draw(replace(design, mannequin=False), seed=1, **_SMALL)
    rim = bare.pixels[2, 240].astype(int)
    assert np.abs(photo.pixels[-2, 240].astype(int) - rim).max() > 40
    assert np.abs(bare.pixels[-2, 240].astype(int) - rim).max() < 40
