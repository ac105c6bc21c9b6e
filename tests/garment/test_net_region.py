"""Where the photo's background and the net disagree about a garment's region."""

import numpy as np
import pytest

from flixpose.garment.net_region import _filled_in, _not_denied
from flixpose.garment.seeing import Seen


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
