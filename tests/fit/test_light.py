"""The scene's light on a garment, and the shadow it throws."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.light import light_gain, read_light, shade_in_nooks, shadow_on_cloth, thrown_shadow
from flixpose.fit.occluders import find_occluders
from flixpose.fit.stack import Sheet
from flixpose.imaging.colour import delta_e_2000, linear_to_srgb, srgb_to_lab, srgb_to_linear
from flixpose.structures.image import Box
from tests.fit.figures import paint_person


def scene(shade: np.ndarray | None = None, seed: int = 0) -> tuple:
    """Light of a drawn person whose whole photo is shaded by a factor of light."""
    image, pose, _ = paint_person("hanging")
    if shade is not None:
        light = srgb_to_linear(image.pixels) * shade[..., None]
        image = replace(image, pixels=linear_to_srgb(light))
    body = measure_body(pose)
    occluders = find_occluders(image, body, pose.mask)
    region = np.s_[150:520, 180:460]
    return read_light(image.pixels, body, occluders, pose.mask, region), body, (370, 280)


def sideways(strength: float) -> np.ndarray:
    """Brighter towards the image's right by so many logs a shoulder width."""
    x = (np.arange(640) - 320) / 150
    return np.broadcast_to(np.exp(np.clip(strength * x, -1, 0.2)), (960, 640)).astype(np.float32)


def cloth(light: float, shape: tuple[int, int]) -> np.ndarray:
    """Plain grey cloth, (h, w, 3) sRGB."""
    return linear_to_srgb(np.full((*shape, 3), light, np.float32))


def test_even_light_leaves_the_cloth_as_it_is() -> None:
    found, _, shape = scene()
    gain = light_gain(found, cloth(0.3, shape), np.ones(shape, np.float32))
    assert gain.std() < 0.02, "no shading"
    assert 0.93 <= gain.mean() <= 1.03, "and the exposure of light grey paper"


@pytest.mark.parametrize("side", [-1, 1])
def test_the_brighter_side_is_told_and_shades_the_cloth(side: int) -> None:
    found, _, shape = scene(sideways(0.25 * side))
    assert found.aside * side > 0.3
    gain = light_gain(found, cloth(0.3, shape), np.ones(shape, np.float32))
    gain = cv2.resize(gain, shape[::-1], interpolation=cv2.INTER_LINEAR)
    left, right = gain[100:250, 60:110].mean(), gain[100:250, 170:220].mean()
    assert (right / left > 1.03) if side > 0 else (left / right > 1.03)


@pytest.mark.parametrize("strength", [0.3, 0.8, -0.8])
def test_the_lights_effect_on_colour_is_bounded(strength: float) -> None:
    found, _, shape = scene(sideways(strength))
    for bright in (0.02, 0.2, 0.85):
        rgb = cloth(bright, shape)
        gain = light_gain(found, rgb, np.ones(shape, np.float32))
        gain = cv2.resize(gain, shape[::-1], interpolation=cv2.INTER_LINEAR)
        lit = linear_to_srgb(srgb_to_linear(rgb) * gain)
        change = delta_e_2000(srgb_to_lab(rgb), srgb_to_lab(lit))
        assert change.mean() <= 2.7


def hem(aside: float) -> np.ndarray:
    seen = np.zeros((200, 200), np.float32)
    seen[:100, 60:140] = 1
    none = np.zeros((200, 200), np.uint8)
    return thrown_shadow(seen, none, np.full((200, 200), 255, np.uint8), 300.0, aside)


def test_a_shadow_lies_below_the_edge_and_fades() -> None:
    shadow = hem(0.0)
    assert (shadow[:99, 70:130] == 0).all(), "none on the garment itself"
    column = shadow[101:160, 100]
    assert column[0] > 0.2 and (np.diff(column) <= 1e-4).all() and column[-1] == 0
    assert column[0] > 2 * shadow[:60, 142:].max(), "less beside than below"


def test_a_shadow_falls_away_from_the_light() -> None:
    from_right = hem(1.0)
    assert from_right[90:120, :60].sum() > 1.2 * from_right[90:120, 140:].sum()
    assert hem(-1.0)[90:120, :60].sum() < hem(0.0)[90:120, :60].sum()


