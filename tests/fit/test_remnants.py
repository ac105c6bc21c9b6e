"""Old clothes beside a new garment: small ones go, large ones stay and are told."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.crumbs import old_clothes
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.remnants import MOST_AREA, MOST_SKIN, Painted, paint_remnants
from flixpose.structures.found import Pose
from flixpose.structures.image import Image, Mask
from tests.fit.figures import ARMS, BELOW, PAPER, WORN, paint_person


@cache
def person() -> tuple[Image, Pose, np.ndarray, Occluders]:
    image, pose, labels = paint_person("spread")
    return image, pose, labels, find_occluders(image, measure_body(pose), pose.mask)


def covered(hem: int = 0, neck: int = 0) -> np.ndarray:
    """A garment that covers the worn shirt but for a strip of `hem` rows below and `neck` rows above."""
    labels = person()[2]
    shirt = (labels == 3).astype(np.uint8)
    seen = cv2.dilate(shirt, np.ones((5, 5), np.uint8)) * 255
    rows = np.flatnonzero(shirt[:, 320])
    seen[rows[-1] + 1 - hem :] = 0
    if hem == 0:
        seen[rows[-1] + 3 :] = 0
    if neck:
        seen[: rows[0] + neck, 285:355] = 0
    return seen


def painted(seen: np.ndarray, kind: str = "short_sleeve_top") -> Painted:
    image, pose, _, occluders = person()
    return paint_remnants(image.pixels, seen, kind, measure_body(pose), occluders, pose.mask)


def test_a_longer_hem_becomes_trousers_and_background() -> None:
    seen = covered(hem=14)
    found = painted(seen)
    strip = (person()[2] == 3) & (seen == 0)
    middle = strip.copy()
    middle[:, :290] = middle[:, 350:] = False
    assert (found.mask.alpha[middle] == 255).mean() > 0.95
    assert np.abs(found.picture[middle].astype(int) - BELOW).mean() < 10
    assert found.left.area < 0.03 * found.mask.area
    worn = np.abs(found.picture[strip].astype(int) - WORN).max(axis=1) < 25
    assert worn.mean() < 0.03, "no green is left"


def test_trousers_do_not_go_on_beside_themselves() -> None:
    image, pose, labels, occluders = person()
    shirt, trousers = labels == 3, occluders.worn_lower.alpha > 230
    foot = np.flatnonzero(shirt[:, 320])[-1]
    columns = np.flatnonzero(trousers[foot + 1 : foot + 8].any(axis=0))
    slit, arm = np.zeros(shirt.shape, bool), np.zeros(shirt.shape, bool)
    slit[foot - 12 : foot + 1, columns[-1] + 3 : columns[-1] + 9] = True  # paper that passes for the shirt
    arm[foot - 40 : foot + 40, columns[-1] + 9 : columns[-1] + 40] = True  # and hides what is behind it
    masks = replace(
        occluders,
        worn_upper=Mask(np.where(slit, 255, occluders.worn_upper.alpha).astype(np.uint8)),
        arms=Mask(np.where(arm, 255, occluders.arms.alpha).astype(np.uint8)),
    )
    mask = Mask(np.where(slit | arm, 255, pose.mask.alpha).astype(np.uint8))
    seen = covered(hem=14)
    found = paint_remnants(image.pixels, seen, "short_sleeve_top", measure_body(pose), masks, mask)
    told = slit & (found.mask.alpha > 0)
    assert told.any()
    assert (
        np.abs(found.picture[told].astype(int) - PAPER).mean()
        < np.abs(found.picture[told].astype(int) - BELOW).mean() / 4
    )


def test_a_high_old_neckline_becomes_skin() -> None:
    seen = covered(neck=16)
    strip = (person()[2] == 3) & (seen == 0)
    strip[:, :296] = strip[:, 344:] = False
    strip[300:] = False
    found = painted(seen)
    assert strip.sum() > 200 and (found.mask.alpha[strip] == 255).mean() > 0.9
    red, _, blue = found.picture[strip].astype(int).mean(axis=0)
    assert red > blue + 40, "skin, not paper, not shirt"


def test_outside_what_is_painted_every_bit_stays() -> None:
    found, image = painted(covered(hem=14, neck=16)), person()[0]
    same = found.mask.alpha == 0
    assert (found.picture[same] == image.pixels[same]).all() and same.mean() > 0.95
    assert set(np.unique(found.mask.alpha)) <= {0, 255}


def test_an_old_edge_where_nobody_is_becomes_no_skin() -> None:
    """A hem that stands off hides the gap beside an arm, and the arm is nearer than the background."""
    image, pose, labels = paint_person("hanging")
    assert pose.mask is not None
    body = measure_body(pose)
    occluders, rows = find_occluders(image, body, pose.mask), np.indices(labels.shape)[0]
    gap = (labels == 0) & (rows > 340) & (rows < 350)
    gap[:, :330] = gap[:, 460:] = False
    arm = np.flatnonzero((labels == 1)[345])[-1]
    columns = np.indices(labels.shape)[1]
    gap &= columns < arm
    edge = gap & (columns > np.flatnonzero(gap[345])[-1] - 5)
    pixels = np.where(edge[..., None], np.array(WORN), image.pixels).astype(np.uint8)
    worn = Mask(np.where(edge, 255, occluders.worn_upper.alpha).astype(np.uint8))
    mask = Mask(np.where(gap, 90, pose.mask.alpha).astype(np.uint8))
    seen = np.where(labels == 3, 255, 0).astype(np.uint8)
    seen[340:350, : np.flatnonzero(edge[345])[0]] = 255
    masks = replace(occluders, worn_upper=worn)
    found = paint_remnants(pixels, seen, "short_sleeve_top", body, masks, mask)
    assert edge.sum() > 30
    assert np.abs(found.picture[edge].astype(int) - PAPER).mean() < 20


def test_around_a_hand_before_wide_clothes_is_no_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crumbs of an old skirt between a hand and the new one get the hand's colours: white dots were there."""
    monkeypatch.setitem(ARMS, "before the skirt", ((0.68, 0.75), (0.6, 1.75)))
    image, pose, labels = paint_person("before the skirt")
    assert pose.mask is not None
    body = measure_body(pose)
    outline = np.array([[260, 450], [380, 450], [470, 640], [170, 640]], np.int32)
    skirt = (cv2.fillConvexPoly(np.zeros_like(labels), outline, 1) > 0) & (labels != 1)
    pixels = np.where(skirt[..., None], np.array(BELOW, np.uint8), image.pixels)
    mask = Mask(cv2.max(pose.mask.alpha, skirt * np.uint8(255)))
    image, pose = replace(image, pixels=pixels), replace(pose, mask=mask)
    occluders = find_occluders(image, body, mask)
    hand = cv2.dilate((labels == 1).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    crumbs = hand & skirt
    seen = cv2.dilate(np.where(skirt & ~crumbs, 255, 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    seen[hand] = 0
    found = paint_remnants(image.pixels, seen, "skirt", body, occluders, mask)
    told = crumbs & (found.mask.alpha > 0)
    assert told.sum() > 60
    paper = np.abs(found.picture[told].astype(int) - PAPER).max(axis=1) < 20
    assert paper.mean() < 0.25, "where it lies beside the hand, too"


def test_large_remnants_stay_and_are_told() -> None:
    seen = covered(hem=120)
    found = painted(seen)
    large = cv2.erode(((person()[2] == 3) & (seen == 0)).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert (found.mask.alpha[large] == 0).all()
    assert found.left.area > 0.8 * large.sum()


def test_face_and_arms_are_never_painted() -> None:
    image, _, labels, occluders = person()
    found = painted(covered(hem=14, neck=16))
    for kept in (labels == 2, occluders.head.alpha > 200, occluders.arms.alpha > 200):
        assert (found.picture[kept] == image.pixels[kept]).all()


def test_what_is_painted_as_background_is_no_longer_the_persons() -> None:
    seen = covered()
    inner = cv2.erode((person()[2] == 3).astype(np.uint8), np.ones((1, 17), np.uint8)) > 0
    seen[~inner & (np.arange(960)[:, None] > 330)] = 0  # a little narrower than the shirt at the flanks
    found = painted(seen)
    assert found.background.sum() > 300 and (found.mask.alpha[found.background] == 255).mean() > 0.9
    assert np.abs(found.picture[found.background].astype(int) - PAPER).mean() < 12


def test_under_outwear_the_clothes_below_stay() -> None:
    found = painted(covered(hem=14), "long_sleeve_outwear")
    assert not found.mask.alpha.any() and found.left.area == 0


def test_a_dress_replaces_trousers_too() -> None:
    occluders = person()[3]
    upper, dress = (old_clothes(occluders, kind) for kind in ("vest", "vest_dress"))
    assert (dress >= upper).all() and (dress > upper).sum() > 5000
    assert (old_clothes(occluders, "skirt") == occluders.worn_lower.alpha).all()


def test_without_a_person_mask_nothing_is_painted() -> None:
    image, pose, _, occluders = person()
    seen = covered(hem=14)
    found = paint_remnants(image.pixels, seen, "vest", measure_body(pose), occluders, None)
    assert not found.mask.alpha.any() and (found.picture == image.pixels).all()


def test_nothing_of_the_background_is_painted_under_lace() -> None:
    """Openings near the flanks show the old shirt; the paper beside it is nearest, and does not lie there."""
    seen = covered()
    inward = cv2.distanceTransform((person()[2] == 3).astype(np.uint8), cv2.DIST_L2, 3)
    y, x = np.mgrid[0:960, 0:640]
    openings = (inward > 7) & (inward < 13) & (y > 330) & (y < 420) & (y % 6 < 3) & (x % 6 < 3)
    assert openings.sum() > 150
    seen[openings] = 0
    found = painted(seen)
    assert not found.background[openings].any()
    assert (np.abs(found.picture[openings].astype(int) - PAPER).max(axis=1) > 30).all()


def test_the_seam_of_a_remnant_goes_with_it() -> None:
    """The shade that an old collar throws lies outside of it, on skin."""
    image, pose, labels, occluders = person()
    shirt = (labels == 3).astype(np.uint8)
    near, far = (cv2.dilate(shirt, np.ones((side, side), np.uint8)) > 0 for side in (5, 7))
    seam = far & ~near & (labels == 1) & (occluders.head.alpha < 128)
    seam[:, :305] = seam[:, 335:] = False
    seam[300:] = False
    assert seam.sum() > 15
    pixels = image.pixels.copy()
    pixels[seam] = (70, 45, 35)
    body = measure_body(pose)
    found = paint_remnants(pixels, covered(neck=16), "short_sleeve_top", body, occluders, pose.mask)
    assert (found.picture[seam].astype(int).sum(axis=1) > 300).mean() > 0.9, "skin again"


def test_under_an_old_shirt_are_shoulders_and_no_background() -> None:
    """Beside the neck a wide new neckline shows the shoulder, up to the shirt's own outline."""
    seen = covered(neck=16)
    rows = np.flatnonzero((person()[2] == 3)[:, 320])
    seen[: rows[0] + 16, 265:375] = 0
    found = painted(seen)
    ridge = np.s_[rows[0] + 1 : rows[0] + 5, 350:370]
    red, _, blue = found.picture[ridge].reshape(-1, 3).astype(int).mean(axis=0)
    assert red > blue + 40, "skin, not paper"
    assert not found.background[ridge].any()


def test_the_tip_of_a_remnant_goes_with_it() -> None:
    """Thinner than what is broad, and far from the garment."""
    image, pose, labels, occluders = person()
    top = int(np.flatnonzero((labels == 3)[:, 320])[0])
    tip = np.s_[top - 10 : top, 318:322]
    pixels, worn = image.pixels.copy(), occluders.worn_upper.alpha.copy()
    pixels[tip], worn[tip] = WORN, 255
    told = replace(occluders, worn_upper=Mask(worn))
    body = measure_body(pose)
    found = paint_remnants(pixels, covered(neck=16), "short_sleeve_top", body, told, pose.mask)
    assert (np.abs(found.picture[tip].astype(int) - WORN).max(axis=2) > 40).all()


def test_more_is_painted_of_the_chest_than_beside_a_garment() -> None:
    """There is skin below and nothing else; the same area at the hem is left to be seen."""
    shirt = person()[2] == 3
    top = int(np.flatnonzero(shirt[:, 320])[0])
    seen = covered()
    seen[top + 110 :] = 0  # ... and all of the lower half, which is far too large
    seen[: top + 42, 284:356] = 0
    chest = shirt & (seen == 0)
    chest[top + 42 :] = False
    share = chest.sum() / (seen.sum() / 255)
    assert MOST_AREA < share < MOST_SKIN
    found = painted(seen)
    assert (found.mask.alpha[chest] == 255).mean() > 0.97
    red, _, blue = found.picture[chest].astype(int).mean(axis=0)
    assert red > blue + 40 and 0.2 * chest.sum() < found.guessed < chest.sum()
    assert found.left.area > 5 * chest.sum(), "what is left of the lower half"
