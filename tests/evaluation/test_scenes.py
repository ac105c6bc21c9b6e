"""Scenes whose truth is known: a drape's own result, and the same one moved."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from flixpose import bootstrap, resources
from flixpose.cli.main import cli
from flixpose.errors import MissingInput
from flixpose.evaluation.drape import calibration
from flixpose.evaluation.scene_truth import TrueGarment
from flixpose.evaluation.scenes import SceneRow, drape_scene, evenly, find_scenes, summary
from flixpose.geometry.warp import invert_points
from flixpose.imaging.decode import read_image
from flixpose.pipeline import Tools, drape
from flixpose.settings import load_settings

SHIFT = 20.0
SIMULATED = Path(__file__).parents[1] / "data/scenes"
FROM_BEHIND = Path(__file__).parents[1] / "data/back/0000"


@pytest.fixture(scope="module")
def tools() -> Tools:
    return bootstrap.build(load_settings(), store_url="file:///nowhere")


@pytest.fixture(scope="module")
def scenes(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0000: the truth is what a drape does; 0001: the same, 20 px further down."""
    person = read_image(resources.SAMPLES / "persons/malik.jpg")
    product = read_image(resources.SAMPLES / "products/breton.jpg")
    draped = drape(person, product, tools, kind="long_sleeve_top", view="front")
    marks = draped.garment.landmarks
    middle, low = marks["neck_front"].astype(float), marks["hem_center"].astype(float)
    share = np.linspace(0.2, 0.7, 30)[:, None]
    product_xy = middle + (low - middle) * share
    worn_xy = invert_points(draped.parts[0].warp, product_xy)
    root = tmp_path_factory.mktemp("scenes")
    for number, shift in enumerate((0.0, SHIFT)):
        folder = root / f"{number:04d}"
        folder.mkdir()
        cv2.imwrite(str(folder / "person.png"), person.pixels[..., ::-1])
        cv2.imwrite(str(folder / "product.png"), product.pixels[..., ::-1])
        worn = np.roll(draped.visible.alpha, round(shift), axis=0)
        cv2.imwrite(str(folder / "worn.png"), draped.picture[..., ::-1])
        cv2.imwrite(str(folder / "worn_parts.png"), np.dstack([np.zeros_like(worn)] * 2 + [worn]))
        np.savez(folder / "correspondence.npz", product_xy=product_xy, worn_xy=worn_xy + np.array([0, shift]))
        told = {"kind": "long_sleeve_top", "pose": "down", "number": number, "yaw": 20.0 * number}
        (folder / "scene.json").write_text(json.dumps(told))
    return root


def test_a_drape_agrees_with_itself(scenes: Path, tools: Tools) -> None:
    row, _ = drape_scene(scenes / "0000", tools)
    assert row.iou > 0.999
    assert row.error is not None and row.error.p95 < 0.05
    assert row.good


def test_a_garment_worn_lower_is_missed_by_that_much(scenes: Path, tools: Tools) -> None:
    row, _ = drape_scene(scenes / "0001", tools)
    with np.load(scenes / "0001" / "correspondence.npz") as truth:
        height = np.ptp(truth["worn_xy"][:, 1])
    assert row.error is not None
    assert row.error.mean == pytest.approx(100 * SHIFT / height, rel=0.05)
    assert row.iou < 0.97
    assert not row.good


def test_unfinished_scenes_and_those_without_a_person_are_not_found(scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "0000").mkdir()
    (tmp_path / "0001").mkdir()
    (tmp_path / "0001/scene.json").write_text("{}")
    with pytest.raises(MissingInput):
        find_scenes(tmp_path)
    assert [path.name for path in find_scenes(scenes)] == ["0000", "0001"]


