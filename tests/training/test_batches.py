"""Where points go when a picture is placed and flipped."""

import numpy as np
import pytest

from flixpose.garment.shared_points import INDEX, POINTS, as_seen
from flixpose.training.batches import Example, _crop, flipped, mixed_batch, plain_batch
from flixpose.training.look import rephotograph
from flixpose.training.samples import Samples, draw_many, studio


def _example() -> Example:
    """A bright dot on a dark garment at each of two points."""
    image, mask = np.full((96, 96, 3), 240, np.uint8), np.zeros((96, 96), np.uint8)
    image[20:80, 30:70], mask[20:80, 30:70] = 20, 255
    points = np.zeros((len(POINTS), 3), np.float32)
    for name, (x, y) in {"hem_left": (64, 72), "neck_right": (36, 26)}.items():
        image[y - 2 : y + 2, x - 2 : x + 2] = 255
        points[INDEX[name]] = x, y, 2
    return Example(image, mask, points, 0, False, True)


def _samples(example: Example) -> Samples:
    return Samples(
        example.image[None], example.mask[None], example.points[None], np.array([0]), np.array([False])
    )


def test_points_follow_the_picture_to_a_fraction_of_a_pixel():
    batch = plain_batch(_samples(_example()), [0], 64)
    bright = batch.pictures[0].mean(dim=0).numpy()
    for name in ("hem_left", "neck_right"):
        x, y = batch.xy[0, INDEX[name]].numpy()
        rows, columns = np.mgrid[round(y) - 3 : round(y) + 3, round(x) - 3 : round(x) + 3]
        light = bright[rows, columns] - 20 / 255
        assert (light * (columns + 0.5)).sum() / light.sum() == pytest.approx(x, abs=0.25)
        assert (light * (rows + 0.5)).sum() / light.sum() == pytest.approx(y, abs=0.25)
    assert batch.masks.shape == (1, 32, 32) and batch.masks.mean() > 0.3


def test_a_mirror_image_exchanges_sides():
    mirrored = flipped(_example())
    assert tuple(mirrored.points[INDEX["hem_right"]]) == (96 - 64, 72, 2)
    assert mirrored.points[INDEX["hem_left"], 2] == 0
    assert (flipped(mirrored).points == _example().points).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_photo_that_ends_within_its_garment_keeps_the_rest_in_place(seed: int):
    whole = _example()
    part = _crop(whole, np.random.default_rng(seed))
    assert 0.3 < (part.mask > 0).sum() / (whole.mask > 0).sum() < 0.85
    edges = part.mask[0], part.mask[-1], part.mask[:, 0], part.mask[:, -1]
    assert sum(bool(edge.any()) for edge in edges) == 1
    for x, y, seen in part.points:
        if seen and 2 <= x < part.image.shape[1] - 2 and 2 <= y < part.image.shape[0] - 2:
            assert part.image[int(y), int(x)].min() == 255


def test_a_back_is_named_as_if_it_were_a_front():
    assert as_seen({"cuff_left_outer": 1, "crotch": 2}, "back") == {"cuff_right_outer": 1, "crotch": 2}
    assert as_seen({"cuff_left_outer": 1}, "front") == {"cuff_left_outer": 1}


def test_the_same_seed_gives_the_same_batch_and_some_show_no_whole_garment():
    window = [draw_many(studio(), range(4), 96)]
    one, again = (mixed_batch(window, count=60, side=64, seed=(1, 5)) for _ in range(2))
    assert (one.pictures == again.pictures).all() and (one.xy == again.xy).all()
    assert 0 < (one.whole == 0).sum() < 20
    assert ((one.xy[one.visibility > 0] >= 0) & (one.xy[one.visibility > 0] < 64)).all()


def test_photographing_anew_changes_light_and_no_shape():
    picture = _example().image
    seen = [rephotograph(picture, np.random.default_rng(seed)) for seed in range(20)]
    assert all(p.shape == picture.shape and p.dtype == np.uint8 for p in seen)
    assert len({p.tobytes() for p in seen}) == 20
