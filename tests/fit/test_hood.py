"""Hoods that stand over an empty neck lie down on a wearer, on the shoulders; low ones keep their shape."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.neck_view import neck_frame
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import invert_points
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.figures import make_garment, paint_person
from tests.fit.test_collar import trunk
from tests.fit.test_layout import own


def with_hood(rise: float) -> tuple[Image, Garment, NDArray[np.float64]]:
    """A top with a hood so many neck widths high, and its outline on the photo from foot to foot."""
    product, garment = make_garment("long_sleeve_top")
    width = neck_frame(garment)[3]
    room = round(rise * width) + 20
    alpha = cv2.copyMakeBorder(garment.mask.alpha, room, 0, 0, 0, cv2.BORDER_CONSTANT, value=0)
    pixels = cv2.copyMakeBorder(product.pixels, room, 0, 0, 0, cv2.BORDER_CONSTANT, value=(250,) * 3)
    moved = replace(garment.landmarks, xy=garment.landmarks.xy + np.array([0, room], np.float32))
    garment = replace(garment, landmarks=moved)
    middle, right, down, width = neck_frame(garment)
    arch = np.array(
        [(-0.5, 0.05), (-0.6, -0.17), (-0.4, -0.7), (0, -1), (0.4, -0.7), (0.6, -0.17), (0.5, 0.05)]
    )
    outline = middle + width * (arch[:, :1] * right + rise * arch[:, 1:] * down)
    cv2.fillPoly(alpha, [np.round(outline).astype(np.int32)], 255)
    cv2.fillPoly(pixels, [np.round(outline).astype(np.int32)], (46, 84, 176))
    box = Mask(alpha).box
    assert box is not None
    hooded = replace(garment, mask=Mask(alpha), box=box)
    return replace(product, pixels=pixels, sha256=f"hood{rise}"), hooded, outline


def on_body(rise: float) -> NDArray[np.float64]:
    """(7, 2) the hood's outline on the wearer: aside and above the neck's corners, in widths of the neck."""
    product, garment, outline = with_hood(rise)
    body = measure_body(paint_person()[1])
    controls = trunk(product, garment)
    places = np.array([own(body, place) for place in invert_points(solve_warp(controls).warp, outline)])
    neck = np.array(
        [own(body, controls.person_xy[controls.names.index(f"neck_{s}")]) for s in ("left", "right")]
    )
    width = neck[0, 0] - neck[1, 0]
    heights = (neck[:, 1].mean() - places[:, 1]) * body.torso_length / body.shoulder_width
    return np.stack([places[:, 0], heights], axis=1) / width


def test_a_hood_that_stands_lies_down() -> None:
    outline = on_body(1.0)
    assert 0.3 < outline[3, 1] < 0.48, "the peak is a collar's height above the corners"
    assert 0.05 < outline[[1, 5], 1].min() <= outline[[1, 5], 1].max() < 0.2, "its foot is not flattened"
    assert np.abs(outline[[1, 5], 0]).max() < 0.56, "no wings stand out beside it"


def test_a_hood_that_lies_keeps_its_shape() -> None:
    outline = on_body(0.35)
    assert outline[3, 1] == pytest.approx(0.35, abs=0.06)
    assert np.abs(outline[[1, 5], 0]) == pytest.approx([0.6, 0.6], abs=0.06)


def test_a_garment_without_a_hood_gets_no_hood() -> None:
    assert not any(name.startswith("hood") for name in trunk(*make_garment("long_sleeve_top")).names)
