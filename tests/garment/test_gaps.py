"""A fork is the upper end of the gap between sleeve and body."""

import numpy as np
import pytest

from flixpose.garment.gaps import top_of_gap


def hanging(gap: int = 4) -> np.ndarray:
    """A body of columns 40 to 100 with sleeves beside it, parted from row 60 on; hems at 160."""
    region = np.zeros((200, 140), bool)
    region[20:160, 10:130] = True
    region[60:, 40 - gap : 40] = region[60:, 100 : 100 + gap] = False
    return region


@pytest.mark.parametrize("gap", [1, 4])
@pytest.mark.parametrize("row", [158.0, 100.0])
def test_from_the_hem_or_between_one_climbs_to_the_fork(gap: int, row: float):
    assert top_of_gap(hanging(gap), (101.0, row), 140.0) == pytest.approx((100 + gap / 2, 60.0))


def test_a_gap_of_a_pixels_breadth_may_close_for_a_moment():
    region = hanging(1)
    region[[80, 81, 120], 100] = True
    assert top_of_gap(region, (101.0, 150.0), 140.0)[1] == 60.0


def test_a_fork_stays_where_it_is_and_a_cap_has_none():
    assert top_of_gap(hanging(), (101.0, 61.0), 140.0) == (101.0, 61.0)
    cap = np.zeros((200, 140), bool)
    cap[20:160, 40:100] = True
    cap[20:60, 10:130] = True
    assert top_of_gap(cap, (101.0, 62.0), 140.0) == (101.0, 62.0)
    assert top_of_gap(np.zeros((9, 9), bool), (4.0, 4.0), 9.0) == (4.0, 4.0)