def test_background_and_what_lies_before_take_no_shadow() -> None:
    seen = np.zeros((200, 200), np.float32)
    seen[:100] = 1
    person = np.full((200, 200), 255, np.uint8)
    person[:, :80] = 0
    before = np.zeros((200, 200), np.uint8)
    before[:, 140:] = 255
    shadow = thrown_shadow(seen, before, person, 300.0, 0.0)
    assert (shadow[:, :80] == 0).all() and (shadow[:, 140:] == 0).all() and shadow[105, 110] > 0.1


def test_an_arm_shades_the_cloth_beside_it() -> None:
    arm = np.zeros((200, 200), np.uint8)
    cv2.line(arm, (0, 100), (199, 100), 255, 30)
    factor = cv2.resize(shadow_on_cloth(arm, 300.0, 0.0), (200, 200), interpolation=cv2.INTER_LINEAR)
    assert factor[118, 100] < 0.97 and factor[160, 100] > 0.999 and factor.min() > 0.7


def test_clothes_beside_the_garment_tell_nothing_of_its_light() -> None:
    """Jeans that fade towards the pockets are no shade on a sleeve that hangs beside them."""
    image, pose, labels = paint_person("hanging")
    body, region = measure_body(pose), np.s_[150:700, 180:460]
    pixels = image.pixels.copy()
    trousers = labels == 4
    dark = trousers & (np.abs(np.arange(640) - 320) > 25)
    pixels[trousers], pixels[dark] = (90, 110, 150), (70, 86, 118)
    occluders = find_occluders(replace(image, pixels=pixels), body, pose.mask)
    cover = np.zeros((550, 280), np.float32)
    cover[:310] = 1
    shades = [read_light(pixels, body, occluders, pose.mask, region, seen).shade for seen in (None, cover)]
    below = [np.abs(shade[round(0.72 * shade.shape[0]) :]).max() for shade in shades]
    assert below[0] > 0.1 and below[1] < 0.3 * below[0], below


def sheet(x0: int, y0: int, x1: int, y1: int, *, lace: bool = False) -> Sheet:
    """A rectangle of cloth."""
    patch = np.full((y1 - y0, x1 - x0, 4), 255, np.uint8)
    if lace:
        patch[::2] = 90
    return Sheet(patch, Box(x0, y0, x1, y1))


def shade_at(x: int, *, wrist: bool = False, lace: bool = False) -> float:
    """In a row of holes of 6 × 8 pixels where a sleeve lies beside a trunk.

    Columns 27 to 32 are a hole in the trunk, 60 to 65 one between both, further on lies the sleeve.
    wrist: the row is as far down as a wrist, else at an armpit.
    """
    _, pose, _ = paint_person("hanging")
    body = measure_body(pose)
    torso = body.torso_length
    pit, end = (int(body.mid_shoulder[1] + share * torso) for share in (0.3, 0.9))
    left = int(body.mid_shoulder[0])
    region = (slice(20, 900), slice(10, 600))
    rows = [(pit - 60, pit), (pit + 8, end), (end + 8, end + 60)]
    trunk = [sheet(left, low, left + 60, high) for low, high in rows]
    trunk += [sheet(left + dx, top, left + dx + 27, top + 8) for dx in (0, 33) for top in (pit, end)]
    sleeve = [sheet(left + 60, low, left + 130, high, lace=lace) for low, high in rows]
    sleeve += [sheet(left + 66, rows[0][0], left + 130, rows[2][1], lace=lace)]
    nooks = shade_in_nooks(trunk, sleeve, region, body)
    if nooks is None:
        return 0.0
    full = cv2.resize(nooks, (590, 880))
    return float(full[(end if wrist else pit) + 4 - 20, left + x - 10])


def test_a_hole_between_sleeve_and_trunk_is_dark_but_not_at_a_wrist_or_beside_lace() -> None:
    assert shade_at(63) > 0.5
    assert shade_at(30) < 0.02 and shade_at(110) < 0.02, "in the trunk, on the sleeve"
    assert shade_at(63, wrist=True) < 0.02 and shade_at(63, lace=True) == 0


def test_nothing_is_brighter_beneath_a_soft_edge_than_beside_it() -> None:
    seen = np.repeat(np.clip((110.0 - np.arange(200)) / 10, 0, 1)[:, None], 300, axis=1).astype(np.float32)
    nobody, person = np.zeros(seen.shape, np.uint8), np.full(seen.shape, 255, np.uint8)
    shadow = thrown_shadow(seen, nobody, person, 300.0, 0.0)[:, 150]
    assert shadow[103] >= shadow[111] > 0.15 and shadow[90] == 0
