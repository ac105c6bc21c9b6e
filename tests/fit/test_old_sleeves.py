"""A vest over old sleeves: the whole sleeve becomes an arm, or none of it does."""

from dataclasses import replace

import cv2
import numpy as np

from flixpose.fit.bare_arms import find_bare_arms
from flixpose.fit.nook import chest
from flixpose.fit.old_sleeves import _Around, _on_arm, find_old_sleeve
from flixpose.fit.remnants import Painted, paint_remnants
from flixpose.structures.image import Mask
from tests.fit.figures import PAPER, SKIN
from tests.fit.test_bare_arms import HALF, OLD_HEM, person

TRUNK = 60  # columns to either side of the middle that a vest covers


def vest(width: int = TRUNK) -> np.ndarray:
    """How much of each pixel it covers: the trunk's cloth."""
    cloth = person()[3]
    columns = np.arange(cloth.shape[1])
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((5, 5), np.uint8)) * 255
    seen[:, np.abs(columns - 320) > width] = 0
    return seen


def painted(width: int = TRUNK, kind: str = "vest", *, arms: bool = True) -> Painted:
    photo, body, occluders, _, _, mask = person()
    if not arms:
        occluders = replace(occluders, arms=Mask(np.zeros_like(occluders.arms.alpha)))
    return paint_remnants(photo.pixels, vest(width), kind, body, occluders, mask)


def old_sleeve(width: int = TRUNK) -> np.ndarray:
    """The left one, beside the vest."""
    cloth = person()[3]
    rows, columns = np.indices(cloth.shape)
    return cloth & (vest(width) == 0) & (columns > 320) & (rows < OLD_HEM)


