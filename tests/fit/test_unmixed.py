"""Loose hair as a share of each pixel, and in its own colours."""

import cv2
import numpy as np
import pytest

from flixpose.fit.hair import Face
from flixpose.fit.painted import Painted
from flixpose.fit.stack import Sheet, Stack
from flixpose.fit.unmixed import OwnHair, hair_over_cloth, unmix
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.image import Box, Mask

UNIT, SIZE = 160.0, (260, 240)  # rows, columns
BROWN, WHITE, SKIN, WALL = (72, 52, 42), (222, 222, 220), (214, 165, 140), (120, 140, 160)
LOOSE, END = 150, 210  # rows between which strands part, and the top's first row
TOP = 120


def face() -> Face:
    turns = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    outline = np.column_stack([120 + 30 * np.cos(turns), 60 + 40 * np.sin(turns)])
    return Face(outline, np.array([120.0, 100.0]), np.array([0.0, -80.0]))


def locks() -> np.ndarray:
    """(h, w) two locks beside the face."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    beside = ((columns > 45) & (columns < 85)) | ((columns > 155) & (columns < 195))
    return np.asarray(beside & (rows > 10) & (rows < END))


def amount() -> np.ndarray:
    """(h, w) true share of hair: its ends are strands with gaps between them."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    gaps = 0.5 - 0.5 * np.cos(2 * np.pi * columns / 10)
    loose = np.clip((rows - LOOSE) / 30, 0, 1)
    return np.asarray(locks() * (1 - loose * gaps), np.float32)


def photo(hair: tuple[int, int, int] = BROWN, top: tuple[int, int, int] = WHITE) -> np.ndarray:
    behind = np.empty((*SIZE, 3), np.uint8)
    behind[:] = WALL
    behind[90:TOP, 60:180] = SKIN
    behind[TOP:, 20:220] = top
    grain = np.random.default_rng(3).normal(0, 2.0, (1, SIZE[1], 1))
    strands = np.clip(np.array(hair) + grain, 0, 255).astype(np.uint8) + np.zeros((*SIZE, 1), np.uint8)
    share = amount()[..., None]
    return linear_to_srgb(share * srgb_to_linear(strands) + (1 - share) * srgb_to_linear(behind))


def mask() -> np.ndarray:
    """What a mask of hair has: no gaps."""
    return np.where(locks(), 255, 0).astype(np.uint8)


def unmixed(**colours: tuple[int, int, int]) -> tuple[np.ndarray, OwnHair]:
    found = unmix(photo(**colours), mask(), face(), UNIT)
    assert found is not None
    return found


ENDS = np.s_[LOOSE + 20 : END - 5, 48:82]


def test_what_shows_between_strands_is_no_hair() -> None:
    share, own = unmixed()
    off = np.abs(share / 255 - amount())[ENDS]
    assert off.mean() < 0.08 and np.abs(mask() / 255 - amount())[ENDS].mean() > 0.3
    again = np.zeros((*SIZE, 3), np.uint8)
    again[own.window] = own.pixels
    dark = (share > 25)[ENDS]
    assert np.abs(again[ENDS][dark].astype(int) - BROWN).max(axis=1).mean() < 16
    assert np.abs(photo()[ENDS][dark].astype(int) - BROWN).max(axis=1).mean() > 40


def test_over_new_cloth_no_old_top_is_seen() -> None:
    share, own = unmixed()
    teal, whole = np.array((10, 80, 90), np.uint8), np.zeros((*SIZE, 3), np.uint8)
    whole[own.window] = own.pixels
    part = (share / 255)[..., None]
    drawn = linear_to_srgb(part * srgb_to_linear(whole) + (1 - part) * srgb_to_linear(teal))
    true = amount()[..., None]
    wanted = linear_to_srgb(
        true * srgb_to_linear(np.array(BROWN, np.uint8)) + (1 - true) * srgb_to_linear(teal)
    )
    off = np.abs(drawn.astype(int) - wanted)[ENDS].max(axis=-1)
    assert off.mean() < 8 and np.percentile(off, 99) < 40


