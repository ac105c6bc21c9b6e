"""Thin rims of the person beside a garment's edge are told, and painted as background."""

from dataclasses import replace

import cv2
import numpy as np

from flixpose.fit.body import measure_body
from flixpose.fit.occluders import find_occluders
from flixpose.fit.remnants import paint_remnants
from flixpose.fit.slivers import slivers
from tests.fit.figures import PAPER, SKIN, paint_person

IMAGE, POSE, LABELS = paint_person("spread")
BODY = measure_body(POSE)
OCCLUDERS = find_occluders(IMAGE, BODY, POSE.mask)


def narrower(by: int) -> np.ndarray:
    """A garment that ends `by` pixels within the shirt's outline."""
    return cv2.erode((LABELS == 3).astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1))) * np.uint8(255)


def test_a_thin_rim_beside_the_background_is_told() -> None:
    assert POSE.mask is not None
    found = slivers(narrower(2), BODY, OCCLUDERS, POSE.mask) > 0
    flank = (LABELS == 3) & (narrower(2) == 0)
    flank[:300] = flank[420:] = False
    assert flank.sum() > 300 and found[flank].mean() > 0.8
    # What lies between the garment and the legs, or before them, is no rim.
    inner = cv2.erode((LABELS > 0).astype(np.uint8), np.ones((15, 15))) > 0
    assert found[inner].mean() < 0.001
    assert not found[OCCLUDERS.head.alpha > 25].any()


def test_what_is_broad_is_no_rim_nor_is_a_loose_garment() -> None:
    assert POSE.mask is not None
    broad = slivers(narrower(9), BODY, OCCLUDERS, POSE.mask) > 0
    assert broad[(LABELS == 3) & (narrower(9) == 0)].mean() < 0.1
    loose = cv2.dilate((LABELS > 0).astype(np.uint8), np.ones((13, 13))) * np.uint8(255)
    assert not slivers(loose, BODY, OCCLUDERS, POSE.mask).any()


def test_skin_under_lace_is_no_rim() -> None:
    """A shirt of lace: solid threads, mesh between them, down to the shirt's outline."""
    assert POSE.mask is not None
    rows, columns = np.indices(LABELS.shape)
    motif = (rows + columns) // 6 % 2 == 0
    mesh = np.where((rows + columns) % 4 > 0, 70, 0)
    lace = np.where(LABELS == 3, np.where(motif, 255, mesh), 0).astype(np.uint8)
    assert (slivers(lace, BODY, OCCLUDERS, POSE.mask)[LABELS == 3] > 0).mean() < 0.03


def test_a_rim_of_skin_becomes_background_and_all_else_stays() -> None:
    """The mask's edge lies a little within the person's, as masks do."""
    assert POSE.mask is not None
    pixels, shirt = IMAGE.pixels.copy(), LABELS == 3
    pixels[shirt] = np.array(SKIN) + np.random.default_rng(1).integers(-3, 4, (int(shirt.sum()), 3))
    mask = replace(POSE.mask, alpha=cv2.erode(POSE.mask.alpha, np.ones((3, 3))))
    seen = narrower(2)
    found = paint_remnants(pixels, seen, "short_sleeve_top", BODY, OCCLUDERS, mask)
    flank = shirt & (seen == 0)
    flank[:300] = flank[420:] = False
    assert np.abs(found.picture[flank].astype(int) - PAPER).mean() < 12
    same = found.mask.alpha == 0
    assert (found.picture[same] == pixels[same]).all() and same.mean() > 0.95
