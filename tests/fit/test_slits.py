"""Skin between sleeve and trunk, and an old top's flap beside new trousers, become background."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.remnants import paint_remnants
from flixpose.fit.slits import armpit_slits, between_legs, flaps
from flixpose.structures.image import Mask
from tests.fit.figures import PAPER
from tests.fit.test_bare_arms import NEW_HEM, person


def sleeved(end: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_], Mask]:
    """A garment with a slit beside the trunk, where there is somebody down to row `end`, and that slit."""
    _, body, _, cloth, _, mask = person()
    rows, columns = np.indices(cloth.shape)
    x = int(body.joints["left_shoulder"][0]) - 12
    slit = (columns >= x) & (columns < x + 6) & (rows > 304) & (rows < 330)
    alpha = np.where(slit & (rows < end), 255, mask.alpha)
    alpha[(columns >= x) & (columns < x + 6) & (rows >= end) & (rows < 400)] = 0
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((9, 9), np.uint8)) * np.uint8(255)
    seen[(columns >= x) & (columns < x + 6) & (rows > 304) & (rows < 400)] = 0
    return seen, np.asarray(slit & (rows < end), bool), Mask(alpha.astype(np.uint8))


def test_a_slit_that_opens_to_the_background_becomes_background() -> None:
    photo, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    assert (armpit_slits(seen, body, occluders, mask).open[slit] > 0).mean() > 0.9
    covered = replace(occluders, arms=Mask(np.zeros_like(occluders.arms.alpha)))
    found = paint_remnants(photo.pixels, seen, "long_sleeve_top", body, covered, mask)
    inner = cv2.erode(slit.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert np.abs(found.picture[inner].astype(int) - PAPER).mean() < 12


def test_a_slit_goes_on_where_soft_edges_meet() -> None:
    _, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    rows, columns = np.indices(seen.shape)
    x = int(np.flatnonzero(slit.any(axis=0))[0])
    end = (rows > 280) & (rows <= 304) & (columns >= x + 1) & (columns < x + 4)
    seen[end] = 170
    seen[end & (columns == x + 2)] = 100
    assert (armpit_slits(seen, body, occluders, mask).open[end] > 0).mean() > 0.8


def test_skin_beside_the_cuff_that_an_arm_comes_out_of_is_no_slit() -> None:
    _, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    rows, columns = np.indices(seen.shape)
    x = int(np.flatnonzero(slit.any(axis=0))[0])
    beside = (rows >= 322) & (columns >= x + 6) & (columns < x + 40)
    bare = (rows >= 320) & (columns >= x) & (columns < x + 40) & (mask.alpha == 0) | beside
    assert armpit_slits(seen, body, occluders, mask).open.any()
    seen[bare] = 0
    arm = Mask(np.where((columns >= x + 1) & bare, 255, mask.alpha).astype(np.uint8))
    assert not armpit_slits(seen, body, occluders, arm).open.any()


def test_what_lies_across_is_no_slit() -> None:
    _, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    rows, columns = np.indices(seen.shape)
    x = int(np.flatnonzero(slit.any(axis=0))[0])
    seen[(columns >= x) & (columns < x + 6)] = 255
    across = (rows >= 310) & (rows < 315) & (columns >= x - 8) & (columns < x + 8)
    seen[across] = 0
    alpha = np.where(across & (columns < x + 5), 255, mask.alpha)
    alpha[across & (columns >= x + 5)] = 0
    assert not armpit_slits(seen, body, occluders, Mask(alpha.astype(np.uint8))).open.any()


def test_skin_under_lace_is_no_slit() -> None:
    _, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    threads = np.indices(seen.shape).sum(axis=0) % 4 > 0
    seen[slit & threads] = 60
    assert not armpit_slits(seen, body, occluders, mask).open.any()


def test_a_slit_with_no_background_near_is_left_and_told_and_no_skin() -> None:
    photo, body, occluders, cloth, _, mask = person()
    seen, slit, _ = sleeved(320)
    whole = Mask(
        np.maximum(mask.alpha, cv2.dilate(cloth.astype(np.uint8), np.ones((61, 61))) * np.uint8(255))
    )
    slits = armpit_slits(seen, body, occluders, whole)
    assert not slits.open[slit].any() and slits.blind is not None and (slits.blind[slit] > 0).mean() > 0.9
    covered = replace(occluders, arms=Mask(np.zeros_like(occluders.arms.alpha)))
    found = paint_remnants(photo.pixels, seen, "long_sleeve_top", body, covered, whole)
    assert not found.mask.alpha[slit].any() and found.left.alpha[slit & cloth].mean() > 200


def test_a_flap_below_a_slanting_waist_is_told_and_the_top_above_it_is_not() -> None:
    _, body, _, _, _, _ = person()
    rows, columns = np.indices((960, 640))
    trousers = (np.abs(columns - 320) < 60) & (rows > 450 + (columns - 320) / 12) & (rows < 800)
    top = (np.abs(columns - 320) < 66) & (rows > 250) & (rows < 475)
    found = flaps(trousers.astype(np.uint8) * 255, top.astype(np.uint8) * 255, body) > 0
    flap = top & ~trousers & (np.abs(columns - 320) > 61) & (rows > 462)
    assert found[flap].mean() > 0.9
    assert not found[top & (rows < 444)].any() and not found[trousers].any()


def test_leggings_under_a_dress_stay_as_they_are_and_are_told() -> None:
    photo, body, occluders, cloth, _, mask = person()
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((9, 9), np.uint8)) * np.uint8(255)
    seen[500:620, 230:410] = 255
    found = paint_remnants(photo.pixels, seen, "vest_dress", body, occluders, mask)
    legs = (occluders.worn_lower.alpha > 250) & (seen == 0)
    legs[:640] = False
    assert legs.sum() > 3000
    assert (found.picture[legs] == photo.pixels[legs]).all() and found.left.alpha[legs].mean() > 200


def test_old_trousers_between_new_legs_are_told_and_a_hand_before_them_is_not() -> None:
    _, body, occluders, _, _, _ = person()
    rows, columns = np.indices((960, 640))
    trousers = (np.abs(columns - 320) < 70) & (rows > 440) & (rows < 860)
    gap = (np.abs(columns - 320) < 4) & (rows > 540)
    lower, arms = np.where(trousers, 255, 0).astype(np.uint8), np.zeros((960, 640), np.uint8)
    arms[600:620, 300:340] = 255
    told = replace(occluders, worn_lower=Mask(lower), arms=Mask(arms))
    seen = np.where(trousers & ~gap, 255, 0).astype(np.uint8)
    found = between_legs(seen, told, body) > 0
    inner = gap & trousers & (rows > 545)
    assert found[inner & ((rows < 590) | (rows > 630))].all()
    assert not found[598:622].any() and not found[~gap].any()


def test_below_a_cuff_and_a_hem_there_is_no_slit() -> None:
    _, body, occluders, cloth, _, mask = person()
    rows, columns = np.indices(cloth.shape)
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((5, 5), np.uint8)) * np.uint8(255)
    seen[(rows > NEW_HEM + (columns - 440) // 9) & (np.abs(columns - 320) > 56)] = 0
    found = armpit_slits(seen, body, occluders, mask).open > 0
    assert not found[np.abs(columns - 320) > 64].any()


def test_openings_of_lace_are_no_slits() -> None:
    _, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    rows, columns = np.indices(seen.shape)
    meshed = np.where((rows % 5 < 3) & (columns % 5 < 3), np.minimum(seen, 30), seen).astype(np.uint8)
    assert armpit_slits(seen, body, occluders, mask).open[slit].any()
    assert not armpit_slits(meshed, body, occluders, mask).open.any()


def test_a_clear_slit_beside_lace_is_left_to_it() -> None:
    _, body, occluders, _, _, _ = person()
    seen, slit, mask = sleeved(320)
    rows, columns = np.indices(seen.shape)
    far = cv2.dilate(slit.astype(np.uint8), np.ones((25, 25), np.uint8)) == 0
    meshed = np.where(far & (rows % 5 < 3) & (columns % 5 < 3), np.minimum(seen, 200), seen).astype(np.uint8)
    assert armpit_slits(seen, body, occluders, mask).open[slit].any()
    assert not armpit_slits(meshed, body, occluders, mask).open.any()