def test_locks_stay_whole_and_the_face_is_left_alone() -> None:
    share, own = unmixed()
    assert share[110:LOOSE, 52:78].min() > 240
    assert (share[:60] == mask()[:60]).all() and (share[:, 90:150] == mask()[:, 90:150]).all()
    whole = np.zeros(SIZE, bool)
    whole[own.window] = own.changed
    assert not whole[:60].any() and not whole[mask() == 0][:10].any()


@pytest.mark.parametrize(
    ("hair", "top"),
    [(BROWN, (70, 52, 44)), (BROWN, (60, 50, 45)), ((197, 162, 136), (238, 205, 182))],
    ids=["same", "dark", "fair hair in more light"],
)
def test_where_hair_and_top_are_alike_the_mask_is_believed(
    hair: tuple[int, int, int], top: tuple[int, int, int]
) -> None:
    share, own = unmixed(hair=hair, top=top)
    assert np.abs(share[ENDS].astype(int) - 255).mean() < 12
    assert np.abs(own.pixels.astype(int) - photo(hair, top)[own.window]).mean() < 1.5


def test_fair_hair_on_a_dark_top_is_told_as_well() -> None:
    share, _ = unmixed(hair=(200, 165, 110), top=(20, 22, 30))
    assert np.abs(share / 255 - amount())[ENDS].mean() < 0.12


def test_short_hair_is_not_looked_at() -> None:
    short = mask()
    short[70:] = 0
    assert unmix(photo(), short, face(), UNIT) is None
    assert unmix(photo(), np.zeros_like(short), face(), UNIT) is None


def draped(rows: slice) -> tuple[Painted, OwnHair, np.ndarray]:
    """Cloth on some rows under the hair."""
    share, own = unmixed()
    patch = np.zeros((*SIZE, 4), np.uint8)
    patch[rows] = (10, 80, 90, 255)
    stack = Stack(np.s_[0 : SIZE[0], 0 : SIZE[1]])
    stack.lay(Sheet(patch, Box(0, 0, SIZE[1], SIZE[0])))
    stack.cover(share)
    blank = np.zeros(SIZE, np.uint8)
    painted = Painted(photo(), Mask(blank), blank > 0, Mask(blank), blank)
    return hair_over_cloth(painted, own, stack), own, share


def test_hair_changes_only_where_cloth_is_behind_it() -> None:
    rows = slice(170, 190)
    found, own, share = draped(rows)
    changed = (found.picture != photo()).any(axis=2)
    assert changed[rows].any() and not changed[:170].any() and not changed[190:].any()
    assert (found.mask.alpha[changed] == 255).all() and not changed[share == 0].any()
    whole = photo()
    whole[own.window][own.changed] = own.pixels[own.changed]
    seen = changed & (share < 200)
    assert np.abs(found.picture.astype(int) - whole)[seen].max() <= 3


def test_without_loose_hair_or_cloth_nothing_is_painted() -> None:
    found, own, _ = draped(slice(0, 0))
    assert (found.picture == photo()).all() and not found.mask.alpha.any()
    away = Stack(np.s_[0:0, 0:0])
    assert hair_over_cloth(found, own, away) is found and hair_over_cloth(found, None, away) is found


def test_a_large_photo_is_unmixed_as_a_small_one() -> None:
    """OpenCV looks up no more than 32,767 places in a line."""
    small, _ = unmixed()
    big = Face(4 * face().outline, 4 * face().chin, 4 * face().up)
    pixels, hair = (
        cv2.resize(one, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for one in (photo(), mask())
    )
    found = unmix(pixels, hair, big, 4 * UNIT)
    assert found is not None and (hair > 0).sum() > 70_000
    again = cv2.resize(found[0], SIZE[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - small)[ENDS].mean() < 12
