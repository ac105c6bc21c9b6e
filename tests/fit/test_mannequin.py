"""Mannequins drawn around garments: seen where they are, and what follows from it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.body import measure_body
from flixpose.fit.layout import plan_layout
from flixpose.fit.mannequin import shows_mannequin
from flixpose.fit.measure import measure_garment
from flixpose.fit.occluders import Occluders
from flixpose.fit.rig import load_rigs
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.figures import SIZE, make_garment, make_pose

RIGS = load_rigs(resources.CONFIGS / "rigs")
UNIT = 250.0
DUMMY = (120, 122, 126)


def on_mannequin(
    kind: str, *, legs: bool = True, colour: tuple[int, int, int] = DUMMY
) -> tuple[Image, Garment]:
    """A drawn garment with room around it, on a body of one colour."""
    product, garment = make_garment(kind)
    room = round(0.9 * UNIT)
    pixels = cv2.copyMakeBorder(product.pixels, room, room, room, room, cv2.BORDER_REPLICATE)
    mask = cv2.copyMakeBorder(garment.mask.alpha, room, room, room, room, cv2.BORDER_CONSTANT, value=0)
    moved = replace(
        garment,
        mask=Mask(mask),
        landmarks=replace(garment.landmarks, xy=garment.landmarks.xy + np.float32(room)),
        box=replace(garment.box, x0=garment.box.x0 + room, x1=garment.box.x1 + room),
    )
    body = np.zeros(mask.shape, np.uint8)
    marks = moved.landmarks
    middle, top = float(np.mean(marks.xy[:, 0])), float(marks["neck_left"][1])
    column(body, middle, top - 0.3 * UNIT, top + 0.5 * UNIT, 0.13 * UNIT)
    if legs:
        low = float(marks["hem_left"][1])
        column(body, middle, low - 0.3 * UNIT, low + 0.3 * UNIT, 0.4 * UNIT)
        for side in (-1, 1):
            thigh = [(0.02, 0.3), (0.4, 0.3), (0.36, 2.0), (0.14, 2.0)]
            corners = [(middle + side * x * UNIT, low + y * UNIT) for x, y in thigh]
            cv2.fillPoly(body, [np.round(corners).astype(np.int32)], 255)
    pixels[(body > 0) & (mask < 128)] = colour
    return replace(product, pixels=pixels), moved


def column(plane: NDArray[np.uint8], middle: float, y0: float, y1: float, half: float) -> None:
    cv2.rectangle(plane, (round(middle - half), round(y0)), (round(middle + half), round(y1)), 255, -1)


@pytest.mark.parametrize("kind", ["short_sleeve_top", "vest", "long_sleeve_dress"])
@pytest.mark.parametrize("colour", [DUMMY, (20, 20, 20), (225, 200, 180)])
def test_a_mannequin_around_a_garment_is_seen(kind: str, colour: tuple[int, int, int]) -> None:
    assert shows_mannequin(*on_mannequin(kind, colour=colour))


@pytest.mark.parametrize("kind", sorted(RIGS))
def test_a_garment_alone_has_no_mannequin(kind: str) -> None:
    assert not shows_mannequin(*make_garment(kind))


def test_a_hanger_and_a_shadow_apart_are_no_mannequin() -> None:
    product, garment = on_mannequin("short_sleeve_top", legs=False, colour=(250, 250, 250))
    x, y = (int(v) for v in (garment.landmarks["neck_left"] + garment.landmarks["neck_right"]) / 2)
    cv2.line(product.pixels, (x, y + 10), (x, y - 120), (60, 60, 60), 6)
    foot = int(garment.landmarks["hem_left"][1]) + 150
    cv2.ellipse(product.pixels, (x, foot), (150, 20), 0, 0, 360, (190, 190, 190), -1)
    assert not shows_mannequin(product, garment)


def test_a_bust_on_a_thin_stand_is_a_mannequin() -> None:
    """Its neck taken for cloth, all that is seen of it is the pole below the hem."""
    product, garment = make_garment("vest")
    room = round(0.5 * UNIT)
    pixels = cv2.copyMakeBorder(product.pixels, 0, room, 0, 0, cv2.BORDER_REPLICATE)
    mask = cv2.copyMakeBorder(garment.mask.alpha, 0, room, 0, 0, cv2.BORDER_CONSTANT, value=0)
    middle, low = float(np.mean(garment.landmarks.xy[:, 0])), float(garment.landmarks["hem_left"][1])
    garment = replace(garment, mask=Mask(mask))
    assert not shows_mannequin(replace(product, pixels=pixels.copy()), garment)
    pole = np.zeros(mask.shape, np.uint8)
    column(pole, middle, low - 0.1 * UNIT, mask.shape[0], 0.025 * UNIT)
    pixels[(pole > 0) & (mask < 128)] = DUMMY
    assert shows_mannequin(replace(product, pixels=pixels), garment)


def test_arms_that_were_taken_for_cloth_are_a_mannequins() -> None:
    product, garment = on_mannequin("vest", legs=False, colour=(250, 250, 250))
    assert not shows_mannequin(product, garment)
    mask = garment.mask.alpha.copy()
    for side in ("left", "right"):
        tip, pit = (garment.landmarks[f"{name}_{side}"] for name in ("shoulder", "armpit"))
        start = (tip + pit) / 2
        hand = start + np.array([np.sign(tip[0] - np.mean(garment.landmarks.xy[:, 0])) * 0.45, 0.75]) * UNIT
        cv2.line(mask, *(np.round(xy).astype(int).tolist() for xy in (start, hand)), 255, round(0.2 * UNIT))
    product.pixels[(mask > 0) & (garment.mask.alpha == 0)] = DUMMY
    assert shows_mannequin(product, replace(garment, mask=Mask(mask)))


def test_on_a_mannequin_a_garment_keeps_its_own_length() -> None:
    """How far below the armpits the hem lies, against their distance, is as in the photo."""
    product, garment = on_mannequin("short_sleeve_top")
    nothing = Mask(np.zeros(SIZE[::-1], np.uint8))
    blank = Occluders(nothing, nothing, nothing, nothing)
    rig = RIGS["short_sleeve_top"]
    pose = make_pose()
    trunk = plan_layout(garment, product, measure_body(pose), rig, None, blank).parts[0].controls

    def shape(xy: dict[str, NDArray[np.float64]]) -> float:
        across = xy["armpit_left"] - xy["armpit_right"]
        return float(np.linalg.norm(xy["hem_left"] - xy["armpit_left"]) / np.linalg.norm(across))

    drawn = shape(dict(zip(trunk.names, trunk.person_xy, strict=True)))
    photo = shape({name: garment.landmarks[name].astype(np.float64) for name in garment.landmarks.present})
    assert drawn == pytest.approx(photo, rel=0.03)


def test_a_skirt_from_a_mannequin_fits_the_persons_own_waist() -> None:
    """The same shoulders and a waist a quarter wider make it so much larger; the usual rig looks away."""
    _, garment = make_garment("skirt")
    body, rig = measure_body(make_pose()), RIGS["skirt"]
    assert rig.worn is not None

    def with_waist(half: float) -> Mask:
        plane = np.zeros(SIZE[::-1], np.uint8)
        middle, unit = body.mid_shoulder, body.shoulder_width
        column(plane, middle[0], middle[1], middle[1] + 3 * unit, half * unit)
        return Mask(plane)

    slim, wide = (measure_garment(garment, body, rig.worn, with_waist(half)).scale for half in (0.4, 0.5))
    assert wide / slim == pytest.approx(1.25, abs=0.02)
    usual = [measure_garment(garment, body, rig, with_waist(half)).scale for half in (0.4, 0.5)]
    assert usual[0] == usual[1]
    hidden = measure_garment(garment, body, rig.worn, None).scale
    assert hidden == measure_garment(garment, body, rig.worn, with_waist(0.1)).scale


def nearer(garment: Garment, pair: str, share: float) -> Garment:
    """The garment with a pair of landmarks so many times as far apart."""
    xy = garment.landmarks.xy.copy()
    rows = [garment.landmarks.skeleton.index[f"{pair}_{side}"] for side in ("left", "right")]
    xy[rows] = xy[rows].mean(axis=0) + share * (xy[rows] - xy[rows].mean(axis=0))
    return replace(garment, landmarks=replace(garment.landmarks, xy=xy))


@pytest.mark.parametrize("kind", ["vest", "sling", "vest_dress", "sling_dress"])
def test_straps_are_not_taken_for_shoulders(kind: str) -> None:
    """How far they reach to the side is a matter of design: the armpits alone tell the size."""
    _, garment = make_garment(kind)
    rig, body = RIGS[kind].worn, measure_body(make_pose())
    assert rig is not None
    told = {measure_garment(nearer(garment, "shoulder", share), body, rig).scale for share in (0.5, 0.9, 1.1)}
    assert len(told) == 1
    by_armpits = measure_garment(nearer(garment, "armpit", 0.9), body, rig).scale
    assert by_armpits == pytest.approx(told.pop() / 0.9, rel=1e-4)


def test_a_worn_neckline_is_as_deep_as_it_is_however_wide_the_neck_was_read() -> None:
    product, garment = on_mannequin("short_sleeve_top")
    nothing = Mask(np.zeros(SIZE[::-1], np.uint8))
    blank = Occluders(nothing, nothing, nothing, nothing)

    def drop(share: float) -> float:
        worn = nearer(garment, "neck", share)
        trunk = plan_layout(worn, product, measure_body(make_pose()), RIGS[garment.kind], None, blank)
        controls = trunk.parts[0].controls
        at = dict(zip(controls.names, controls.person_xy, strict=True))
        return float(at["neck_front"][1] - (at["neck_left"][1] + at["neck_right"][1]) / 2)

    assert drop(0.8) == pytest.approx(drop(1.0), rel=0.1)


def test_straps_hang_on_the_slope_of_the_shoulders_and_not_on_their_tips() -> None:
    """On a mannequin the nearer to the neck straps are, the higher they lie; flat, their height is design."""
    rig, body = RIGS["sling"], measure_body(make_pose())
    _, garment = make_garment("sling")
    depths = [
        measure_garment(nearer(garment, "shoulder", share), body, rig.worn).depth for share in (0.7, 0.95)
    ]
    assert -0.14 <= depths[0] < depths[1] - 0.005 and depths[1] < rig.worn.places["shoulder"].depth
    flat = {measure_garment(nearer(garment, "shoulder", share), body, rig).depth for share in (0.7, 0.95)}
    assert flat == {rig.places["shoulder"].depth}
