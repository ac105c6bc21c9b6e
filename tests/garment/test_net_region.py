"""Where the photo's background and the net disagree about a garment's region."""

import numpy as np
import pytest

from flixpose.errors import NoGarment
from flixpose.garment.net_region import (
    _closed,
    _filled_in,
    _has_head,
    _not_denied,
    _refuse_several,
    _with_both_fronts,
)
from flixpose.garment.outline import trace
from flixpose.garment.seeing import Seen, see
from flixpose.structures.image import Image
from flixpose.studio.garments import draw_sample


def seen_with_bite(distance: float) -> tuple[Seen, np.ndarray, np.ndarray]:
    """A square garment with a bite at its side; what the net is sure of; where the bite is."""
    whole = np.zeros((200, 200), bool)
    whole[40:160, 40:160] = True
    bite = np.zeros_like(whole)
    bite[90:100, 155:160] = True
    region = whole & ~bite
    plane = np.where(region, np.float32(distance), np.float32(0))
    return Seen(region, np.zeros((200, 200, 3), np.float32), plane, 1.0, None, 1.0), whole, bite


@pytest.mark.parametrize(("distance", "filled"), [(4.0, True), (40.0, False)])
def test_the_net_fills_bites_of_pale_garments_alone(distance, filled):
    seen, whole, bite = seen_with_bite(distance)
    likely = np.where(whole, np.float32(0.97), np.float32(0.02))
    region = _filled_in(seen, likely)
    assert (region[bite].mean() > 0.9) == filled  # its corners are rounded off
    assert not region[~whole].any()


def test_a_hem_that_the_net_doubts_is_kept_and_a_limb_that_it_denies_is_not():
    garment = np.zeros((200, 200), bool)
    garment[20:120, 60:140] = True
    hem, limb = np.zeros_like(garment), np.zeros_like(garment)
    hem[120:150, 60:100], limb[120:180, 110:130] = True, True
    likely = np.where(garment, np.float32(0.98), np.float32(0.0))
    likely[hem], likely[limb] = 0.06, 0.005
    kept = _not_denied(garment | hem | limb, likely)
    assert kept[hem][-400:].all() and not kept[limb].any() and not kept[garment].any()


def two_halves(apart: int, *, height: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """The two fronts of an open coat on a mannequin, and where they are."""
    left, right = np.zeros((200, 200), bool), np.zeros((200, 200), bool)
    left[40:160, 50 : 100 - apart // 2] = True
    right[40 : 40 + height, 100 + apart // 2 : 148] = True
    return left, right


@pytest.mark.parametrize(
    ("apart", "height", "likelihood", "both"),
    [(24, 120, 0.97, True), (24, 120, 0.2, False), (24, 50, 0.97, False)],
)
def test_a_coat_that_a_mannequin_parts_in_two_keeps_both_halves(apart, height, likelihood, both):
    left, right = two_halves(apart, height=height)
    likely = np.where(left, np.float32(0.97), np.float32(0.0))
    likely[right] = likelihood
    kept = _with_both_fronts(left | right, likely)
    assert kept[left].all() and bool(kept[right].all()) == both and not kept[:, 100].any()


def test_two_halves_have_one_outline():
    left, right = two_halves(24)
    plane = np.zeros((200, 200), np.float32)
    seen = Seen(left | right, np.zeros((200, 200, 3), np.float32), plane, 1.0, None, 1.0)
    assert trace(seen.region) is None
    closed = _closed(seen)
    assert closed.region[60:140, 100].all() and not closed.region[:35].any()
    assert trace(closed.region) is not None
    alone = Seen(left, seen.lab, plane, 1.0, None, 1.0)
    assert _closed(alone) is alone


def test_a_wooden_hanger_in_a_vest_is_no_head() -> None:
    """It is of skin's colour, of many shades, and narrower than the hem."""
    vest = draw_sample(2_002_000_031, (480, 640))
    assert (vest.kind, vest.display) == ("vest", "hanger")
    seen = see(Image(vest.image, None, "", "vest"))
    assert not _has_head(seen.region, seen.lab)
    face = seen.lab.copy()
    face[seen.region & (np.arange(640)[:, None] < 190)] = (68, 14, 18)
    face += np.random.default_rng(0).normal(0, 3, face.shape).astype(np.float32)
    assert _has_head(seen.region, face)


def test_the_arms_of_the_mannequin_that_wears_it_are_no_other_garment() -> None:
    sling = draw_sample(2_002_000_224, (480, 640))
    assert (sling.kind, sling.display) == ("sling", "mannequin")
    image = Image(sling.image, None, "", "sling")
    cloth = sling.mask > 127
    _refuse_several(image, see(image), cloth)
    beside = image.pixels.copy()
    beside[440:, 330:] = (40, 60, 120)
    with pytest.raises(NoGarment, match="several things"):
        _refuse_several(image, see(Image(beside, None, "", "sling")), cloth)
