"""The catalogue that ships inside the package."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flixpose import pose as poses
from flixpose.adapters.weights import WeightsCache
from flixpose.errors import WeightsMissing
from flixpose.garment.kinds import KINDS
from flixpose.imaging.decode import read_image
from flixpose.ports import PoseEstimator
from flixpose.pose.skeletons import convert, skeleton
from flixpose.resources import SAMPLES
from flixpose.settings import load_settings
from flixpose.studio.catalogue import DESIGNS

_PRODUCTS = sorted((SAMPLES / "products").iterdir())
_PERSONS = sorted((SAMPLES / "persons").iterdir())
_TRUTH = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))


def test_there_are_enough_and_they_are_small() -> None:
    assert len(_PRODUCTS) >= 6
    assert len(_PERSONS) >= 3
    assert sum(f.stat().st_size for f in SAMPLES.rglob("*") if f.is_file()) < 4_000_000


@pytest.mark.parametrize("path", _PRODUCTS + _PERSONS, ids=lambda p: p.name)
def test_every_picture_decodes(path: Path) -> None:
    image = read_image(path)
    assert min(image.size) >= 900


def test_the_manifest_names_files_that_are_there_and_covers_all() -> None:
    with (SAMPLES / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 8 <= len(rows) <= 12
    assert all((SAMPLES / row[column]).is_file() for row in rows for column in ("product", "person"))
    assert {row["kind"] for row in rows} <= set(KINDS)
    assert len({row["ref"] for row in rows}) == len(rows)
    assert {SAMPLES / row["product"] for row in rows} == set(_PRODUCTS)
    assert {SAMPLES / row["person"] for row in rows} == set(_PERSONS)


def test_the_truth_covers_every_product_and_lies_in_its_mask() -> None:
    assert set(_TRUTH["products"]) == {f"{name}.jpg" for name in DESIGNS} == {p.name for p in _PRODUCTS}
    for name, truth in _TRUTH["products"].items():
        mask = read_image(SAMPLES / truth["mask"])
        assert mask.size == read_image(SAMPLES / "products" / name).size
        box = np.argwhere(mask.pixels[..., 0] > 127)
        low, high = box.min(axis=0) - 3, box.max(axis=0) + 4
        xy = np.array(list(truth["landmarks"].values()))
        assert (xy[:, ::-1] >= low).all()
        assert (xy[:, ::-1] <= high).all()


@pytest.fixture(scope="module")
def estimator() -> PoseEstimator:
    try:
        return poses.load(poses.DEFAULT, WeightsCache(load_settings().home))
    except WeightsMissing as missing:
        pytest.skip(f"pose weights are not here: {missing.advice}")


@pytest.mark.parametrize("path", _PERSONS, ids=lambda p: p.stem)
def test_the_estimator_finds_each_person_where_the_studio_put_the_joints(
    path: Path, estimator: PoseEstimator
) -> None:
    image = read_image(path)
    (person, *others) = estimator([image])[0]
    assert not others
    found = convert(person.keypoints, skeleton("coco_17"))
    for name, (x, y) in _TRUTH["persons"][path.name]["keypoints"].items():
        assert found.score(name) >= 0.5, name
        assert np.hypot(*(found[name] - (x, y))) < 0.045 * image.height, name


def test_rendering_without_blender_says_what_to_install(tmp_path: Path) -> None:
    arguments = ["samples", "--out", str(tmp_path), "--only", "persons"]
    script = f"""
import runpy, sys
sys.modules["bpy"], sys.argv = None, {arguments!r}
runpy.run_module("flixpose.studio.samples", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "flixpose[studio]" in done.stderr
    assert "Traceback" not in done.stderr
