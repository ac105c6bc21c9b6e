"""A print bent in a known way: what is reported is what was done."""

import json

import cv2
import numpy as np
import pytest

from flixpose.cli.main import main
from flixpose.evaluation.bend import NoPrint, bend_between, bend_of, drawn
from flixpose.imaging.encode import encode_png
from flixpose.structures.image import Image

SIZE, WORN = (480, 600), (520, 560)  # (width, height)
SCALE, DEGREES, SHIFT = 0.8, 6.0, np.array([70.0, 25.0])
DEPTH, LENGTH = 7.0, 260.0  # of the bend, pixels of the worn picture


def product() -> Image:
    """A shirt with a busy print in its middle."""
    rng = np.random.default_rng(3)
    pixels = np.full((SIZE[1], SIZE[0], 3), 245, np.uint8)
    for _ in range(160):
        x, y = rng.integers(110, 370), rng.integers(130, 470)
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            cv2.circle(pixels, (x, y), int(rng.integers(4, 18)), colour, -1, cv2.LINE_AA)
        else:
            corner = (x + int(rng.integers(6, 40)), y + int(rng.integers(6, 40)))
            cv2.rectangle(pixels, (x, y), corner, colour, -1)
    return Image(cv2.GaussianBlur(pixels, (0, 0), 0.8), None, "", "shirt")


def flat(xy: np.ndarray) -> np.ndarray:
    """Product → worn, before the bend."""
    turn = np.radians(DEGREES)
    matrix = SCALE * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return xy @ matrix.T + SHIFT


def bow(xy: np.ndarray) -> np.ndarray:
    """How far the worn print lies beside the flat one: waves along x, by places of the worn picture."""
    return np.stack([np.zeros(xy.shape[:-1]), DEPTH * np.sin(2 * np.pi * xy[..., 0] / LENGTH)], axis=-1)


def worn(source: Image, *, bent: bool = True) -> Image:
    """Each pixel of the worn picture takes the product's: the bend is taken off first, then the rest."""
    xy = np.stack(np.meshgrid(np.arange(WORN[0]), np.arange(WORN[1])), axis=-1) + 0.5
    start = xy - bow(xy) if bent else xy
    turn = np.radians(DEGREES)
    matrix = SCALE * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    there = ((start - SHIFT) @ np.linalg.inv(matrix).T - 0.5).astype(np.float32)
    pixels = cv2.remap(source.pixels, there, None, cv2.INTER_CUBIC, borderValue=(245,) * 3)
    return Image(pixels, None, "", "look")


def truth(product_xy: np.ndarray) -> np.ndarray:
    """Where points of the product lie on the worn picture."""
    start = flat(product_xy)
    return start + bow(start)  # the waves run along x and move along y


@pytest.mark.parametrize(("detector", "within"), [("sift", 0.25), ("harris", 0.5)])
def test_the_reported_bend_is_the_one_that_was_done(detector, within):
    shirt = product()
    bend = bend_of(shirt, worn(shirt), detector=detector)
    assert len(bend.px) >= 60
    off = np.hypot(*(bend.worn_xy - truth(bend.product_xy)).T)
    assert np.median(off) < within
    wanted = bend_between(bend.product_xy, truth(bend.product_xy))
    ours, true = bend.to_json(), wanted.to_json()
    for name in ("median_px", "p95_px"):
        assert ours[name] == pytest.approx(true[name], abs=2 * within)
    assert true["p95_px"] > 5
    assert ours["scale"] == pytest.approx(true["scale"], abs=0.005)
    assert ours["degrees"] == pytest.approx(true["degrees"], abs=0.3)


def test_a_print_that_is_only_moved_turned_and_resized_is_not_bent():
    shirt = product()
    told = bend_of(shirt, worn(shirt, bent=False)).to_json()
    assert told["p95_px"] < 0.7 and told["scale"] == pytest.approx(SCALE, abs=0.002)


def test_known_points_give_exact_lengths():
    xy = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    moved = xy * 2 + 5
    moved += [[1, 0], [-1, 0], [1, 0], [-1, 0]]
    bend = bend_between(xy, moved)
    assert bend.px == pytest.approx([1] * 4) and (bend.scale, bend.degrees) == pytest.approx((2, 0))


def test_only_what_the_alpha_shows_counts():
    shirt = product()
    look = worn(shirt)
    alpha = np.zeros(WORN[::-1], np.uint8)
    alpha[:, : WORN[0] // 2] = 255
    bend = bend_of(shirt, Image(look.pixels, alpha, "", "left half"))
    assert bend.worn_xy[:, 0].max() < WORN[0] // 2 + 8


def test_without_a_print_there_is_nothing_to_tell():
    plain = Image(np.full((300, 200, 3), 200, np.uint8), None, "", "plain")
    for detector in ("sift", "harris"):
        with pytest.raises(NoPrint, match="plain"):
            bend_of(plain, plain, detector=detector)


def test_the_verb_tells_and_draws(tmp_path, capsys):
    shirt = product()
    for name, image in (("shirt.png", shirt), ("look.png", worn(shirt))):
        (tmp_path / name).write_bytes(encode_png(image.pixels))
    arguments = ["evaluate", "print", str(tmp_path / "look.png"), str(tmp_path / "shirt.png")]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--json", "--overlay", str(tmp_path / "bend.jpg")])
    assert not stop.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["points"] >= 60 and told["p95_px"] > 5
    assert (tmp_path / "bend.jpg").stat().st_size > 1000
    bend = bend_of(shirt, worn(shirt))
    assert (drawn(bend, worn(shirt)) != worn(shirt).pixels).any()
