"""The report and the layers of a drape: complete, plain, the same every time, and exact."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil
from psd_tools import PSDImage

from flixpose.geometry.warp import map_points, warp_from_json
from flixpose.pipeline import drape
from flixpose.stages.layers import layer_files
from flixpose.stages.report import report
from flixpose.structures.drape import Drape
from tests.stages.scene import SIZE, Scene, scene, tools_for
from tests.stages.test_composite import grown


@pytest.fixture(scope="module")
def seen() -> Scene:
    return scene("short_sleeve_dress", "akimbo")


@pytest.fixture(scope="module")
def told(seen: Scene) -> dict[str, Any]:
    """The report, as a program reads it."""
    return json.loads(json.dumps(report(seen.drape), allow_nan=False))


@pytest.fixture(scope="module")
def layers(seen: Scene) -> dict[str, bytes]:
    return layer_files(seen.drape)


def again(seen: Scene) -> Drape:
    return drape(seen.person, seen.product, tools_for((seen.pose,), seen.garment))


def test_the_same_inputs_give_the_same_bytes(seen: Scene, layers: dict[str, bytes]) -> None:
    other = again(seen)
    assert other is not seen.drape
    assert json.dumps(report(other)) == json.dumps(report(seen.drape))
    assert layer_files(other) == layers
    assert (other.picture == seen.drape.picture).all()
    assert "milliseconds" not in report(seen.drape)


def test_models_are_told_with_what_an_audit_needs(told: dict[str, Any]) -> None:
    assert [model["name"] for model in told["models"]] == ["drawn", "drawn", "known poses"]
    for model in told["models"]:
        assert all(model[field] for field in ("name", "version", "licence", "task", "origin"))
        assert len(model["sha256"]) == 64 and int(model["sha256"], 16) >= 0


def test_keypoints_and_landmarks_are_told_by_name(seen: Scene, told: dict[str, Any]) -> None:
    for found, group, points in (
        (seen.pose.keypoints, told["person"]["keypoints"], 33),
        (seen.garment.landmarks, told["garment"]["landmarks"], len(seen.garment.landmarks.skeleton)),
    ):
        assert len(group) == points
        for row in group:
            assert (row["x"], row["y"]) == pytest.approx(found[row["name"]], abs=1e-3)
            assert row["score"] == pytest.approx(found.score(row["name"]), abs=1e-4)
    assert told["person"]["score"] == pytest.approx(0.95)
    assert told["person"]["skeleton"] == "blazepose_33"
    assert (told["garment"]["kind"], told["garment"]["view"]) == ("short_sleeve_dress", "front")
    assert told["garment"]["score"] == pytest.approx(0.95)
    assert told["garment"]["kind_score"] == told["garment"]["view_score"] == 1.0


def test_inputs_are_told_by_content(seen: Scene, told: dict[str, Any]) -> None:
    for name, image in (("person", seen.person), ("product", seen.product)):
        assert told["inputs"][name] == {"width": image.width, "height": image.height, "sha256": image.sha256}


def test_control_points_and_homographies_are_told_for_every_part(seen: Scene, told: dict[str, Any]) -> None:
    assert [part["name"] for part in told["parts"]] == ["torso", "left_sleeve", "right_sleeve"]
    for part, solved in zip(told["parts"], seen.drape.parts, strict=True):
        assert np.array(part["homography"]) == pytest.approx(solved.warp.homography, abs=0)
        assert part["fold_ratio"] == 0.0 and part["stretch"][0] <= part["stretch"][1]
        assert len(part["control_points"]) == len(solved.controls) >= 10
        for n, row in enumerate(part["control_points"]):
            assert row["name"] == solved.controls.names[n]
            assert row["person"] == pytest.approx(solved.controls.person_xy[n], abs=1e-3)
            assert row["garment"] == pytest.approx(solved.controls.garment_xy[n], abs=1e-3)
            assert row["weight"] == solved.controls.weights[n]
            assert row["residual_px"] == pytest.approx(solved.residual_px[n], abs=1e-3)


def test_figures_have_units_and_reasons_name_their_figures(told: dict[str, Any]) -> None:
    quality = told["quality"]
    assert quality["verdict"] in ("pass", "review", "fail")
    assert (quality["verdict"] == "pass") == (not quality["reasons"])
    assert {"coverage", "fold_ratio", "delta_e_mean", "stretch_p95"} <= set(quality["figures"])
    assert all(set(figure) == {"value", "unit"} for figure in quality["figures"].values())
    assert quality["figures"]["coverage"]["unit"] == "%"
    for reason in quality["reasons"]:
        assert reason["value"] == quality["figures"][reason["figure"]]["value"] != reason["threshold"]


def test_further_people_are_listed(seen: Scene) -> None:
    draped = drape(seen.person, seen.product, tools_for((seen.pose, seen.pose), seen.garment))
    assert [other["score"] for other in report(draped)["others"]] == [0.95]
    assert report(seen.drape)["others"] == []


def test_layers_have_the_persons_size(layers: dict[str, bytes]) -> None:
    masks = ("visible", "person", "painted", "old_garment")
    modes = {"garment.png": "RGBA", "shadow.png": "L", "overlay.png": "RGB"}
    modes |= {f"{name}_mask.png": "L" for name in masks}
    assert set(layers) == {*modes, "layers.psd", "warp.json"}
    for name, mode in modes.items():
        with Pil.open(io.BytesIO(layers[name])) as picture:
            assert (picture.size, picture.mode, picture.format) == (SIZE, mode, "PNG")


def test_layers_hold_what_was_drawn(seen: Scene, layers: dict[str, bytes]) -> None:
    def pixels(name: str) -> np.ndarray:
        return np.asarray(Pil.open(io.BytesIO(layers[name])))

    assert (pixels("garment.png") == seen.drape.garment_layer).all()
    assert (pixels("visible_mask.png") == seen.drape.visible.alpha).all()
    assert (pixels("person_mask.png") == seen.drape.person_mask.alpha).all()
    for name in ("shadow", "painted", "old_garment"):
        file = f"{name}.png" if name == "shadow" else f"{name}_mask.png"
        assert (pixels(file) == getattr(seen.drape, name).alpha).all()
    drawn_over = (pixels("overlay.png") != seen.drape.picture).any(axis=2)
    assert 0.002 < drawn_over.mean() < 0.3


def test_the_layered_file_opens_and_its_layers_make_the_picture(
    seen: Scene, layers: dict[str, bytes]
) -> None:
    psd = PSDImage.open(io.BytesIO(layers["layers.psd"]))
    names = [layer.name for layer in psd]
    assert names == ["person", "painted", "shadow", "short_sleeve_dress"]
    assert (np.asarray(psd.topil()) == seen.drape.picture).all()
    with Pil.open(io.BytesIO(layers["layers.psd"])) as other:
        assert (np.asarray(other) == seen.drape.picture).all(), "a viewer that knows no layers"
    canvas = np.zeros(seen.drape.picture.shape, np.float64)
    for layer in psd:
        here = np.s_[layer.top : layer.bottom, layer.left : layer.right]
        colour = np.asarray(layer.topil())[..., :3]
        mask = np.asarray(layer.mask.topil()) / 255 if layer.has_mask() else np.ones(colour.shape[:2])
        canvas[here] += mask[..., None] * (colour - canvas[here])
    off = np.abs(canvas - seen.drape.picture).max(axis=2)
    soft = grown((seen.drape.visible.alpha % 255) > 0, 1)
    assert off[~soft].max() <= 4 and off.mean() < 0.3


def test_the_warp_read_back_maps_points_exactly(seen: Scene, layers: dict[str, bytes]) -> None:
    stored = json.loads(layers["warp.json"])
    assert stored["person"] == {"width": SIZE[0], "height": SIZE[1], "sha256": seen.person.sha256}
    assert set(stored["parts"]) == {part.name for part in seen.drape.parts}
    xy = np.random.default_rng(5).uniform((0, 0), SIZE, (200, 2))
    for part in seen.drape.parts:
        warp = warp_from_json(stored["parts"][part.name])
        assert (map_points(warp, xy) == map_points(part.warp, xy)).all()
        assert map_points(warp, part.controls.person_xy) == pytest.approx(part.controls.garment_xy, abs=60)
    trunk = seen.drape.parts[0]
    assert map_points(trunk.warp, trunk.controls.person_xy) == pytest.approx(
        trunk.controls.garment_xy, abs=0.5
    )