def test_a_whole_old_sleeve_becomes_an_arm_before_the_background() -> None:
    off, strip, found = person()[4], old_sleeve(), painted()
    assert strip.sum() > 0.07 * (vest() > 0).sum(), "more than is painted of other remnants"
    assert (found.mask.alpha[strip] == 255).mean() > 0.98
    assert found.left.alpha[strip].mean() < 3
    rows = np.indices(strip.shape)[0]
    low = strip & (rows > OLD_HEM - 25)
    beyond, arm = low & (off > HALF + 4), low & (np.abs(off) < HALF - 3)
    assert np.abs(found.picture[beyond].astype(int) - PAPER).mean() < 10
    shade = 1 - 0.3 * off[arm] / HALF
    assert np.abs(found.picture[arm] - np.clip(np.array(SKIN) * shade[:, None], 0, 255)).mean() < 16
    top = strip & (rows < 262)
    red, _, blue = found.picture[cv2.erode(top.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0].T.astype(int)
    assert (red > blue + 30).mean() > 0.97, "at the shoulder cloth lay on the skin"


def test_without_an_arm_below_it_an_old_sleeve_stays_and_is_told() -> None:
    strip = cv2.erode(old_sleeve().astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    found = painted(arms=False)
    assert not found.mask.alpha[strip].any() and found.left.alpha[strip].mean() > 150


def test_cloth_that_goes_on_over_the_chest_is_no_sleeve() -> None:
    """A strap leaves the whole shirt to be seen: cutting off its sleeves would not help."""
    strip = cv2.erode(old_sleeve(12).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert not painted(12, "sling").mask.alpha[strip].any()


def test_the_painted_arm_lies_before_a_vest_but_not_before_sleeves() -> None:
    """A wide vest reaches over the arm; towards the old sleeve's end more and more of the arm comes out."""
    off, wide = person()[4], 96
    rows, columns = np.indices(off.shape)
    over = (vest(wide) > 0) & (np.abs(off) < HALF - 2) & (columns > 320)
    arms = painted(wide).arms
    high, middle, end = (arms[over & (np.abs(rows - row) < 4)].mean() for row in (280, 312, 324))
    assert high == 0 and middle > 60 and end > middle + 60
    assert not painted(wide, "short_sleeve_top").arms.any()


def test_nothing_is_left_of_a_flap_beside_the_sleeves_end_and_of_its_deep_shade() -> None:
    """Its dark inside counts as arm where it stands off, and its outline has a light rim."""
    photo, body, occluders, _, off, mask = person()
    rows, columns = np.indices(off.shape)
    side = columns > 320
    flap = side & (off < -HALF) & (off > -HALF - 6) & (rows >= OLD_HEM - 8) & (rows < OLD_HEM)
    rim = side & (off < -HALF) & (off > -HALF - 9) & (rows >= OLD_HEM - 4) & (rows < OLD_HEM + 3) & ~flap
    shade = side & (np.abs(off) < HALF) & (rows >= OLD_HEM) & (rows < OLD_HEM + 3)
    pixels = photo.pixels.copy()
    pixels[flap], pixels[rim], pixels[shade] = (30, 20, 20), (255, 255, 255), (110, 80, 60)
    arms = np.where(flap, 255, occluders.arms.alpha).astype(np.uint8)
    found = paint_remnants(
        pixels,
        vest(),
        "vest",
        body,
        replace(occluders, arms=Mask(arms)),
        Mask(np.where(rim, 0, mask.alpha).astype(np.uint8)),
    )
    beyond = (flap | rim) & (off < -HALF - 1)
    assert np.abs(found.picture[beyond].astype(int) - PAPER).mean() < 25
    assert (found.picture[shade].mean(axis=1) > 130).mean() > 0.9


def test_on_the_chest_beside_a_sleeve_is_skin() -> None:
    """Inward of an arm, below its armpit, there is background in a gap, but not between the shoulders."""
    photo, body, occluders, _, _, mask = person()
    for arm in find_bare_arms(photo.pixels, body, occluders, mask):
        left = occluders.worn_upper.alpha
        nothing = np.zeros_like(left)
        sleeve = find_old_sleeve(
            arm, left, nothing, body, occluders, mask, before_trunk=True, off_shoulders=True
        )
        between = chest(body, sleeve.window)
        below = np.indices(between.shape)[0] + sleeve.window[0].start > OLD_HEM - 20
        assert (between & below).sum() > 50 and sleeve.cover[between].min() == 1


def test_beyond_a_strap_the_chest_is_no_sleeve_however_large_it_is() -> None:
    shows, inside = np.zeros((40, 60), bool), np.zeros((40, 60), np.float32)
    shows[5:35, 4:14], shows[5:35, 20:50], inside[5:40, 5:13] = True, True, 1.0
    sleeve = _on_arm(shows, inside)
    assert sleeve[:, :14].sum() == 300 and not sleeve[:, 14:].any()
    assert not _on_arm(np.zeros_like(shows), inside).any()


def test_between_arm_and_trunk_there_is_skin_down_to_the_armpit_also_below_a_short_sleeve() -> None:
    photo, body, occluders, _, _, mask = person()
    for arm in find_bare_arms(photo.pixels, body, occluders, mask):
        short = replace(arm, covered=np.arange(len(arm.stations)) < 2)
        window = np.s_[0 : mask.height, 0 : mask.width]
        below = short.stations[4] - 1.1 * short.outer * short.across[4] * np.abs(short.low[4])
        x, y = below.astype(int)
        inward = np.array([x, y]) + 0.5 - short.stations[4]
        assert 4 / short.elbow < 0.35 and np.sign(inward @ short.across[4]) == -short.outer
        assert _Around(short, window).held[y, x]


def test_skin_runs_on_over_the_inner_edge_of_an_arm_without_a_line() -> None:
    """The edge's own pixels are partly the arm's: where skin lies beyond them, they are wholly skin."""
    photo, body, occluders, _, _, mask = person()
    for arm in find_bare_arms(photo.pixels, body, occluders, mask):
        around = _Around(arm, np.s_[0 : mask.height, 0 : mask.width])
        beyond = around.held & (around.inside == 0)
        edge = (around.inside > 0) & (around.inside < 1) & around.sleeve
        beside = edge & (cv2.dilate(beyond.view(np.uint8), np.ones((3, 3))) > 0)
        assert beside.sum() > 10 and around.held[beside].mean() > 0.95


def test_the_soft_rim_of_a_hand_below_a_sleeve_and_trousers_beside_it_stay() -> None:
    photo, body, occluders, _, off, mask = person()
    rows, columns = np.indices(off.shape)
    left = occluders.worn_upper.alpha.copy()
    rim = (
        (columns > 320)
        & (np.abs(off) >= HALF - 1)
        & (np.abs(off) < HALF + 2)
        & (rows >= OLD_HEM)
        & (rows < 400)
    )
    left[rim] = 200
    trousers = (columns > 320) & (off < -HALF - 2) & (rows > OLD_HEM - 6) & (rows < OLD_HEM + 40)
    worn = replace(occluders, worn_lower=Mask((trousers * 255).astype(np.uint8)))
    arm = next(arm for arm in find_bare_arms(photo.pixels, body, occluders, mask) if arm.stations[0, 0] > 320)
    nothing = np.zeros_like(left)
    sleeve = find_old_sleeve(arm, left, nothing, body, worn, mask, before_trunk=True, off_shoulders=True)
    hole = np.zeros(left.shape, bool)
    hole[sleeve.window] = sleeve.hole
    low = rows > OLD_HEM + 20
    assert hole.sum() > 500 and not hole[rim & low].any() and not hole[trousers & low].any()
