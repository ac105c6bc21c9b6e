"""`flixpose audit export --format coco`: what people corrected, with the photos, ready to train from."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from flixpose.adapters.database import Database
from flixpose.adapters.kept_garments import KeptGarments
from flixpose.adapters.stores import open_store
from flixpose.cli.database import settings_of
from flixpose.errors import MissingInput
from flixpose.evaluation.people import read_coco
from flixpose.garment.kinds import skeleton
from flixpose.garment.shared_points import INDEX
from flixpose.imaging.decode import read_image
from flixpose.imaging.files import sha256_hex
from flixpose.ports import GarmentAsk
from flixpose.structures.found import Garment, ModelInfo
from flixpose.structures.image import Box, Mask
from flixpose.structures.keypoints import Keypoints
from flixpose.training.corrected import read_garments, read_photos, read_sample
from tests.cli.test_audit import Run, batch, run  # noqa: F401
from tests.databases import database, database_url, store  # noqa: F401


@pytest.fixture
def corrected(batch: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    """The person of item 3 corrected twice, its garment once."""
    monkeypatch.setenv("FLIXPOSE_STORE_URL", (tmp_path / "store").as_uri())
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


class Looked:
    """Who saw a garment from (20, 10) to (180, 240)."""

    model = ModelInfo("eyes", "1", "garment", "Apache-2.0", "", "")

    def read_all(self, asks: list[GarmentAsk]) -> list[Garment]:
        alpha = np.zeros(asks[0].image.pixels.shape[:2], np.uint8)
        alpha[10:241, 20:180] = 255
        points = Keypoints.from_points(skeleton("short_sleeve_top"), {"neck_left": (90.0, 10.0, 0.8)})
        box = Box(20, 10, 180, 241)
        return [Garment("short_sleeve_top", 0.7, "front", 0.6, box, Mask(alpha), points, 0.8, self.model)]


def test_corrected_garments_are_what_training_takes(
    corrected: str,
    run: Run,  # noqa: F811
    database: Database,  # noqa: F811
    tmp_path: Path,
) -> None:
    settings = settings_of(None)
    shirt = read_image(tmp_path / "shirt.png")
    KeptGarments(Looked(), database, open_store(settings.store_url, settings)).read_all([GarmentAsk(shirt)])
    annotations = tmp_path / "out" / "annotations.json"
    run("export", corrected, "--format", "coco", "--out", tmp_path / "out")
    (garment,) = read_garments(annotations)
    assert (garment.kind, garment.view) == ("short_sleeve_top", "front")
    placed = {name: place for name, place in garment.landmarks.items() if place[2] > 0}
    assert placed == {"neck_left": (90.0, 10.0, 2), "hem_left": (20.5, 240.5, 2)}
    sample, masked = read_sample(garment)
    assert masked and (sample.image == shirt.pixels).all()
    assert sample.mask[10:241, 20:180].all() and np.count_nonzero(sample.mask) == 231 * 160
    loaded = COCO(str(annotations))
    (told,) = (each for each in loaded.anns.values() if each["segmentation"])
    assert (loaded.annToMask(told) * 255 == sample.mask).all()

    photos = read_photos(annotations, side=96, share=0.5)
    points = photos.samples.points[0]
    assert points[INDEX["hem_left"], 2] == 2 and points[INDEX["hem_right"], 2] == -1
    assert points[INDEX["crotch"], 2] == 0, "not a landmark of the kind"
    apart = points[INDEX["hem_left"], :2] - points[INDEX["neck_left"], :2]
    assert apart[1] / apart[0] == pytest.approx(230.5 / -69.5, rel=1e-3)

    next(path for path in (tmp_path / "out" / "images").iterdir() if path == garment.path).unlink()
    with pytest.raises(MissingInput, match=garment.path.name):
        read_garments(annotations)
    assert len(read_coco(annotations, tmp_path / "out" / "images")) == 1, "garments are no people"


def test_a_mask_that_the_corrected_landmarks_contradict_teaches_nothing(
    corrected: str,
    run: Run,  # noqa: F811
    database: Database,  # noqa: F811
    tmp_path: Path,
) -> None:
    settings = settings_of(None)
    shirt = read_image(tmp_path / "shirt.png")
    KeptGarments(Looked(), database, open_store(settings.store_url, settings)).read_all([GarmentAsk(shirt)])
    run("correct", f"{corrected}-3", "--set", "hem_left=40,200", "--by", "noor")
    run("export", corrected, "--format", "coco", "--what", "garment", "--out", tmp_path / "out")
    photos = read_photos(tmp_path / "out" / "annotations.json", side=96, share=0.5)
    assert not photos.masked[0] and photos.samples.masks[0].any()


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
