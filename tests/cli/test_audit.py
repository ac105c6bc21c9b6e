"""`flixpose audit` over a database that the service filled."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.cli.main import main
from flixpose.errors import NoPerson
from flixpose.structures.job import Job
from tests.adapters.samples import MODELS, result
from tests.databases import database, database_url, store  # noqa: F401

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`flixpose audit …` → standard output; any exit code but the expected one fails."""

    def run(*arguments: str | Path, code: int = 0) -> str:
        with pytest.raises(SystemExit) as end:
            main(["audit", *(str(argument) for argument in arguments)])
        said = capsys.readouterr()
        assert (end.value.code or 0) == code, said.err
        return said.out if code == 0 else said.err

    return run


@pytest.fixture
def batch(store: JobStore, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    """Three items: passed, to be reviewed, failed without a drape."""
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", database_url)
    Image.new("RGB", (300, 400), "white").save(tmp_path / "ann.png")
    Image.new("RGB", (200, 250), "navy").save(tmp_path / "shirt.png")
    ann, shirt = ((tmp_path / name).as_uri() for name in ("ann.png", "shirt.png"))
    jobs = [(line, Job("A", shirt, ann, f"look-{line}")) for line in (2, 3, 4)]
    made = store.create_batch(jobs, key="night", manifest_sha256="aa" * 32)
    (message,) = store.unpublished()
    claims = store.claim(message.item_ids, "w1")
    store.finish(claims[0], result(claims[0].job))
    store.finish(claims[1], result(claims[1].job, "review"))
    store.fail(claims[2], NoPerson("nobody in ann.png"))
    return made.id


def test_batches_and_items_are_listed(batch: str, run: Run) -> None:
    assert batch in run("list") and "1 done, 1 review, 1 failed" in run("list")
    (only,) = json.loads(run("list", "--json"))["batches"]
    assert only["counts"]["review"] == 1 and only["state"] == "finished"
    assert "no_person" in run("list", batch)
    items = json.loads(run("list", batch, "--json"))["items"]
    assert [(item["line"], item["state"]) for item in items] == [(2, "done"), (3, "review"), (4, "failed")]
    (waiting,) = json.loads(run("list", "--state", "review", "--json"))["items"]
    assert waiting["reasons"] == ["folded"] and waiting["job"]["ref"] == "look-3"
    assert "no batch 'nope'" in run("list", "nope", code=1)


def test_hands_and_face_of_the_photo_are_shown(batch: str, store: JobStore, run: Run, tmp_path: Path) -> None:  # noqa: F811
    ann, shirt = ((tmp_path / name).as_uri() for name in ("ann.png", "shirt.png"))
    made = store.create_batch([(2, Job("B", shirt, ann, "look-b"))], key="day", manifest_sha256="bb" * 32)
    (claim,) = store.claim([f"{made.id}-2"], "w1")
    finished = result(claim.job)
    wrist = {"name": "wrist", "x": 151.0, "y": 201.0, "score": 0.97}
    hand = {"kind": "left_hand", "skeleton": "hand_21", "score": 0.97, "keypoints": [wrist]}
    chin = {"name": "chin", "x": 100.0, "y": 80.0, "score": 1.0}
    face = {"kind": "face", "skeleton": "face_36", "score": 1.0, "keypoints": [chin]}
    box = {"box": [90.0, 70.0, 160.0, 210.0]}
    person = finished.report["person"] | {"hands": [hand | box], "face": face | box}
    readers = [{**MODELS[0], "name": name} for name in ("hand_landmark_full", "face_landmark")]
    report = finished.report | {"person": person, "models": [*MODELS, *readers]}
    store.finish(claim, replace(finished, report=report))
    told = json.loads(run("show", f"{made.id}-2", "--json"))["sets"]
    assert [(one["subject"], one["skeleton"], one["kind"]) for one in told] == [
        ("person", "coco_17", None),
        ("garment", "short_sleeve_top", "short_sleeve_top"),
        ("person", "face_36", "face"),
        ("person", "hand_21", "left_hand"),
    ]
    assert told[3]["points"] == [wrist] and told[3]["model"]["name"] == "hand_landmark_full"
    text = run("show", f"{made.id}-2", "--overlay", tmp_path / "b.png")
    assert "left_hand score 0.97" in text and (tmp_path / "b.png").is_file()
    drawn = np.asarray(Image.open(tmp_path / "b.png"))
    assert (drawn[190:212, 140:162] != 255).any() and (drawn[75:85, 95:105] != 255).any()


def test_an_item_is_shown_with_all_that_is_known(batch: str, run: Run) -> None:
    text = run("show", f"{batch}-3")
    for said in (
        "left_wrist",
        "neck_left",
        "eyes 1, Apache-2.0",
        "folded",
        "residual",
        "px",
        "running -> review",
    ):
        assert said in text
    found = json.loads(run("show", f"{batch}-3", "--json"))
    person, garment = found["sets"]
    assert person["points"][0] == {"name": "nose", "x": 100.5, "y": 50.25, "score": 0.9}
    assert person["model"]["weights_sha256"] == "ab" * 32 and garment["kind"] == "short_sleeve_top"
    assert found["control_points"][0]["person_x"] == 95 and found["warps"][0]["homography"][2] == [0, 0, 1]
    assert found["item"]["artifacts"][0]["size"] == 1234
    assert "nobody in ann.png" in run("show", f"{batch}-4")
    assert "no item 'nope'" in run("show", "nope", code=1)


def test_the_overlay_is_drawn_from_the_rows(batch: str, run: Run, tmp_path: Path) -> None:
    overlay = tmp_path / "deep" / "overlay.png"
    run("show", f"{batch}-2", "--overlay", overlay)
    with Image.open(overlay) as picture:
        assert picture.size == (300, 400)
        drawn = np.argwhere((np.asarray(picture) != 255).any(axis=2))
    assert (drawn.min(axis=0) < 30).any() and len(drawn) > 500
    near_nose = np.abs(drawn - [50, 100]).max(axis=1) < 6
    near_neck = np.abs(drawn - [60, 95]).max(axis=1) < 6  # where the control point laid neck_left
    assert near_nose.any() and near_neck.any()
    assert "never draped" in run("show", f"{batch}-4", "--overlay", overlay, code=1)
    (tmp_path / "ann.png").write_bytes((tmp_path / "shirt.png").read_bytes())
    assert "no longer the photo" in run("show", f"{batch}-2", "--overlay", overlay, code=1)


def test_the_export_is_read_by_pycocotools(batch: str, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "persons.json"
    run("export", batch, "--out", out)
    coco = COCO(str(out))
    (annotation,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["person"])))
    assert annotation["keypoints"][:3] == [100.0, 49.75, 2], "COCO counts from the first pixel's centre"
    assert annotation["keypoints"][27:30] == [149.5, 199.5, 1] and annotation["num_keypoints"] == 2
    assert annotation["bbox"] == [10, 20, 200, 360]
    (image,) = coco.loadImgs(coco.getImgIds())
    assert (image["width"], image["height"], image["file_name"]) == (300, 400, "ann.png")
    assert image["sha256"] == hashlib.sha256((tmp_path / "ann.png").read_bytes()).hexdigest()
    told = {name: annotation[name] for name in ("image_id", "category_id", "keypoints", "score")}
    evaluation = COCOeval(coco, coco.loadRes([told]), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_garments_are_exported_by_kind(batch: str, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "garments.json"
    run("export", "--what", "garment", "--out", out)
    coco = COCO(str(out))
    assert len(coco.getCatIds()) == 13
    (category,) = coco.loadCats(coco.getCatIds(["short_sleeve_top"]))
    (annotation,) = coco.loadAnns(coco.getAnnIds(catIds=[category["id"]]))
    place = 3 * category["keypoints"].index("neck_left")
    assert annotation["keypoints"][place : place + 3] == [89.5, 9.5, 2]
    assert "no batch 'nope'" in run("export", "nope", "--out", out, code=1)


def test_a_folder_of_a_local_run_can_be_looked_into(run: Run, tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'flixpose.sqlite'}")
    made.migrate()
    made.close()
    assert "no batches yet" in run("list", "--in", tmp_path)
    assert "There is no flixpose.sqlite" in run("list", "--in", tmp_path / "absent", code=1)
    assert not (tmp_path / "absent").exists()


def test_an_empty_database_asks_for_migrate(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert "flixpose migrate" in run("list", code=1)
