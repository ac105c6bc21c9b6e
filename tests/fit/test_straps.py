"""Straps keep their breadth; what reaches from the neck to the shoulder's tip goes where rigs put it."""

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.measure import measure_garment
from flixpose.fit.stack import Sheet
from flixpose.fit.straps import over_shoulders
from flixpose.structures.image import Box
from tests.fit.figures import make_garment, paint_person
from tests.fit.test_layout import RIGS, lay, own, target


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_strap_is_as_broad_as_on_the_garment(side: str) -> None:
    _, pose, _ = paint_person()
    product, garment = make_garment("sling")
    trunk = lay(product, garment, pose).parts[0].controls
    body = measure_body(pose)
    frame = measure_garment(garment, body, RIGS["sling"], pose.mask)
    ends = f"neck_{side}", f"shoulder_{side}"
    breadth = float(np.linalg.norm(garment.landmarks[ends[0]] - garment.landmarks[ends[1]])) * frame.scale
    placed = [target(trunk, name) for name in ends]
    assert float(np.linalg.norm(placed[1] - placed[0])) == pytest.approx(breadth, abs=2.0)
    across = [abs(own(body, place)[0]) for place in placed]
    assert 0.25 < across[0] < across[1] < 0.56, "between neck and shoulder's tip"


def test_a_shoulder_is_no_strap() -> None:
    _, pose, _ = paint_person()
    trunk = lay(*make_garment("short_sleeve_top"), pose).parts[0].controls
    body = measure_body(pose)
    across = [own(body, target(trunk, name))[0] for name in ("neck_left", "shoulder_left")]
    assert across[1] - across[0] > 0.25


def test_what_stands_in_the_air_above_shoulders_is_not_drawn() -> None:
    _, pose, _ = paint_person("hanging")
    body = measure_body(pose)
    assert pose.mask is not None
    patch = np.full((300, 200, 4), 255, np.uint8)
    drawn = Sheet(patch, Box(220.0, 150.0, 420.0, 450.0))
    cut = over_shoulders(drawn, body, pose.mask).patch[..., 3]
    person = pose.mask.alpha[150:450, 220:420]
    air = cv2.dilate(person, np.ones((13, 13), np.uint8)) == 0
    line = np.flatnonzero(person[:, 30])[0]
    assert cut[: line - 6, 25:35].max() == 0 and cut[air][:500].max() == 0
    assert (cut[person == 255] == 255).all() and (cut[150:] == 255).all(), "below, cloth hangs free"
    assert (patch == 255).all()


def test_cloth_on_the_body_alone_is_left_as_it_is() -> None:
    _, pose, _ = paint_person("hanging")
    assert pose.mask is not None
    low = Sheet(np.full((40, 40, 4), 255, np.uint8), Box(300.0, 400.0, 340.0, 440.0))
    assert over_shoulders(low, measure_body(pose), pose.mask) is low
