"""A hanging arm that an old top hides below bare skin goes on there, and nothing but it."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, measure_body
from flixpose.fit.covered_arms import find_covered_arms
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.remnants import paint_remnants
from flixpose.structures.image import Image, Mask
from tests.fit.figures import PAPER, SKIN, WORN, paint_person

TOP, FOOT = 330, 400  # rows between which the old top hides the left arm
HALF = 13.0  # half an arm's width

Plane = NDArray[np.bool_]


@cache
def person(bare_from: int = 250) -> tuple[Image, Body, Occluders, Mask, NDArray[np.float64], Plane]:
    """A bare left arm under a top that hangs over it; also how far pixels lie outwards of its bones."""
    image, pose, labels = paint_person("hanging")
    assert pose.mask is not None
    body = measure_body(pose)
    shoulder, elbow, wrist = (body.joints[f"left_{name}"] for name in ("shoulder", "elbow", "wrist"))
    y, x = np.mgrid[: image.height, : image.width] + 0.5
    bone = np.interp(y, [shoulder[1], elbow[1], wrist[1]], [shoulder[0], elbow[0], wrist[0]])
    arm = (np.abs(x - bone) < HALF) & (y > shoulder[1]) & (y < wrist[1] + 30) & (x > 350)
    hides = (y > TOP) & (y < FOOT) & (x > 330) & (x - bone < 24)
    pixels = image.pixels.copy()
    pixels[arm], pixels[hides] = SKIN, WORN
    occluders = find_occluders(image, body, pose.mask)
    worn = (labels == 3) | hides | (arm & (y < bare_from))
    masks = replace(
        occluders,
        arms=Mask(np.where(arm & ~worn, 255, 0).astype(np.uint8)),
        worn_upper=Mask((worn * 255).astype(np.uint8)),
    )
    whole = Mask(np.where(arm | hides, 255, pose.mask.alpha).astype(np.uint8))
    return replace(image, pixels=pixels), body, masks, whole, x - bone, hides


def drawn(outline: NDArray[np.float64], shape: tuple[int, ...]) -> Plane:
    plane = np.zeros(shape, np.uint8)
    cv2.fillPoly(plane, [np.round(outline - 0.5).astype(np.int32)], 1)
    return plane > 0


def test_its_outline_runs_on_from_bare_skin_to_bare_skin() -> None:
    _, body, masks, _, off, hides = person()
    (arm,) = find_covered_arms(body, masks)["left"]
    inside, aside = (drawn(outline, off.shape) for outline in (arm.outline, arm.beyond))
    rows = np.zeros_like(hides)
    rows[TOP + 4 : FOOT - 4] = True
    assert inside[rows & (np.abs(off) < HALF - 3)].all()
    assert not inside[rows & (np.abs(off) > HALF + 3)].any()
    assert aside[hides & rows & (off > HALF + 3)].all() and not aside[rows & (off < HALF - 3)].any()


def test_a_sleeve_down_to_the_hand_is_no_such_stretch() -> None:
    _, body, masks, _, _, _ = person(bare_from=FOOT + 10)
    assert not find_covered_arms(body, masks)


def test_beside_a_narrower_top_the_arm_is_painted_and_background_beyond() -> None:
    photo, body, masks, whole, off, hides = person()
    seen = np.where((masks.worn_upper.alpha > 0) & (off < -HALF / 2), 255, 0).astype(np.uint8)
    found = paint_remnants(photo.pixels, seen, "sling", body, masks, whole)
    rows = np.zeros_like(hides)
    rows[TOP + 4 : FOOT - 4] = True
    skin, paper = rows & (off > 3 - HALF / 2) & (off < HALF - 3), rows & hides & (off > HALF + 3)
    assert np.abs(found.picture[skin].astype(int) - SKIN).mean() < 6
    assert np.abs(found.picture[paper].astype(int) - PAPER).mean() < 6
    assert found.background[paper].all() and not found.background[skin].any()
    assert found.guesses is not None and found.guesses[skin].mean() > 0.9, "told as guesswork"
