"""Sheets over sheets, beside the same mixed in light in floating point."""

import numpy as np
import pytest

from flixpose.fit.stack import Sheet, Stack
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.image import Box

REGION = np.s_[10:70, 20:110]
SHAPE = (60, 90)


def sheet(box: tuple[int, int, int, int], colour: tuple[int, int, int], seed: int = 0) -> Sheet:
    """Of one colour, its left half solid, its right half of every alpha; one corner is clear."""
    x0, y0, x1, y1 = box
    alpha = np.full((y1 - y0, x1 - x0), 255, np.uint8)
    soft = alpha[:, alpha.shape[1] // 2 :]
    soft[:] = np.random.default_rng(seed).integers(16, 256, soft.shape)
    alpha[:8, :8] = 0
    rgb = np.rint(np.array(colour) * (alpha[..., None] / 255.0))
    return Sheet(np.dstack([rgb, alpha]).astype(np.uint8), Box(float(x0), float(y0), float(x1), float(y1)))


def over(stack: Stack, shadow: np.ndarray) -> np.ndarray:
    """`PIXELS` with everything laid over them."""
    found = PIXELS.copy()
    stack.lay_over(found, shadow)
    return found


def planes(laid: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """Straight light and alpha over the region, from the bytes that the sheet holds."""
    light, alpha = np.zeros((*SHAPE, 3)), np.zeros(SHAPE)
    here = np.s_[int(laid.box.y0) - 10 : int(laid.box.y1) - 10, int(laid.box.x0) - 20 : int(laid.box.x1) - 20]
    alpha[here] = laid.patch[..., 3] / 255
    straight = laid.patch[..., :3] / np.maximum(alpha[here], 1 / 255)[..., None]
    light[here] = srgb_to_linear(np.minimum(np.rint(straight), 255).astype(np.uint8))
    return light, alpha


LOW, HIGH = sheet((25, 15, 85, 60), (200, 40, 30), 1), sheet((50, 20, 105, 66), (30, 60, 180), 2)
BEHIND = sheet((22, 12, 60, 68), (240, 230, 90), 3)
PIXELS = np.random.default_rng(4).integers(0, 256, (*SHAPE, 3), np.uint8)


def fronts() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    arm, head = (rng.choice([0, 255, 0, 90], SHAPE).astype(np.uint8) for _ in range(2))
    return arm, head


def test_what_is_seen_is_mixed_in_light() -> None:
    arm, head = fronts()
    stack = Stack(REGION)
    stack.lay(LOW)
    stack.cover(arm)
    stack.lay(HIGH)
    stack.cover(head)
    (low, low_alpha), (high, high_alpha) = planes(LOW), planes(HIGH)
    low_seen = low_alpha * (1 - arm / 255.0)
    colour = low * (low_seen * (1 - high_alpha))[..., None] + high * high_alpha[..., None]
    rest, veil = (1 - low_seen) * (1 - high_alpha), 1 - head / 255.0
    seen = (1 - rest) * veil
    assert np.abs(stack.seen - seen).max() < 2e-3
    shadow = np.where(np.arange(90) < 30, 0.3, 0.0).astype(np.float32) * np.ones(SHAPE, np.float32)
    expected = srgb_to_linear(PIXELS) * ((1 - seen) * (1 - shadow))[..., None] + colour * veil[..., None]
    off = np.abs(over(stack, shadow).astype(int) - linear_to_srgb(expected))
    assert off.max() <= 2 and (off == 0).mean() > 0.8
    untouched = (seen < 0.4 / 255) & (shadow == 0)
    assert untouched.sum() > 100
    assert (over(stack, shadow)[untouched] == PIXELS[untouched]).all()


def test_the_layer_is_all_that_is_drawn_whatever_lies_before_it() -> None:
    stack = Stack(REGION)
    stack.lay(LOW)
    stack.cover(np.full(SHAPE, 255, np.uint8))
    stack.lay(HIGH)
    (low, low_alpha), (high, high_alpha) = planes(LOW), planes(HIGH)
    alpha = high_alpha + low_alpha * (1 - high_alpha)
    colour = high * high_alpha[..., None] + low * (low_alpha * (1 - high_alpha))[..., None]
    layer, there = stack.layer(), alpha > 0.1
    assert np.abs(layer[..., 3] - 255 * alpha).max() <= 1.01
    straight = linear_to_srgb(colour[there] / alpha[there][:, None])
    assert np.abs(layer[there][:, :3].astype(int) - straight).max() <= 2
    # What is seen is the upper sheet alone, in its own colour.
    own = np.rint(HIGH.patch[40, 20, :3])
    assert (over(stack, np.zeros(SHAPE, np.float32))[50, 50] == own).all()


def test_what_slips_under_shows_only_where_nothing_lies_before_it() -> None:
    stack = Stack(REGION)
    stack.lay(LOW)
    front = np.zeros(BEHIND.patch.shape[:2], np.uint8)
    front[:, :10] = 255
    stack.slip_under(BEHIND, front)
    picture = over(stack, np.zeros(SHAPE, np.float32))
    assert (picture[30, 3] == PIXELS[30, 3]).all(), "what is before it hides it"
    assert np.abs(picture[57, 15].astype(int) - (240, 230, 90)).max() <= 1, "free"
    assert (picture[20, 20] == (200, 40, 30)).all(), "the front stays before it"
    assert stack.layer()[30, 3, 3] == 255, "the layer holds it all the same"


@pytest.mark.parametrize("gain", [0.7, 0.93, 1.08])
def test_light_is_multiplied_to_a_level(gain: float) -> None:
    stack = Stack(REGION)
    values = np.arange(SHAPE[0] * SHAPE[1] * 3).reshape(*SHAPE, 3) % 256
    patch = np.dstack([values, np.full(SHAPE, 255)]).astype(np.uint8)
    stack.lay(Sheet(patch, Box(20.0, 10.0, 110.0, 70.0)))
    tint = np.array((1.0, 0.98, 1.02), np.float32)
    stack.shine(np.full((6, 9, 3), tint), np.full((13, 11), gain, np.float32))
    expected = linear_to_srgb(srgb_to_linear(values.astype(np.uint8)) * (gain * tint))
    off = np.abs(stack.rgb.astype(int) - expected)
    assert off.max() <= 2 and (off[values > 12] <= 1).all() and (off == 0).mean() > 0.9
