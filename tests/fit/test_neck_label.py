"""Labels in the back of a neck: found where they are, and nowhere else."""

import numpy as np
import pytest

from flixpose.fit.neck_label import NeckLabel, find_label
from flixpose.fit.neck_view import NeckView
from tests.fit.test_neckline import dressed

WIDTH = 160.0  # pixels of the photo between the neck's corners


def found(label: tuple[int, int, int, int] | None, colour: int = 245) -> tuple[NeckView, NeckLabel | None]:
    product, garment, _ = dressed("round")
    if label is not None:
        x0, y0, x1, y1 = label
        product.pixels[y0:y1, x0:x1] = colour
    view = NeckView.of(garment, product, above=0.0, below=1.3)
    return view, find_label(view)


@pytest.mark.parametrize("colour", [245, 0])
def test_a_label_is_found_where_it_is(colour: int) -> None:
    _, label = found((270, 140, 330, 162), colour)
    assert label is not None
    assert label.head == pytest.approx((140 - 90) / WIDTH, abs=0.06)
    assert label.foot == pytest.approx((162 - 90) / WIDTH, abs=0.06)
    assert label.left == pytest.approx(-30 / WIDTH, abs=0.06)
    assert label.right == pytest.approx(30 / WIDTH, abs=0.06)


@pytest.mark.parametrize("place", [None, (380, 300, 440, 330), (230, 300, 370, 420)])
def test_a_plain_neck_and_prints_have_none(place: tuple[int, int, int, int] | None) -> None:
    assert found(place)[1] is None


def test_a_landmark_on_a_label_is_told_from_one_beside_it() -> None:
    _, label = found((270, 140, 330, 162))
    assert label is not None
    assert label.holds(0.0, (150 - 90) / WIDTH) and not label.holds(0.0, (190 - 90) / WIDTH)


def test_front_edges_run_below_a_label() -> None:
    _, label = found((270, 140, 330, 162))
    assert label is not None
    u = np.tile(np.linspace(-0.5, 0.5, 41), (3, 1))
    v = np.array([[0.2], [0.5], [0.6]]) * np.ones(41)
    assert label.above_foot(u, v).tolist() == [1.0, 0.0, 0.0]


def test_what_is_painted_over_has_the_cloths_colour() -> None:
    view, label = found((270, 140, 330, 162))
    assert label is not None
    plain, _ = found(None)
    middle = label.mask.astype(bool) & (view.inside > 0)
    off = np.abs(label.painted_over(view).lab - plain.lab)[middle].max(axis=1)
    assert np.percentile(off, 70) < 4.0 and np.abs(view.lab - plain.lab)[middle].max() > 50
