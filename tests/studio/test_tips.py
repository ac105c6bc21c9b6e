"""Shoulder tips of simulated garments, read off the outline."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.studio.simulated.straps import strap_tops
from flixpose.studio.simulated.tips import relabel, shoulder_tips

# a top with caps: the right half of its outline, px about the neck's middle
_HALF = [(30, 0), (80, 18), (130, 80), (110, 130), (90, 120), (90, 300)]


def _region() -> np.ndarray:
    half = np.array(_HALF)
    outline = np.vstack([half, (half * (-1, 1))[::-1]]) + np.array([200, 40])
    region = np.zeros((400, 400), np.uint8)
    cv2.fillPoly(region, [outline.astype(np.int32)], 255)
    return region


def _marks(tip: tuple[float, float]) -> dict[str, list[float]]:
    marks = {}
    for name, side in (("left", 1), ("right", -1)):
        for mark, (x, y) in (
            (f"neck_{name}", (30, 0)),
            (f"shoulder_{name}", tip),
            (f"cuff_{name}_outer", (130, 80)),
            (f"armpit_{name}", (90, 120)),
        ):
            marks[mark] = [200 + side * x, 40.0 + y, 2.0]
    return marks


def test_a_caps_shoulder_is_the_corner_of_the_outline_whatever_was_sewn() -> None:
    found = shoulder_tips(_region() > 127, _marks((118, 66)))
    assert set(found) == {"shoulder_left", "shoulder_right"}
    for name, x in (("left", 280), ("right", 120)):
        assert found[f"shoulder_{name}"] == pytest.approx([x, 58, 2], abs=6)


def test_a_shoulder_without_a_corner_is_a_guess_and_a_covered_one_stays() -> None:
    region = np.zeros((400, 400), np.uint8)
    cv2.fillPoly(
        region, [np.array([(170, 40), (70, 120), (110, 340), (290, 340), (330, 120), (230, 40)])], 255
    )
    straight = shoulder_tips(region > 127, _marks((80, 40)))
    assert straight["shoulder_left"] == [280, 80, 1]
    moved = _marks((80, 18)) | {"neck_left": [260.0, 20.0, 2.0]}
    assert set(shoulder_tips(_region() > 127, moved)) == {"shoulder_right"}


def test_a_sleeveless_garment_keeps_its_own() -> None:
    bare = {name: at for name, at in _marks((80, 18)).items() if "cuff" not in name}
    assert shoulder_tips(_region() > 127, bare) == {}


def test_a_finished_scene_is_told_anew_once(tmp_path: Path) -> None:
    parts = np.zeros((400, 400, 3), np.uint8)
    parts[..., 2] = _region()
    for picture in ("product", "ghost"):
        cv2.imwrite(str(tmp_path / f"{picture}_parts.png"), parts)
    old = {picture: _marks((118, 66)) for picture in ("product", "ghost", "worn")}
    path = tmp_path / "scene.json"
    path.write_text(json.dumps({"kind": "short_sleeve_top", "landmarks": old}))
    told = relabel(tmp_path)["landmarks"]
    assert told["product"]["shoulder_left"][0] == pytest.approx(280, abs=6)
    assert told["worn"] == old["worn"], "a person's elbow bends an outline too"
    written = path.read_bytes()
    assert relabel(tmp_path)["landmarks"] == told and path.read_bytes() == written


def test_a_slings_strap_has_one_top() -> None:
    marks = {
        "neck_left": [200.0, 60.0, 2.0],
        "shoulder_left": [210.0, 64.0, 1.0],
        "neck_right": [100.0, 60.0, 2.0],
        "armpit_left": [230.0, 120.0, 2.0],
    }
    told = strap_tops(marks)
    assert told["neck_left"] == [205.0, 62.0, 1.0], "half-way, and a guess where one corner is"
    assert told["neck_right"] == marks["neck_right"] and told["armpit_left"] == marks["armpit_left"]
    assert not any(name.startswith("shoulder") for name in told)
    assert strap_tops(told) == told
    assert "shoulder_left" in marks
