"""Lower clothes carried up where an old top hung further down: their shading and grain, and nothing else."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.painted import Painted
from flixpose.fit.remnants import paint_remnants
from flixpose.structures.image import Mask
from tests.fit.figures import BELOW, PAPER, WORN
from tests.fit.test_remnants import covered, person

LOOP = (200, 200, 60)


def hem_row() -> int:
    return int(np.flatnonzero(person()[2][:, 320] == 3)[-1])


def carried(strip: int, pixels: NDArray[np.uint8] | None = None, arms: Mask | None = None) -> Painted:
    """A top that ends `strip` rows above the old hem."""
    image, pose, _, occluders = person()
    masks = occluders if arms is None else replace(occluders, arms=arms)
    body, seen = measure_body(pose), covered(hem=strip)
    own = image.pixels if pixels is None else pixels
    return paint_remnants(own, seen, "short_sleeve_top", body, masks, pose.mask)


def off(picture: NDArray[np.uint8], where: NDArray[np.bool_], colour: tuple[int, int, int]) -> float:
    return float(np.abs(picture[where].astype(int) - colour).mean())


def strip_of(rows: int) -> NDArray[np.bool_]:
    strip = person()[2] == 3
    strip[: hem_row() + 1 - rows] = False
    return strip


def test_a_belt_loop_is_not_repeated() -> None:
    pixels, foot = person()[0].pixels.copy(), hem_row()
    pixels[foot + 2 : foot + 12, 300:306] = LOOP
    strip = strip_of(20)
    strip[:, :280] = strip[:, 350:] = False
    found = carried(20, pixels)
    assert (found.mask.alpha[strip] > 0).all()
    bright = found.picture[strip].astype(int).sum(axis=1) > (sum(LOOP) + sum(BELOW)) / 2
    assert bright.mean() < 0.01


def test_a_high_strip_is_painted_whole_and_its_upper_part_is_guesswork() -> None:
    unit = measure_body(person()[1]).shoulder_width
    low, high = carried(round(0.2 * unit)), carried(round(0.45 * unit))
    middle = strip_of(round(0.45 * unit))
    middle[:, :290] = middle[:, 350:] = False
    assert off(high.picture, middle, BELOW) < 10
    assert not high.left.alpha[middle].any()
    assert low.guessed == 0.0 < high.guessed


def test_higher_than_that_it_stays_and_is_told() -> None:
    found = carried(round(0.6 * measure_body(person()[1]).shoulder_width))
    middle = strip_of(60)
    middle[:, :290] = middle[:, 350:] = False
    assert off(found.picture, middle, WORN) < 12
    assert found.left.alpha[middle].mean() > 200


def test_beside_the_trousers_is_background_up_to_the_garment() -> None:
    image, pose, _, occluders = person()
    wide, shirt, foot = strip_of(24), strip_of(24), hem_row()
    ends = np.flatnonzero(shirt[foot - 4])[[0, -1]]
    wide[foot - 23 : foot + 1, ends[0] - 12 : ends[1] + 13] = True  # a shirt that stands off the hips
    beside = wide.copy()
    beside[:, ends[0] - 6 : ends[1] + 7] = False
    pixels = image.pixels.copy()
    pixels[wide & ~shirt] = WORN
    assert pose.mask is not None
    masks = replace(occluders, worn_upper=Mask(np.where(wide, 255, occluders.worn_upper.alpha)))
    mask, seen = Mask(np.where(wide, 255, pose.mask.alpha)), covered(hem=14)
    seen[foot - 30 : foot - 13, ends[0] - 14 : ends[1] + 15] = 255
    beside &= seen == 0
    found = paint_remnants(pixels, seen, "short_sleeve_top", measure_body(pose), masks, mask)
    assert off(found.picture, beside, PAPER) < 12
    assert found.background[beside].mean() > 0.9


def test_what_a_hand_hides_goes_on_as_far_as_the_old_top() -> None:
    foot = hem_row()
    shirt = strip_of(14)
    columns = np.flatnonzero(shirt[foot - 4])
    arms = person()[3].arms.alpha.copy()
    arms[foot - 30 : foot + 60, columns[-1] + 1 : columns[-1] + 40] = 255  # a hand beside the hem ...
    arms[foot + 1 : foot + 60, columns[-1] - 25 : columns[-1] + 40] = 255  # ... over the trousers' edge
    found = carried(14, arms=Mask(arms))
    end = shirt.copy()
    end[:, : columns[-1] - 8] = end[:, columns[-1] - 1 :] = False
    assert off(found.picture, end, BELOW) < off(found.picture, end, PAPER) / 4


def test_one_colour_throughout_is_left_to_others() -> None:
    image, pose, _, occluders = person()
    seen, body = covered(hem=14), measure_body(pose)
    masks = replace(occluders, parted=False)
    found = paint_remnants(image.pixels, seen, "short_sleeve_top", body, masks, pose.mask)
    assert (found.picture != carried(14).picture).any()
