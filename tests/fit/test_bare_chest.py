"""Chest and shoulders under an old top: the person's own skin, in the light that lay on the old top."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit import remnants
from flixpose.fit.bared import bare_upper_body
from flixpose.fit.body import measure_body
from flixpose.fit.painted import Painted
from flixpose.fit.remnants import paint_remnants
from flixpose.fit.setting import look_around
from flixpose.fit.slits import Slits
from flixpose.structures.image import Mask
from tests.fit.figures import PAPER, SKIN, WORN
from tests.fit.test_bare_arms import OLD_HEM
from tests.fit.test_bare_arms import person as in_wide_sleeves
from tests.fit.test_remnants import covered, person

DEEP = 60  # rows of a new neckline below the old one


def top() -> int:
    return int(np.flatnonzero(person()[2][:, 320] == 3)[0])


def chest() -> NDArray[np.bool_]:
    where = person()[2] == 3
    where[top() + DEEP :] = False
    where[:, :290] = where[:, 350:] = False
    return where


def bared(pixels: NDArray[np.uint8]) -> Painted:
    _, pose, _, occluders = person()
    seen, body = covered(neck=DEEP), measure_body(pose)
    return paint_remnants(pixels, seen, "short_sleeve_top", body, occluders, pose.mask)


def test_a_deep_neckline_shows_skin_and_nothing_is_mirrored_into_it() -> None:
    """A thin necklace lies just above the old collar."""
    pixels = person()[0].pixels.copy()
    pixels[top() - 12 : top() - 9, 305:335] = (90, 40, 30)
    found, where = bared(pixels), chest()
    assert (found.mask.alpha[where] == 255).all() and not found.left.alpha[where].any()
    assert np.abs(found.picture[where].astype(int) - SKIN).mean() < 14
    inner = cv2.erode(where.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    smooth = cv2.GaussianBlur(found.picture, (0, 0), 2)[inner].astype(int)
    assert np.ptp(np.percentile(smooth, (1, 99), axis=0), axis=0).max() < 25, "no streaks"


def test_the_old_tops_shading_goes_on_in_the_skin() -> None:
    plain = person()[0].pixels
    gain = np.linspace(0.85, 1.15, 61)[None, :, None]
    shaded, where = plain.copy(), person()[2] == 3
    band = shaded[:, 290:351].astype(float) * gain
    shaded[:, 290:351] = np.where(where[:, 290:351, None], np.clip(band, 0, 255), shaded[:, 290:351])
    rows = slice(top() + 35, top() + DEEP - 5)
    for pixels, least, most in ((plain, -5, 5), (shaded, 6, 40)):
        found = bared(pixels).picture[rows].astype(float)
        red, green, _ = found[:, 292:348].mean(axis=(0, 1))
        assert red > green + 20, "skin"
        assert least < found[:, 338:348].mean() - found[:, 292:302].mean() < most


def test_outside_what_is_painted_every_bit_stays() -> None:
    pixels = person()[0].pixels
    found = bared(pixels)
    same = found.mask.alpha == 0
    assert (found.picture[same] == pixels[same]).all()
    assert found.mask.alpha[chest()].all()


def under_straps(cloth: NDArray[np.bool_], foot: int) -> NDArray[np.uint8]:
    """How much a top covers that begins at row 300, with straps; sleeves and chest hang together above it."""
    rows, columns = np.indices(cloth.shape)
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((5, 5), np.uint8)) * 255
    strap = (np.abs(columns - 290) < 4) | (np.abs(columns - 350) < 4)
    seen[(rows < 300) & ~strap] = 0
    seen[(np.abs(columns - 320) > 62) & (rows < OLD_HEM + 4)] = 0
    seen[foot:] = 0
    return seen


def sling_over_a_shirt(foot: int) -> tuple[Painted, NDArray[np.bool_]]:
    """Painted; and the shirt above the sling."""
    photo, body, occluders, cloth, _, mask = in_wide_sleeves()
    seen = under_straps(cloth, foot)
    found = paint_remnants(photo.pixels, seen, "sling", body, occluders, mask)
    return found, cloth & (seen == 0) & (np.indices(cloth.shape)[0] < 300)


def test_sleeves_shoulders_and_chest_go_together() -> None:
    found, where = sling_over_a_shirt(foot=960)
    assert where.sum() > 8000
    assert (found.mask.alpha[where] == 255).mean() > 0.99
    red, green, blue = found.picture[where].astype(int).T
    paper = np.abs(found.picture[where].astype(int) - PAPER).max(axis=1) < 14
    assert ((red > blue + 25) | paper).mean() > 0.98 and ((green > red) & ~paper).mean() < 0.01


def test_where_a_whole_shirt_goes_on_below_none_of_it_does() -> None:
    found, where = sling_over_a_shirt(foot=330)
    inner = cv2.erode(where.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(found.picture[inner].astype(int) - WORN).mean() < 20
    assert found.left.alpha[inner].mean() > 200


def test_what_is_tried_in_vain_leaves_nothing_behind() -> None:
    photo, body, occluders, cloth, _, mask = in_wide_sleeves()
    seen, worn, blank = under_straps(cloth, foot=330), occluders.worn_upper.alpha, np.zeros_like(mask.alpha)
    left = cv2.multiply(worn, 255 - seen, scale=1 / 255)
    before = Painted(photo.pixels, Mask(blank), blank > 0, Mask(left), blank).own()
    arms = look_around(photo.pixels, body, occluders, mask, lower=False).arms
    bare_upper_body(before, seen, worn, "sling", arms, body, occluders, mask)
    assert (before.picture == photo.pixels).all() and (before.left.alpha == left).all()
    assert not before.mask.alpha.any()


def test_with_no_skin_to_be_seen_the_chest_stays() -> None:
    image, pose, labels, occluders = person()
    pixels = image.pixels.copy()
    pixels[labels == 1] = (60, 60, 190)  # a painted face and gloves
    head = Mask(np.where(labels == 1, 255, occluders.head.alpha).astype(np.uint8))
    found = paint_remnants(
        pixels,
        covered(neck=DEEP),
        "short_sleeve_top",
        measure_body(pose),
        replace(occluders, head=head),
        pose.mask,
    )
    low = chest()
    low[: top() + 20] = False
    assert found.left.alpha[low].mean() > 200


def test_an_outline_that_skin_is_painted_beyond_is_none_any_more() -> None:
    """Its pixels are half background's in the person's mask, and lit from behind."""
    photo, pose, _, occluders = person()
    pixels, mask = photo.pixels.copy(), pose.mask.alpha.copy()
    bar = np.s_[top() - 6 : top() - 3, 305:335]
    pixels[bar], mask[bar] = (235, 215, 205), 200
    found = paint_remnants(
        pixels, covered(neck=DEEP), "short_sleeve_top", measure_body(pose), occluders, Mask(mask)
    )
    assert np.abs(found.picture[bar].astype(int) - SKIN).mean() < 12


def test_beside_a_rim_that_becomes_background_painted_skin_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the neck; the rim lies along the shoulder's outline."""
    photo, pose, labels, occluders = person()
    rows, columns = np.indices(labels.shape)
    worn = labels == 3
    bared = (columns > 330) & (columns < 372) & (rows < top() + 40)
    rim = worn & (columns >= 372) & (columns < 392) & (rows < np.argmax(worn, axis=0) + 7)
    seen = np.where(bared | rim, np.uint8(0), covered(neck=DEEP))
    monkeypatch.setattr(remnants, "beside_background", lambda *_: Slits(rim.astype(np.uint8) * 255))
    found = paint_remnants(
        photo.pixels, seen, "short_sleeve_top", measure_body(pose), occluders, pose.mask
    ).picture.astype(int)
    assert np.abs(found[rim] - PAPER).mean() < 30
    skin = worn & bared & (columns > 350)
    assert skin.sum() > 500 and (np.abs(found[skin] - PAPER).max(axis=1) > 25).all()
