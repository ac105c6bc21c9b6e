"""Hair of people seen from behind: it hangs over the back, and no face tells skin from it."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import measure_body
from flixpose.fit.occluders import find_occluders
from flixpose.structures.found import Pose
from flixpose.structures.image import Image
from tests.fit.figures import HAIR, SKIN, paint_person


def from_behind(*, hair: bool) -> tuple[Image, Pose, NDArray[np.bool_]]:
    """A back with a head of hair that hangs over the shoulders, or a bald one; and where the hair is."""
    photo, pose, _ = paint_person(view="back")
    low, high = pose.keypoints["left_shoulder"], pose.keypoints["nose"]
    middle = round(float((low[0] + pose.keypoints["right_shoulder"][0]) / 2))
    unit = float(abs(low[0] - pose.keypoints["right_shoulder"][0]))
    head = np.zeros(photo.pixels.shape[:2], np.uint8)
    cv2.ellipse(
        head, (middle, round(float(high[1]))), (round(0.25 * unit), round(0.42 * unit)), 0, 0, 360, 1, -1
    )
    if hair:
        top, foot = round(float(high[1])), round(float(low[1]) + 0.45 * unit)
        cv2.rectangle(head, (middle - round(0.24 * unit), top), (middle + round(0.24 * unit), foot), 1, -1)
    pixels = photo.pixels.astype(np.int16)
    grain = np.random.default_rng(2).normal(0, 7, head.shape)[..., None]
    pixels[head > 0] = (np.array(HAIR if hair else SKIN) + grain * hair)[head > 0]
    mask = np.where(head > 0, 255, pose.mask.alpha if pose.mask else 0).astype(np.uint8)
    assert pose.mask is not None
    seen = replace(pose, mask=replace(pose.mask, alpha=mask))
    told = replace(photo, pixels=np.clip(pixels, 0, 255).astype(np.uint8), sha256=f"behind {hair}")
    return told, seen, (head > 0) & hair


def test_hair_lies_over_the_back() -> None:
    photo, pose, hair = from_behind(hair=True)
    head = find_occluders(photo, measure_body(pose), pose.mask).head.alpha > 127
    assert measure_body(pose).view == "back"
    assert head[hair].mean() > 0.85
    below = np.arange(len(head))[:, None] > pose.keypoints["left_shoulder"][1] + 5
    assert head[hair & below].mean() > 0.8
    assert (head & ~hair).sum() < 0.2 * hair.sum()


def test_a_bald_head_and_its_neck_have_none_on_the_back() -> None:
    photo, pose, _ = from_behind(hair=False)
    head = find_occluders(photo, measure_body(pose), pose.mask).head.alpha > 127
    row = int(pose.keypoints["left_shoulder"][1]) + 20
    assert not head[row:].any()
