"""`flixpose audit export --format coco`: what people corrected, with the photos, ready to train from."""

import json
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from flixpose.evaluation.people import read_coco
from flixpose.imaging.decode import read_image
from flixpose.imaging.files import sha256_hex
from tests.cli.test_audit import Run, batch, run  # noqa: F401
from tests.databases import database, database_url, store  # noqa: F401


@pytest.fixture
def corrected(batch: str, run: Run) -> str:  # noqa: F811
    """The person of item 3 corrected twice, its garment once."""
    run("correct", f"{batch}-3", "--set", "left_wrist=151.5,201", "--by", "ines")
    run("correct", f"{batch}-3", "--set", "left_wrist=152.5,202", "--by", "noor")
    run("correct", f"{batch}-3", "--set", "hem_left=20.5,240.5", "--by", "noor")
    return batch


def test_corrected_sets_are_exported_with_their_photos(corrected: str, run: Run, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "out"
    told = json.loads(run("export", corrected, "--format", "coco", "--out", out, "--json"))
    assert (told["annotations"], told["fetched"], told["kept"], told["failures"]) == (2, 2, 0, [])
    coco = COCO(str(out / "annotations.json"))
    persons = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["person"])))
    assert [annotation["author"] for annotation in persons] == ["noor"], "the newest words alone"
    assert persons[0]["keypoints"][27:30] == [152.0, 201.5, 2]
    (category,) = coco.loadCats(coco.getCatIds(["short_sleeve_top"]))
    (garment,) = coco.loadAnns(coco.getAnnIds(catIds=[category["id"]]))
    place = 3 * category["keypoints"].index("hem_left")
    assert garment["keypoints"][place : place + 3] == [20.0, 240.0, 2]
    for image in coco.loadImgs(coco.getImgIds()):
        path = out / "images" / image["file_name"]
        assert sha256_hex(path.read_bytes()) == image["sha256"]
        assert read_image(path).size == (image["width"], image["height"])


def test_corrected_people_are_what_training_takes(corrected: str, run: Run, tmp_path: Path) -> None:  # noqa: F811
    run("export", corrected, "--format", "coco", "--what", "person", "--out", tmp_path / "out")
    (photo,) = read_coco(tmp_path / "out" / "annotations.json")
    (marked,) = photo.people
    assert photo.image.size == (300, 400)
    assert tuple(marked.xy[9]) == (152.5, 202.0)  # the left wrist, in the house's frame


def test_an_export_goes_on_and_mends(corrected: str, run: Run, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "out"
    export = ("export", "--format", "coco", "--out", out, "--json")
    run(*export)
    (first, second) = sorted((out / "images").iterdir())
    first.unlink()
    second.write_bytes(b"half")
    (out / "annotations.json").unlink()
    again = json.loads(run(*export))
    assert (again["fetched"], again["kept"]) == (2, 0) and (out / "annotations.json").is_file()
    assert json.loads(run(*export))["kept"] == 2
    garments = json.loads(run(*export, "--what", "garment"))
    assert garments["annotations"] == 1


def test_a_photo_that_is_not_to_be_had_is_told_and_the_others_go_on(
    corrected: str,
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    (tmp_path / "ann.png").write_bytes((tmp_path / "shirt.png").read_bytes())
    out = tmp_path / "out"
    said = run("export", "--format", "coco", "--out", out, code=3)
    assert "ann.png" in said and "no longer the photo" in said
    assert len(json.loads((out / "annotations.json").read_text())["annotations"]) == 1


def test_where_nobody_corrected_anything_that_is_said(batch: str, run: Run, tmp_path: Path) -> None:  # noqa: F811
    assert "Nobody has corrected" in run("export", batch, "--format", "coco", "--out", tmp_path / "o", code=1)
    assert not (tmp_path / "o").exists()
