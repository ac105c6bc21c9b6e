"""Labels in the back of a neck: found where they are, and nowhere else."""

import cv2
import numpy as np
import pytest

from flixpose.fit.neck_label import NeckLabel, find_label
from flixpose.fit.neck_view import NeckView
from tests.fit.test_neckline import dressed

WIDTH = 160.0  # pixels of the photo between the neck's corners


def found(
    label: tuple[int, int, int, int] | None, colour: int = 245, depth: float = 0.0
) -> tuple[NeckView, NeckLabel | None]:
    product, garment, _ = dressed("round")
    if label is not None:
        x0, y0, x1, y1 = label
        product.pixels[y0:y1, x0:x1] = colour
    view = NeckView.of(garment, product, above=0.0, below=1.3)
    return view, find_label(view, depth)


@pytest.mark.parametrize("colour", [245, 0])
def test_a_label_is_found_where_it_is(colour: int) -> None:
    _, label = found((270, 140, 330, 162), colour)
    assert label is not None
    assert label.head == pytest.approx((140 - 90) / WIDTH, abs=0.06)
    assert label.foot == pytest.approx((162 - 90) / WIDTH, abs=0.06)
    assert label.left == pytest.approx(-30 / WIDTH, abs=0.06)
    assert label.right == pytest.approx(30 / WIDTH, abs=0.06)


@pytest.mark.parametrize(
    "place",
    [None, (380, 300, 440, 330), (230, 300, 370, 420), (238, 130, 362, 142), (294, 105, 306, 170)],
    ids=["plain", "aside", "large", "a band", "a cord"],
)
def test_a_plain_neck_and_prints_have_none(place: tuple[int, int, int, int] | None) -> None:
    assert found(place)[1] is None


def test_a_scrawl_is_no_label() -> None:
    product, garment, _ = dressed("round")
    cv2.line(product.pixels, (264, 112), (336, 144), (245, 245, 245), 3)
    assert find_label(NeckView.of(garment, product, above=0.0, below=1.3)) is None


def test_a_collars_large_label_is_found_where_the_neck_is_seen_to_be_deep() -> None:
    place = (257, 155, 343, 203)
    assert found(place)[1] is None
    _, label = found(place, depth=0.9)
    assert label is not None and label.foot == pytest.approx((203 - 90) / WIDTH, abs=0.06)
    assert label.left == pytest.approx(-43 / WIDTH, abs=0.06)


def test_an_opening_between_the_leaves_of_a_collar_is_no_label() -> None:
    product, garment, _ = dressed("round")
    cv2.fillPoly(product.pixels, [np.array([(257, 155), (343, 155), (300, 208)], np.int32)], (250, 250, 250))
    view = NeckView.of(garment, product, above=0.0, below=1.3)
    assert find_label(view, 0.9) is None


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
    beside = np.where(np.abs(u[:1]) > 0.25, 0.2, 0.6)
    assert label.above_foot(u[:1], beside).tolist() == [0.0], "beside the label it may rise"
    over = np.full((1, 41), (label.head + label.foot) / 2)
    assert label.above_foot(u[:1], over).tolist() == [1.0], "across it is not below it"


def test_what_is_painted_over_has_the_cloths_colour() -> None:
    view, label = found((270, 140, 330, 162))
    assert label is not None
    plain, _ = found(None)
    middle = label.mask.astype(bool) & (view.inside > 0)
    off = np.abs(label.painted_over(view).lab - plain.lab)[middle].max(axis=1)
    assert np.percentile(off, 70) < 4.0 and np.abs(view.lab - plain.lab)[middle].max() > 50


def on_stripes(label: tuple[int, int, int, int], colour: int | tuple[int, int, int]) -> NeckView:
    """A vest of fine black and white stripes, out of whose usual colour no label stands."""
    product, garment, _ = dressed("round")
    cloth = garment.mask.alpha > 127
    dark = (np.indices(cloth.shape)[0] // 6) % 2 == 0
    product.pixels[cloth] = np.where(dark[cloth][:, None], np.uint8(20), np.uint8(235))
    x0, y0, x1, y1 = label
    product.pixels[y0:y1, x0:x1] = colour
    return NeckView.of(garment, product, above=0.0, below=1.3)


@pytest.mark.parametrize("colour", [245, (200, 60, 60)], ids=["white", "red"])
def test_a_label_on_stripes_is_found_by_the_fronts_cloth(colour: int | tuple[int, int, int]) -> None:
    label = find_label(on_stripes((270, 140, 330, 162), colour))
    assert label is not None and (label.left + label.right) / 2 == pytest.approx(0.0, abs=0.04)
    assert label.head == pytest.approx((140 - 90) / WIDTH, abs=0.08)
    assert label.foot == pytest.approx((162 - 90) / WIDTH, abs=0.08)
    assert 0.8 < (label.right - label.left) / (60 / WIDTH) < 1.5


@pytest.mark.parametrize(
    "place",
    [(380, 300, 440, 330), (230, 130, 370, 230), (296, 130, 304, 190)],
    ids=["aside", "large", "a cord"],
)
def test_what_is_no_label_on_stripes_stays(place: tuple[int, int, int, int]) -> None:
    assert find_label(on_stripes(place, (200, 60, 60))) is None
