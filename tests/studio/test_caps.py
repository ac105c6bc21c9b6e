"""Armpits of simulated caps, read off the outline."""

import cv2
import numpy as np
import pytest

from flixpose.studio.simulated.caps import cap_armpits

# the right half of a top's outline, px about its middle: the cap's end meets the side at (85, 118)
_HALF = [(30, 0), (80, 18), (130, 90), (85, 118), (85, 300)]
_CORNERED = [(30, 0), (80, 18), (130, 90), (104, 124), (85, 118), (85, 300)]


def _region(half: list[tuple[int, int]] = _HALF) -> np.ndarray:
    side = np.array(half)
    outline = np.vstack([side, (side * (-1, 1))[::-1]]) + np.array([200, 40])
    region = np.zeros((400, 400), np.uint8)
    cv2.fillPoly(region, [outline.astype(np.int32)], 255)
    return region > 127


def _marks(pit: tuple[float, float], inner: tuple[float, float]) -> dict[str, list[float]]:
    marks = {}
    for name, side in (("left", 1), ("right", -1)):
        for mark, (x, y) in (
            (f"cuff_{name}_outer", (130, 90)),
            (f"cuff_{name}_inner", inner),
            (f"armpit_{name}", pit),
            (f"hem_{name}", (85, 300)),
        ):
            marks[mark] = [200 + side * x, 40.0 + y, 2.0]
    return marks


def test_a_cap_forks_where_its_end_meets_the_side() -> None:
    found = cap_armpits(_region(), _marks((108, 117), (108, 117)))
    for name, x in (("left", 285), ("right", 115)):
        assert found[f"armpit_{name}"] == pytest.approx([x, 158, 2], abs=2.5)
        assert found[f"cuff_{name}_inner"] == found[f"armpit_{name}"]
    assert cap_armpits(_region(), _marks((108, 117), (108, 117)) | found) == found


def test_a_cap_whose_end_turns_before_the_fork_has_its_cuffs_corner_there() -> None:
    region = _region(_CORNERED)
    marks = _marks((85, 118), (85, 118))
    found = cap_armpits(region, marks)
    for name, side in (("left", 1), ("right", -1)):
        assert found[f"armpit_{name}"] == pytest.approx([200 + side * 85, 158, 2], abs=2.5)
        assert found[f"cuff_{name}_inner"] == pytest.approx([200 + side * 104, 164, 2], abs=3.5)
    assert cap_armpits(region, marks | found) == {}


def test_a_sleeve_that_parts_from_the_side_keeps_its_armpit() -> None:
    assert cap_armpits(_region(), _marks((85, 100), (108, 117))) == {}
