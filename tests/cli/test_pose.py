import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.cli.main import main
from flixpose.pose.skeletons import COCO_17
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture
def photo(shared: Path) -> Path:
    return shared / "photos" / "persons" / "magento_wt07-green_main.jpg"


@pytest.mark.usefixtures("estimator")
def test_json_holds_the_people_in_the_houses_frame(photo, capsys):
    assert run("pose", photo, "--json", "-") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["file"], row["width"], row["height"]) == (str(photo), 1274, 1580)
    (found,) = row["instances"]
    assert set(found) == {"box", "score", "keypoints", "world", "hands", "face"} and found["score"] > 0.9
    assert [hand["kind"] for hand in found["hands"]] == ["left_hand", "right_hand"]
    assert [len(hand["keypoints"]) for hand in found["hands"]] == [21, 21]
    assert found["face"]["skeleton"] == "face_36" and len(found["face"]["keypoints"]) == 36
    assert set(found["world"][0]) == {"name", "x", "y", "z"} and len(found["world"]) == 33
    assert len(found["keypoints"]) == 33 and set(found["keypoints"][0]) == {"name", "x", "y", "score"}
    reference = json.loads((photo.parent.parent / "mediapipe_pose.json").read_text())
    nose = next(entry for entry in reference if entry["file"] == photo.name)["keypoints"][0]
    assert (found["keypoints"][0]["x"], found["keypoints"][0]["y"]) == pytest.approx(
        (nose["x"], nose["y"]), abs=0.5
    )


@pytest.mark.usefixtures("estimator")
def test_a_file_that_cannot_be_read_does_not_stop_the_rest(photo, tmp_path, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:5000])
    out = tmp_path / "out" / "poses.json"
    arguments = ("pose", broken, tmp_path / "absent.png", photo, "--json", out, "--skeleton", "coco_17")
    assert run(*arguments, "--overlay", tmp_path / "drawn") == 3
    said = capsys.readouterr().err
    assert "unreadable_image" in said and "broken.jpg" in said and "missing_input" in said
    (row,) = json.loads(out.read_text())
    assert row["file"] == str(photo)
    assert [point["name"] for point in row["instances"][0]["keypoints"]] == list(COCO_17.names)
    assert [file.name for file in (tmp_path / "drawn").iterdir()] == [f"{photo.stem}.png"]
    drawn = cv2.imread(str(tmp_path / "drawn" / f"{photo.stem}.png"))
    assert drawn.shape == (1580, 1274, 3) and (drawn != cv2.imread(str(photo))).any()


@pytest.mark.usefixtures("estimator")
def test_a_photo_of_nobody_has_no_people(tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "empty.png"), np.full((200, 200, 3), 90, np.uint8))
    assert run("pose", tmp_path / "empty.png") == 0
    assert capsys.readouterr().out.strip().endswith("empty.png: nobody")


@pytest.mark.usefixtures("estimator")
def test_photos_of_one_name_get_drawings_of_their_own(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "x.png"), np.full((80, 80, 3), 90, np.uint8))
    assert run("pose", tmp_path / "a" / "x.png", tmp_path / "b" / "x.png", "--overlay", tmp_path / "o") == 0
    assert sorted(file.name for file in (tmp_path / "o").iterdir()) == ["x-2.png", "x.png"]


def test_without_weights_the_remedy_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path))
    assert run("pose", "photo.jpg", "--json", "-") == 1
    failure = json.loads(capsys.readouterr().err)["error"]
    assert failure["code"] == "weights_missing" and "flixpose models pull" in failure["advice"]


def test_usage_is_told_apart_from_failure(capsys):
    assert run("pose") == 2
    assert run("pose", "x.jpg", "--skeleton", "openpose") == 2
