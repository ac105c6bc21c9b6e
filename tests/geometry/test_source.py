"""What an excerpt of a picture holds, and what the tables say about it."""

import numpy as np
import pytest

from flixpose.errors import ImageTooLarge
from flixpose.geometry.source import Occupancy, excerpt, prepare_source


def test_the_tables_know_what_is_shown_and_what_is_opaque():
    rng = np.random.default_rng(0)
    alpha = np.zeros((150, 201), np.uint8)
    alpha[40:120, 60:201] = 255
    alpha[90, 150] = 254
    alpha[10, 10] = 1
    tables = Occupancy(alpha)
    for _ in range(500):
        (x0, x1), (y0, y1) = np.sort(rng.integers(-20, 230, 2)), np.sort(rng.integers(-20, 170, 2))
        box = alpha[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
        anything, opaque = tables.shown(int(x0), int(y0), int(x1), int(y1))
        assert anything or not box.any()
        within = x0 >= 0 and y0 >= 0 and x1 <= 201 and y1 <= 150
        assert not opaque or (within and box.min(initial=255) == 255)
    assert tables.shown(70, 50, 110, 70) == (True, True)
    assert tables.shown(20, 130, 50, 140) == (False, False)


@pytest.mark.parametrize("channels", [3, 4])
def test_an_excerpt_samples_as_the_whole_picture_does(channels):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (120, 160, channels), dtype=np.uint8)
    picture[..., 3:] = 255
    source = prepare_source(picture)
    x, y = np.meshgrid(np.arange(20) + 70.3, np.arange(10) + 50.8)
    places = np.stack([x, y]).astype(np.float32)
    low, high = places.min(axis=(1, 2)), places.max(axis=(1, 2))
    part, far = excerpt(source, 0, low, high), excerpt(source, 0, low - 60, high + 60)
    assert part is not None and part.opaque and part.picture.size < picture.size / 4
    assert far is not None and not far.opaque  # it reaches beyond the border
    assert np.abs(part.bicubic(places).astype(int) - far.bicubic(places)).max() == 0
    assert excerpt(source, 0, low + 300, high + 300) is None


def test_a_picture_that_opencv_cannot_count_is_refused():
    with pytest.raises(ImageTooLarge):
        prepare_source(np.zeros((2, 32_001, 3), np.uint8))
