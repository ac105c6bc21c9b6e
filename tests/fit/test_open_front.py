"""The inside of a coat that hangs open, on drawn coats: found, or left alone where it is something else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.body import measure_body
from flixpose.fit.layout import plan_layout
from flixpose.fit.occluders import Occluders
from flixpose.fit.open_front import inside_between_fronts
from flixpose.fit.rig import load_rigs
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.figures import SIZE, fill, make_garment, paint_person

KIND = "long_sleeve_outwear"
LINING = (30, 40, 60)
RIGS = load_rigs(resources.CONFIGS / "rigs")
BLANK = Occluders(*(Mask(np.zeros(SIZE[::-1], np.uint8)) for _ in range(4)))


def coat(
    colour: tuple[int, int, int],
    *,
    half: float = 30.0,
    low: float = 1.3,
    stripes: bool = False,
    kind: str = KIND,
) -> tuple[Image, Garment, NDArray[np.uint8]]:
    """A coat with a panel of another colour down its middle: its photo, what it is, and where the panel is.

    Args:
        half: of the panel's width, pixels. low: how far down it goes; 1.4 is the hem.
    """
    product, garment = make_garment(kind, inside=(46, 84, 176))
    middle, top = (garment.landmarks[n].astype(float) for n in ("hem_center", "neck_front"))
    end = top[1] + (middle[1] - top[1]) * low
    # the fronts hang a little apart, and not evenly
    corners = [(-half, top[1] - 30), (half, top[1] - 30), (1.3 * half, end), (-1.5 * half, end)]
    panel = fill(garment.mask.alpha.shape, np.array([(middle[0] + x, y) for x, y in corners]))
    panel = np.minimum(panel, garment.mask.alpha)
    pixels = product.pixels.copy()
    if stripes:
        for x in range(0, pixels.shape[1], 30):
            pixels[:, x : x + 15][garment.mask.alpha[:, x : x + 15] > 0] = colour
    pixels[panel > 127] = colour
    noise = np.random.default_rng(1).normal(0, 4, pixels.shape)
    pixels = np.clip(cv2.GaussianBlur(pixels, (0, 0), 1.0) + noise, 0, 255).astype(np.uint8)
    return replace(product, pixels=pixels, sha256=f"{colour}{half}{low}{stripes}{kind}"), garment, panel


@pytest.mark.parametrize("half", [24.0, 45.0])
def test_the_inside_between_open_fronts_is_found(half: float) -> None:
    photo, garment, panel = coat(LINING, half=half)
    found = inside_between_fronts(garment, photo)
    assert found is not None
    inside = np.minimum(fill(panel.shape, found), garment.mask.alpha) > 127
    wanted = panel > 127
    assert (inside & wanted).sum() > 0.95 * wanted.sum()
    assert (inside & ~wanted).sum() < 0.08 * wanted.sum()


@pytest.mark.parametrize(
    "other",
    [
        {"colour": LINING, "half": 7.0},  # a placket
        {"colour": LINING, "low": 0.5},  # a print
        {"colour": (52, 88, 178)},  # a panel of the same cloth
        {"colour": LINING, "stripes": True},
        {"colour": LINING, "kind": "long_sleeve_dress"},
    ],
)
def test_what_only_looks_like_it_is_left_alone(other: dict) -> None:
    photo, garment, _ = coat(**other)
    assert inside_between_fronts(garment, photo) is None


def test_an_inside_that_the_cut_out_begins_to_leave_out_is_found() -> None:
    photo, garment, panel = coat(LINING, half=45.0)
    rows = np.flatnonzero(panel.any(axis=1))
    without = garment.mask.alpha.copy()
    low = rows[0] + len(rows) // 3
    without[:low][panel[:low] > 0] = 0
    assert inside_between_fronts(replace(garment, mask=Mask(without)), photo) is not None


def test_an_open_jacket_that_was_read_as_a_top_is_found_too() -> None:
    photo, garment, _ = coat(LINING, kind="long_sleeve_top")
    assert inside_between_fronts(garment, photo) is not None


def test_a_back_has_no_fronts() -> None:
    photo, garment, _ = coat(LINING)
    assert inside_between_fronts(replace(garment, view="back"), photo) is None


def test_the_inside_goes_behind_whoever_wears_it() -> None:
    photo, garment, panel = coat(LINING)
    pose = paint_person()[1]
    layout = plan_layout(garment, photo, measure_body(pose), RIGS[KIND], pose.mask, BLANK)
    wanted = cv2.erode(panel, np.ones((9, 9), np.uint8)) > 0
    assert layout.parts[0].matte.alpha[wanted].mean() < 10
    assert layout.behind is not None and layout.behind.alpha[wanted].mean() > 245
    beside = (garment.mask.alpha == 255) & (cv2.dilate(panel, np.ones((25, 25), np.uint8)) == 0)
    trunk = layout.parts[0].matte.alpha
    assert trunk[beside].mean() > 0.5 * 255
