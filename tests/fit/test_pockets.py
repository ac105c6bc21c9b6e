"""Hands that go into pockets, on drawn people: sleeves end where the lower clothes begin."""

from dataclasses import replace

import numpy as np
import pytest

from flixpose.fit.body import Body, measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.pockets import into_pockets, pocket_edge
from flixpose.fit.stack import Sheet
from flixpose.structures.image import Box
from tests.fit.figures import BELOW, SIZE, paint_person
from tests.fit.test_occluders import hand_at, window

EDGE = 1.42  # shoulder widths below the shoulders
POCKET = window((0.55, EDGE), (0.9, 2.2))


def standing(*, in_pocket: bool) -> tuple[Body, Occluders]:
    image, pose, _ = paint_person("hanging")
    pixels = image.pixels.copy()
    if in_pocket:
        pixels[POCKET] = BELOW
    body = measure_body(pose)
    return body, find_occluders(replace(image, pixels=pixels), body, pose.mask)


def sheets() -> dict[str, Sheet]:
    """Sleeves that cover the whole photo."""
    cloth = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    box = Box(0.0, 0.0, float(SIZE[0]), float(SIZE[1]))
    return {name: Sheet(cloth, box) for name in ("torso", "left_sleeve", "right_sleeve")}


def test_an_arm_ends_where_the_lower_clothes_begin() -> None:
    body, occluders = standing(in_pocket=True)
    found = pocket_edge(body, "left", occluders)
    assert found is not None
    edge, along = found
    assert (edge - body.mid_shoulder) @ body.down == pytest.approx(EDGE * 150, abs=6)
    assert along @ body.down > 0.95
    assert pocket_edge(body, "right", occluders) is None


def test_hands_that_are_seen_are_in_no_pocket() -> None:
    body, occluders = standing(in_pocket=False)
    assert pocket_edge(body, "left", occluders) is None
    assert pocket_edge(body, "right", occluders) is None


def test_only_the_sleeve_of_the_hidden_hand_is_cut() -> None:
    body, occluders = standing(in_pocket=True)
    drawn = into_pockets(sheets(), occluders, body)
    past, before = window((0.6, 1.52), (0.8, 1.8)), window((0.6, 1.0), (0.8, 1.35))
    assert drawn["left_sleeve"].patch[past].max() == 0
    assert drawn["left_sleeve"].patch[before].min() == 255
    assert drawn["torso"].patch.min() == drawn["right_sleeve"].patch.min() == 255


def test_a_hand_that_was_read_and_clothes_of_one_colour_cut_nothing() -> None:
    body, occluders = standing(in_pocket=True)
    wrist = tuple((body.joints["left_wrist"] - body.mid_shoulder) / 150)
    read = replace(body, hands=(hand_at((float(wrist[0]), float(wrist[1]))),))
    for some in (
        into_pockets(sheets(), occluders, read),
        into_pockets(sheets(), replace(occluders, parted=False), body),
    ):
        assert min(int(sheet.patch.min()) for sheet in some.values()) == 255
