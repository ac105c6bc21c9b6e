"""The person's mask is opened where background shows between an arm and the trunk, and nowhere else."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, measure_body
from flixpose.fit.gaps import with_gaps
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.structures.image import Image, Mask
from tests.fit.figures import BELOW, PAPER, WORN, paint_person

_BELOW = 290  # rows from which on the gap between arm and trunk is looked at


@cache
def person() -> tuple[Image, Body, NDArray[np.bool_], Mask]:
    """A photo, its body, the gap beside the wearer's left arm, and the true mask."""
    image, pose, labels = paint_person("hanging")
    assert pose.mask is not None
    rows, columns = np.indices(labels.shape)
    body = measure_body(pose)
    elbow = body.joints["left_elbow"][0]
    beside = (columns > 340) & (columns < elbow) & (rows > _BELOW) & (rows < 420)
    return image, body, (labels == 0) & beside, pose.mask


def masks(photo: Image, mask: Mask) -> Occluders:
    return find_occluders(photo, person()[1], mask)


def closed(until: int) -> Mask:
    """The true mask with the gap closed above a row."""
    _, _, _gap, mask = person()
    alpha = mask.alpha.copy()
    alpha[:until][cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, np.ones((61, 61), np.uint8))[:until] > 0] = 255
    return Mask(alpha)


def inner(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(cv2.erode(plane.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def test_the_tip_of_a_gap_is_opened() -> None:
    photo, body, gap, true = person()
    tip = gap.copy()
    tip[390:] = False
    mask = closed(390)
    assert tip.sum() > 300 and (mask.alpha[tip] == 255).all()
    found = with_gaps(photo.pixels, mask, body, masks(photo, mask)).alpha
    assert (found[inner(tip)] < 30).mean() > 0.95
    assert (found[inner(true.alpha == 255)] == 255).mean() > 0.999, "the person stays"


def test_a_gap_that_the_mask_closes_all_along_is_opened() -> None:
    photo, body, gap, _ = person()
    rows, columns = np.indices(gap.shape)
    hand = (rows > 400) & (rows < 440) & (columns > 360) & (columns < 460)
    pixels = np.where(hand[..., None], np.array(BELOW), photo.pixels).astype(np.uint8)  # a pocket below it
    mask, shut = Mask(np.maximum(closed(400).alpha, hand * np.uint8(255))), gap & ~hand & (rows < 400)
    found = with_gaps(pixels, mask, body, masks(replace(photo, pixels=pixels), mask)).alpha
    assert (found[inner(shut)] < 30).mean() > 0.95


def test_cloth_beside_an_arm_is_no_gap() -> None:
    photo, body, gap, _ = person()
    pixels = np.where(gap[..., None], np.array(WORN), photo.pixels).astype(np.uint8)
    mask = closed(390)
    found = with_gaps(pixels, mask, body, masks(replace(photo, pixels=pixels), mask)).alpha
    assert (found[:380] == mask.alpha[:380])[gap[:380]].all()


def test_a_bright_spot_on_the_trunk_is_no_gap() -> None:
    photo, body, _, true = person()
    pixels, occluders = photo.pixels.copy(), masks(photo, true)
    pixels[300:330, 300:316] = PAPER  # a print
    worn = occluders.worn_upper.alpha.copy()
    worn[300:330, 300:316] = 0
    found = with_gaps(pixels, true, body, replace(occluders, worn_upper=Mask(worn))).alpha
    assert (found[300:330, 300:316] == 255).all()


def test_an_uneven_background_tells_nothing() -> None:
    photo, body, _, _ = person()
    mask = closed(390)
    tiles = np.add.outer(np.arange(960) // 6, np.arange(640) // 6) % 2 * 60
    pixels = np.where(closed(0).alpha[..., None] > 0, photo.pixels, photo.pixels - tiles[..., None])
    pixels = pixels.astype(np.uint8)
    assert with_gaps(pixels, mask, body, masks(photo, mask)) is mask


def test_a_top_of_the_backgrounds_colour_leaves_the_mask_as_it_is() -> None:
    photo, body, _, true = person()
    mask, occluders = closed(390), masks(photo, true)
    pixels = np.where(occluders.worn_upper.alpha[..., None] > 127, np.array(PAPER), photo.pixels)
    assert with_gaps(pixels.astype(np.uint8), mask, body, occluders) is mask
