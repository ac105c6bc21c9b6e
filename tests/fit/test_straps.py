"""Straps keep their breadth; what reaches from the neck to the shoulder's tip goes where rigs put it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.layout import plan_layout
from flixpose.fit.measure import measure_garment
from flixpose.fit.stack import Sheet
from flixpose.fit.straps import over_shoulders
from flixpose.structures.image import Box
from tests.fit.figures import make_garment, make_pose, paint_person
from tests.fit.test_layout import BLANK, RIGS, lay, own, target


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


@pytest.mark.parametrize("narrower", [0.0, 20.0])
def test_a_vest_from_a_mannequin_keeps_how_far_its_shoulders_reach(narrower: float) -> None:
    """It is a matter of design, and seen; no rig knows it."""
    product, garment = make_garment("vest")
    xy, index = garment.landmarks.xy.copy(), garment.landmarks.skeleton.index
    xy[index["shoulder_left"], 0] -= narrower
    xy[index["shoulder_right"], 0] += narrower
    garment = replace(garment, landmarks=replace(garment.landmarks, xy=xy))
    rig = RIGS["vest"].worn
    assert rig is not None
    body = measure_body(make_pose())
    trunk = plan_layout(garment, product, body, rig, None, BLANK).parts[0].controls
    frame = measure_garment(garment, body, rig)
    for side in ("left", "right"):
        reach = abs(frame.own(garment.landmarks[f"shoulder_{side}"], body)[0])
        assert abs(own(body, target(trunk, f"shoulder_{side}"))[0]) == pytest.approx(reach, abs=0.01)


def test_straps_near_the_neck_hang_higher() -> None:
    _, garment = make_garment("sling")
    rig, body = RIGS["sling"].worn, measure_body(make_pose())
    assert rig is not None
    depths = []
    for share in (1.0, 0.7):
        xy, index = garment.landmarks.xy.copy(), garment.landmarks.skeleton.index
        ends = [index[f"shoulder_{side}"] for side in ("left", "right")]
        xy[ends, 0] = xy[ends, 0].mean() + share * (xy[ends, 0] - xy[ends, 0].mean())
        moved = replace(garment, landmarks=replace(garment.landmarks, xy=xy))
        depths.append(measure_garment(moved, body, rig).depth)
    assert -0.15 < depths[1] < depths[0] < -0.08


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
