"""Front edges of drawn necklines, round and pointed, and the cloth behind them."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.body import measure_body
from flixpose.fit.measure import GarmentFrame, measure_garment
from flixpose.fit.neckline import behind_neckline, front_neckline
from flixpose.fit.rig import load_rigs
from flixpose.garment.kinds import KINDS
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints
from tests.fit.figures import CLOTH, INSIDE, MODEL, fill, make_garment, make_pose

RIGS = load_rigs(resources.CONFIGS / "rigs")
LEFT, RIGHT, FRONT = (380.0, 90.0), (220.0, 90.0), (300.0, 190.0)


def course(shape: str) -> NDArray[np.float64]:
    """Wearer's left corner to right, through the front: half an ellipse, a V, or nearly a square."""
    angles = np.linspace(0.0, np.pi, 81)
    across, down = np.cos(angles), np.sin(angles)
    if shape == "v":
        across = np.linspace(1, -1, 81)
        down = 1 - np.abs(across)
    if shape == "square":
        across, down = np.sign(across) * np.abs(across) ** 0.4, np.abs(down) ** 0.4
    return np.stack([300 + 80 * across, 90 + 100 * down], axis=1)


def dressed(
    shape: str, *, inside: Any = INSIDE, tilt: float = 0.0
) -> tuple[Image, Garment, NDArray[np.uint8]]:
    """A vest with such a neckline; with it the true opening, (H, W) uint8."""
    turn = cv2.getRotationMatrix2D((300.0, 330.0), tilt, 1.0)

    def place(xy: Any) -> NDArray[np.float64]:
        return np.asarray(xy, float).reshape(-1, 2) @ turn[:, :2].T + turn[:, 2]

    body = [RIGHT, (150, 105), (90, 270), (95, 620), (300, 625), (505, 620), (510, 270), (450, 105), LEFT]
    curve = course(shape)
    opening = fill((700, 600), place(np.vstack([curve, [(220, 90), (300, 112), (380, 90)]])))
    mask = np.maximum(fill((700, 600), place([*body, *curve])), opening)
    pixels = np.full((700, 600, 3), 245, np.uint8)
    pixels[mask > 127] = CLOTH
    pixels[opening > 127] = inside
    names = {"neck_left": LEFT, "neck_right": RIGHT, "neck_front": FRONT, "neck_back": (300, 112)}
    names |= {"shoulder_left": (450, 105), "shoulder_right": (150, 105), "armpit_left": (510, 270)}
    names |= {
        "armpit_right": (90, 270),
        "hem_left": (505, 620),
        "hem_right": (95, 620),
        "hem_center": (300, 625),
    }
    landmarks = Keypoints.from_points(KINDS["vest"], {n: (*place(xy)[0], 0.9) for n, xy in names.items()})
    box = Mask(mask).box or Box(0, 0, 600, 700)
    garment = Garment("vest", 1, "front", 1, box, Mask(mask), landmarks, 0.9, MODEL)
    return Image(pixels, None, "", "vest.png"), garment, opening


def frame_of(garment: Garment) -> GarmentFrame:
    return measure_garment(garment, measure_body(make_pose()), RIGS[garment.kind])


def furthest(curve: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """How far the curve strays from a dense polyline, at most; pixels."""
    return float(np.linalg.norm(curve[:, None] - truth[None], axis=2).min(axis=1).max())


@pytest.mark.parametrize("tilt", [0.0, 9.0])
@pytest.mark.parametrize("shape", ["round", "v"])
def test_the_edge_in_the_photo_tells_the_shape(shape: str, tilt: float) -> None:
    product, garment, _ = dressed(shape, tilt=tilt)
    curve = front_neckline(garment, product)
    assert curve is not None and curve.shape == (41, 2)
    assert curve[0] == pytest.approx(garment.landmarks["neck_left"], abs=1e-3)
    assert curve[-1] == pytest.approx(garment.landmarks["neck_right"], abs=1e-3)
    turn = cv2.getRotationMatrix2D((300.0, 330.0), tilt, 1.0)
    own, *others = (
        course(s) @ turn[:, :2].T + turn[:, 2]
        for s in sorted(("round", "v", "square"), key=lambda s: s != shape)
    )
    errors = [furthest(curve, dense) for dense in (own, *others)]
    assert errors[0] < min(errors[1:]), "another shape lies nearer"
    assert errors[0] < 12.0  # of a neckline 160 wide and 100 deep


def test_black_on_black_tells_the_shape_too() -> None:
    """Ten grey levels between the inside and the front."""
    product, garment, _ = dressed("v", inside=tuple(max(0, c - 10) for c in CLOTH))
    curve = front_neckline(garment, product)
    assert curve is not None
    assert furthest(curve, course("v")) < furthest(curve, course("round"))


@pytest.mark.parametrize("tilt", [0.0, 9.0])
@pytest.mark.parametrize("shape", ["round", "v"])
def test_what_lies_behind_is_the_opening_and_nothing_of_the_front(shape: str, tilt: float) -> None:
    product, garment, opening = dressed(shape, tilt=tilt)
    curve = front_neckline(garment, product)
    assert curve is not None
    behind = np.minimum(behind_neckline(garment, curve, frame_of(garment)).alpha, garment.mask.alpha) > 127
    inside, front = opening > 127, (garment.mask.alpha > 127) & (opening <= 127)
    assert (behind & inside).sum() > 0.88 * inside.sum()
    assert (behind & front).sum() < 0.08 * inside.sum()
    # No pixel further below than the front's lowest point, nor outside the neck's corners.
    rows, columns = np.nonzero(behind)
    offset = np.stack([columns + 0.5, rows + 0.5], axis=1) - garment.landmarks["neck_front"]
    frame = frame_of(garment)
    assert (offset @ frame.down).max() < 2.0
    assert np.abs(offset @ frame.left).max() < 82.0


def test_a_garment_seen_from_behind_keeps_its_sides() -> None:
    product, garment = make_garment("short_sleeve_top", view="back")
    curve = front_neckline(garment, product)
    assert curve is not None
    assert curve[0] == pytest.approx(garment.landmarks["neck_left"], abs=1e-3)
    assert curve[0][0] < curve[-1][0]


@pytest.mark.parametrize("kind", ["skirt", "trousers"])
def test_garments_without_a_neck_have_no_neckline(kind: str) -> None:
    product, garment = make_garment(kind)
    assert front_neckline(garment, product) is None
