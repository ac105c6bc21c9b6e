"""Painted background has a way out: shut in by arm, garment and hip it is a hole in the person."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.enclosed import enclosed, open_out
from flixpose.fit.remnant import Remnant
from flixpose.fit.remnants import paint_remnants
from flixpose.fit.setting import OUTSIDE, Setting
from flixpose.structures.image import Mask
from tests.fit.figures import PAPER, SKIN, WORN
from tests.fit.test_remnants import covered, person


def test_a_piece_needs_a_way_out_and_must_lie_on_no_bone() -> None:
    painted, outside, bones = (np.zeros((60, 90), bool) for _ in range(3))
    painted[10:30, 10:20] = painted[10:30, 40:50] = painted[10:30, 70:80] = painted[50, 50] = True
    outside[:, 20:24] = outside[:, 80:84] = True
    bones[:, 72:76] = True
    shut, arms = enclosed(painted, outside, bones, 100.0)
    assert shut[10:30, 40:50].all() and shut.sum() == 200
    assert arms[10:30, 70:80].all() and arms.sum() == 200


def test_on_bones_lies_no_more_than_an_arm() -> None:
    painted, outside, bones = (np.zeros((60, 90), bool) for _ in range(3))
    painted[10:30, 56:80], bones[:, 72:76] = True, True
    shut, arms = enclosed(painted, outside, bones, 100.0)
    assert arms[10:30, 68:80].all() and not arms[:, :66].any()
    assert shut[10:30, 56:66].all() and not (shut & arms).any()


def closed_in(below: bool) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """What is painted of old cloth between the hip and an arm, that closes the gap `below` or not."""
    image, pose, labels, occluders = person()
    shirt, trousers = labels == 3, occluders.worn_lower.alpha > 230
    foot = np.flatnonzero(shirt[:, 320])[-1]
    edge = int(np.flatnonzero(trousers[foot + 1 : foot + 8].any(axis=0))[-1]) + 1
    gap, arm = np.zeros(shirt.shape, bool), np.zeros(shirt.shape, bool)
    gap[foot - 16 : foot + 6, edge : edge + 12] = True
    arm[foot - 60 : foot + 60, edge + 12 : edge + 40] = True
    arm[foot + 6 : foot + 60, edge : edge + 12] = below
    masks = replace(
        occluders,
        worn_upper=Mask(np.where(gap, 255, occluders.worn_upper.alpha).astype(np.uint8)),
        arms=Mask(np.where(arm, 255, occluders.arms.alpha).astype(np.uint8)),
    )
    mask = np.where(gap | arm, 255, pose.mask.alpha)
    if not below:
        mask[foot + 6 : foot + 60, edge : edge + 12] = 0
    seen = covered(hem=16)
    seen[foot - 60 : foot - 16, edge - 20 : edge + 12] = 255
    pixels, body = image.pixels.copy(), measure_body(pose)
    pixels[gap], pixels[arm] = WORN, SKIN
    found = paint_remnants(pixels, seen, "short_sleeve_top", body, masks, Mask(mask.astype(np.uint8)))
    inner = cv2.erode(gap.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert (found.mask.alpha[inner] > 0).any()
    return found.picture[inner].astype(int), found.background[inner]


def test_between_an_arm_a_garment_and_a_hip_no_paper_is_painted() -> None:
    shut, bare = closed_in(below=True)
    paper = np.abs(shut - PAPER).mean(axis=1) < 25
    assert paper.mean() < 0.1 and not bare.any()
    open_, bare = closed_in(below=False)
    assert (np.abs(open_ - PAPER).mean(axis=1) < 25).mean() > 0.9 and bare.mean() > 0.9


def test_what_was_shut_in_is_inferred() -> None:
    """A sleeve's background, painted before, between a hip on the left and cloth all around."""
    shut, none = np.zeros((60, 90), bool), np.zeros((60, 90), bool)
    shut[20:40, 30:50] = True
    hip, sources = none.copy(), np.zeros((4, 60, 90), bool)
    hip[20:40, 20:30] = sources[2, 20:40, 20:30] = True
    empty = np.zeros(0)
    away = np.full(sources.shape, np.inf, np.float32)
    place = Remnant(
        np.s_[0:60, 0:90], none, none.astype(np.int32), sources, away, empty.astype(np.intp), empty, empty,
        empty.astype(bool), none, none.copy(), none.copy(),
    )  # fmt: skip
    bits = np.where(np.arange(90) >= 80, OUTSIDE, 0).astype(np.uint16)
    setting = Setting(np.tile(bits, (60, 1)), (), ())
    seen = np.where(shut | hip, 0, 255).astype(np.uint8)
    open_out([place], shut, seen, np.zeros_like(seen), setting, 100.0)
    assert (place.inferred == shut).all() and (place.hole == shut).all()
    assert (place.away.argmin(axis=0)[shut] == 2).all()
