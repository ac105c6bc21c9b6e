"""Waists of simulated dresses, read off the outline."""

import cv2
import numpy as np
import pytest

from flixpose.studio.simulated.waists import waists


def _dress(widths: list[tuple[float, float]]) -> np.ndarray:
    """Coverage of a dress about x = 150.25 whose half-widths at heights are given."""
    y, x = np.array(widths, float).T
    rows = np.arange(y[0], y[-1] + 0.01, 1.0)
    half = np.interp(rows, y, x)
    outline = np.vstack([np.stack([half, rows], 1), np.stack([-half, rows], 1)[::-1]]) + np.array([150.25, 0])
    fine = np.zeros((3200, 2400), np.uint8)
    cv2.fillPoly(fine, [np.round(outline * 8).astype(np.int32)], 255)
    return cv2.resize(fine, (300, 400), interpolation=cv2.INTER_AREA)


def _marks(y: float, half: float) -> dict[str, list[float]]:
    marks = {"hem_center": [150.0, 380.0, 2.0]}
    for name, side in (("left", 1), ("right", -1)):
        marks[f"neck_{name}"] = [150 + side * 25.0, 50.0, 2.0]
        marks[f"armpit_{name}"] = [150 + side * 60.0, 120.0, 2.0]
        marks[f"waist_{name}"] = [150.25 + side * half, y, 2.0]
    return marks


_WAISTED = [(60, 60), (120, 60), (190, 45), (260, 66), (380, 80)]


def test_a_waist_lies_where_the_outline_is_narrowest() -> None:
    found = waists(_dress(_WAISTED), _marks(183.5, 46.5))
    assert found["waist_left"] == pytest.approx([195.25, 190.5, 2], abs=1.6)
    assert found["waist_right"] == pytest.approx([105.25, 190.5, 2], abs=1.6)


def test_a_dress_that_only_widens_has_a_waist_nowhere_exactly() -> None:
    for widths in ([(60, 50), (120, 52), (380, 90)], [(60, 60), (120, 60), (300, 60), (380, 62)]):
        half = float(np.interp(150, *np.array(widths, float).T))
        found = waists(_dress(widths), _marks(150.5, half))
        assert found["waist_left"] == [150.25 + half, 150.5, 1.0]
        assert waists(_dress(widths), _marks(150.5, half) | found) == {}


def test_where_a_sleeve_hides_the_side_the_known_waist_stays() -> None:
    assert waists(_dress([(60, 60), (120, 75), (190, 60), (260, 75), (380, 80)]), _marks(190.5, 45)) == {}
    bare = {name: at for name, at in _marks(190.5, 45).items() if "waist" not in name}
    assert waists(_dress(_WAISTED), bare) == {}
