"""Between strands where an old top was seen and a new one leaves skin open, skin is seen."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.under_hair import skin_under_hair
from flixpose.fit.unmixed import OwnHair
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.image import Mask

SIZE = (80, 100)
HAIR, TOP, SKIN = (60, 44, 36), (225, 225, 225), (214, 170, 146)
TOP_FROM, LOOSE = 30, np.s_[40:70, 40:60]

Bytes = NDArray[np.uint8]


def mixed(share: NDArray[np.float32], behind: tuple[int, int, int]) -> Bytes:
    light = [srgb_to_linear(np.full((*SIZE, 3), colour, np.uint8)) for colour in (HAIR, behind)]
    return linear_to_srgb(share[..., None] * light[0] + (1 - share[..., None]) * light[1])


def scene() -> tuple[Bytes, Painted, Occluders, NDArray[np.float32]]:
    """Solid hair with loose ends before a white top, which is painted with skin where it is seen alone."""
    share = np.zeros(SIZE, np.float32)
    share[:40, 40:60] = 1.0
    share[LOOSE] = 0.2 + 0.6 * (np.arange(20) % 5 == 0)
    top = np.zeros(SIZE, bool)
    top[TOP_FROM:] = True
    photo = np.where(top[..., None], mixed(share, TOP), mixed(share, SKIN))
    alone = top & (share == 0)
    blank = np.zeros(SIZE, np.uint8)
    picture = np.where(alone[..., None], np.array(SKIN, np.uint8), photo)
    painted = Painted(picture, Mask(alone * np.uint8(255)), blank > 0, Mask(blank), blank)
    hair = OwnHair((0, 0), photo, np.rint(255 * share).astype(np.uint8), (share > 0) & (share < 1))
    masks = (np.rint(255 * share).astype(np.uint8), blank, alone * np.uint8(255), blank)
    return photo, painted, replace(Occluders(*map(Mask, masks)), hair=hair), share


def test_skin_is_seen_between_strands() -> None:
    photo, painted, occluders, share = scene()
    blank = np.zeros(SIZE, np.uint8)
    whole = Mask(blank + np.uint8(255))
    found = skin_under_hair(painted, photo, blank, "sling", occluders, whole)
    expected = mixed(share, SKIN)
    assert np.abs(found.picture[LOOSE].astype(int) - expected[LOOSE]).max() < 8
    assert np.abs(painted.picture[LOOSE].astype(int) - expected[LOOSE]).max() > 30, "the top was seen"
    assert (found.mask.alpha[LOOSE] == 255).all()
    beside = share == 0
    assert (found.picture[beside] == painted.picture[beside]).all()


def test_before_a_top_that_stays_or_new_cloth_nothing_changes() -> None:
    photo, painted, occluders, _ = scene()
    blank = np.zeros(SIZE, np.uint8)
    whole = Mask(blank + np.uint8(255))
    stays = replace(painted, left=occluders.worn_upper)
    for before, seen, kind in (
        (stays, blank, "sling"),
        (painted, blank + np.uint8(40), "sling"),
        (painted, blank, "long_sleeve_outwear"),
    ):
        assert skin_under_hair(before, photo, seen, kind, occluders, whole) is before
