"""A set of simulated scenes as COCO, as photos to evaluate, and as samples to train on; no Blender needed."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from flixpose.errors import MissingInput
from flixpose.garment.kinds import KINDS
from flixpose.garment.shared_points import INDEX
from flixpose.studio.scenes import command
from flixpose.studio.simulated.annotations import BODY, write_annotations
from flixpose.studio.simulated.passes import Label
from flixpose.studio.simulated.samples import read_sample, scene_samples
from flixpose.training.samples import draw_many
from flixpose.training.simulated import read_scenes

WIDTH, HEIGHT = 60, 80
MARKS = {"waist_left": [45.0, 20.0, 2.0], "waist_right": [15.0, 20.0, 2.0], "hem_left": [50.0, 60.0, 2.0]}
MARKS |= {"hem_right": [10.0, 60.0, 1.0], "hem_center": [30.0, 60.0, 2.0]}


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """One scene: a red skirt, worn by a person who is a box."""
    folder = tmp_path / "0000"
    folder.mkdir()
    cloth = np.zeros((HEIGHT, WIDTH), np.uint8)
    cloth[20:60, 10:50] = 255
    labels = np.zeros_like(cloth)
    labels[5:75, 20:40] = Label.LEGS
    for picture in ("product", "ghost", "person", "worn"):
        photo = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
        if picture != "person":
            photo[cloth > 0] = (0, 0, 180)
            cv2.imwrite(str(folder / f"{picture}_parts.png"), np.dstack([cloth * 0, cloth * 0, cloth]))
        cv2.imwrite(str(folder / f"{picture}.png"), photo)
        cv2.imwrite(str(folder / f"{picture}_labels.png"), np.where(cloth > 0, Label.GARMENT, labels))
    size = [WIDTH, HEIGHT]
    truth = {
        "seed": 1,
        "number": 0,
        "kind": "skirt",
        "display": "legs",
        "size": {"product": size, "ghost": size, "worn": size},
        "landmarks": dict.fromkeys(("product", "ghost", "worn"), MARKS),
        "keypoints": {name: [30.5, 10.5, 2.0] for name in BODY},
    }
    (folder / "scene.json").write_text(json.dumps(truth))
    write_annotations(tmp_path, [truth])
    return tmp_path


def test_coco_tells_garment_and_person_of_each_picture(scenes: Path) -> None:
    told = json.loads((scenes / "annotations.json").read_text())
    assert [image["picture"] for image in told["images"]] == ["product", "ghost", "person", "worn"]
    names = {category["id"]: category["name"] for category in told["categories"]}
    by_picture: dict[int, list[str]] = {image["id"]: [] for image in told["images"]}
    for annotation in told["annotations"]:
        by_picture[annotation["image_id"]].append(names[annotation["category_id"]])
    assert list(by_picture.values()) == [["skirt"], ["skirt"], ["person"], ["skirt", "person"]]
    skirt = told["annotations"][0]
    assert skirt["bbox"] == [10, 20, 40, 40] and skirt["area"] == 1600
    at = KINDS["skirt"].names.index("hem_right") * 3
    assert skirt["keypoints"][at : at + 3] == [9.5, 59.5, 1]
    assert len(told["categories"]) == 14 and told["categories"][-1]["keypoints"] == list(BODY)


def test_photos_are_told_as_evaluate_garment_reads_them(scenes: Path) -> None:
    entries = json.loads((scenes / "landmarks.json").read_text())
    assert [entry["file"] for entry in entries] == ["0000_product.jpg", "0000_ghost.jpg"]
    assert all((scenes / "garments" / entry["file"]).is_file() for entry in entries)
    assert entries[0]["landmarks"]["waist_left"] == [44.5, 19.5]
    assert entries[0]["occluded"] == ["hem_right"]


def test_back_views_are_told_and_their_names_stay_the_wearers(scenes: Path) -> None:
    told = json.loads((scenes / "0000/scene.json").read_text())
    mirrored = {name: [WIDTH - x, y, v] for name, (x, y, v) in MARKS.items()}
    told |= {"view": "back", "landmarks": dict.fromkeys(("product", "ghost", "worn"), mirrored)}
    (scenes / "0000/scene.json").write_text(json.dumps(told))
    write_annotations(scenes, [told])
    entries = json.loads((scenes / "landmarks.json").read_text())
    assert {entry["view"] for entry in entries} == {"back"}
    sample = read_sample(scenes / "0000", "ghost")
    assert sample.view == "back" and sample.landmarks["hem_left"][0] < sample.landmarks["hem_right"][0]
    # what the net learns is named by the side of the picture
    points = draw_many(lambda seed, size: sample, range(1), 64).points[0]
    assert points[INDEX["hem_left"], 0] > points[INDEX["hem_right"], 0]


def test_samples_for_training_carry_their_marks_along(scenes: Path) -> None:
    assert len(scene_samples(scenes)) == 2
    plain = read_sample(scenes / "0000", "product")
    assert plain.kind == "skirt" and plain.display == "mannequin" and plain.landmarks["hem_right"][2] == 1
    photos = read_scenes(scenes, side=96, share=0.2)
    x, y, width, height = cv2.boundingRect((photos.samples.masks[0] > 127).astype(np.uint8))
    points = photos.samples.points[0]
    assert points[INDEX["hem_right"], :2] == pytest.approx((x, y + height), abs=1.0)
    assert points[INDEX["hem_left"], :2] == pytest.approx((x + width, y + height), abs=1.0)
    assert (photos.samples.points[:, INDEX["hem_center"], 2] == 2).all()


def test_a_folder_without_scenes_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="holds no scene"):
        scene_samples(tmp_path)


def test_a_finished_scene_is_kept_and_another_set_refused(scenes: Path) -> None:
    arguments = ["--out", str(scenes), "--count", "1", "--height", str(HEIGHT)]
    assert CliRunner().invoke(command, [*arguments, "--seed", "1"]).exit_code == 0
    refused = CliRunner().invoke(command, [*arguments, "--seed", "2"])
    assert "another set" in str(refused.exception)
    behind = CliRunner().invoke(command, [*arguments, "--backs", "1"])
    assert "shares" in behind.exception.advice  # type: ignore[union-attr]