def test_the_command_tells_each_scene_and_draws_a_contact_sheet(scenes: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["evaluate", "drape", "--scenes", str(scenes), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    first, second = (next(line for line in lines if line.startswith(name)) for name in ("0000", "0001"))
    assert "IoU 1.000" in first and "good" in first
    assert "off" in second
    assert any(line.startswith("turned") for line in lines)
    sheet = read_image(tmp_path / "contact.jpg").pixels
    assert sheet.shape[0] == 224 and sheet.shape[1] > 900


def test_tables_count_failures_and_good_passes() -> None:
    rows = [SceneRow("0", "vest", "down", code="no_person"), SceneRow("1", "vest", "hip", "pass", iou=0.9)]
    assert summary(rows)["vest"]["failed"] == 1
    assert summary(rows)["all"]["iou"] == pytest.approx(0.45)
    assert calibration(rows) == {"pass": (1, 0)}


def test_places_are_compared_evenly_over_the_product_photo() -> None:
    crowded = np.concatenate([np.full((50, 2), 3.5), [[20.5, 3.5], [20.5, 30.5]]])
    assert evenly(crowded, 4.0).tolist() == [0, 50, 51]


@pytest.mark.parametrize("name", ["0004", "0007", "0010"])
def test_simulated_garments_are_draped_about_where_they_are_worn(name: str, tools: Tools) -> None:
    row, _ = drape_scene(SIMULATED / name, tools)
    assert row.iou > 0.85
    assert row.error is not None and row.error.mean < 4.0
    assert row.error.compared > 0.9


def test_the_true_garment_is_read_from_the_scene() -> None:
    garment = TrueGarment(SIMULATED / "0010")(read_image(SIMULATED / "0010/product.png"))
    assert (garment.kind, garment.view) == ("short_sleeve_top", "front")
    marks = garment.landmarks
    assert marks["neck_left"][0] > marks["neck_front"][0] > marks["neck_right"][0]
    assert marks.score("neck_back") < marks.score("neck_front")
    x, y = marks["hem_center"].astype(int)
    assert garment.mask.alpha[y - 4, x] == 255
    assert marks.has("side_left_2")


def test_the_true_garment_is_told_from_the_read_one() -> None:
    arguments = ["evaluate", "drape", "--scenes", str(SIMULATED), "--limit", "1", "--causes", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["with_true_garment"]["all"]["count"] == told["summary"]["all"]["count"] == 1


def test_a_back_is_draped_on_a_person_seen_from_behind(tools: Tools, tmp_path: Path) -> None:
    row, draped = drape_scene(FROM_BEHIND, tools)
    assert (row.view, row.code) == ("back", None)
    assert row.iou > 0.8 and row.error is not None and row.error.mean < 5.0
    assert draped is not None and draped.garment.view == "back"
    joints = draped.pose.keypoints
    assert joints["left_shoulder"][0] < joints["right_shoulder"][0]
    told = json.loads((FROM_BEHIND / "scene.json").read_text())
    for name in ("left_shoulder", "right_hip", "right_elbow"):
        assert np.hypot(*(joints[name] - told["keypoints"][name][:2])) < 8
    # told to be a front, it does not fit such a person
    front = tmp_path / "0000"
    shutil.copytree(FROM_BEHIND, front)
    (front / "scene.json").write_text(json.dumps(told | {"view": "front"}))
    assert drape_scene(front, tools)[0].code == "view_mismatch"


def test_the_true_back_has_no_front_neckline_and_the_wearers_names() -> None:
    garment = TrueGarment(FROM_BEHIND)(read_image(FROM_BEHIND / "product.png"))
    marks = garment.landmarks
    assert garment.view == "back" and not marks.has("neck_front")
    for a, b in (("neck_left", "neck_right"), ("hem_left", "hem_right"), ("armpit_left", "armpit_right")):
        assert marks[a][0] < marks["hem_center"][0] < marks[b][0]
    assert marks.score("neck_back") == marks.score("hem_center") > 0.9


def test_backs_and_open_outwear_are_summed_up_on_their_own() -> None:
    rows = [
        SceneRow("0", "vest", "down", "pass", iou=0.5, view="back"),
        SceneRow("1", "long_sleeve_outwear", "hip", "pass", iou=0.9, open=True),
        SceneRow("2", "vest", "hip", "pass", iou=0.7),
    ]
    means = summary(rows)
    assert (means["from behind"]["iou"], means["worn open"]["iou"]) == (0.5, 0.9)
    assert "from behind" not in summary(rows[1:])
