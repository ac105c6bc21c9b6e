"""`pipeline.run`: keys, bytes, presets and failures, on sample pictures with the real eyes."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from flixpose import bootstrap, resources
from flixpose.adapters.stores import LocalStore
from flixpose.errors import FlixposeError
from flixpose.fit.remembered import forget_everything
from flixpose.garment.kinds import KINDS
from flixpose.imaging.decode import read_image
from flixpose.imaging.files import sha256_hex
from flixpose.pipeline import Tools, drape, fetch, make, result_key, result_prefix, run
from flixpose.ports import GarmentAsk
from flixpose.pose.skeletons import COCO_17
from flixpose.settings import load_settings
from flixpose.structures.found import Garment, Given, ModelInfo
from flixpose.structures.image import Image
from flixpose.structures.job import FurtherProduct, Job, Result
from flixpose.structures.keypoints import Keypoints
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)

LAYERS = {
    *(f"{name}.png" for name in ("garment", "shadow", "overlay")),
    *(f"{name}_mask.png" for name in ("visible", "person", "painted", "old_garment")),
    *("layers.psd", "warp.json"),
}
PERSON = (resources.SAMPLES / "persons" / "malik.jpg").as_uri()
PRODUCT = (resources.SAMPLES / "products" / "tank.jpg").as_uri()
JOB = Job(sku="FX", product=PRODUCT, person=PERSON, ref="one", kind="vest", preset="master")


def store(folder: Path) -> str:
    return (folder / "store").as_uri()


@pytest.fixture(scope="module")
def tools(estimator: object, tmp_path_factory: pytest.TempPathFactory) -> Tools:  # noqa: F811
    return bootstrap.build(load_settings(), store_url=store(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def first(tools: Tools) -> Result:
    return run(JOB, tools, layers=True)


def data(tools: Tools, result: Result) -> dict[str, bytes]:
    return {artifact.name: tools.blobs.get(artifact.key) for artifact in result.artifacts}


def test_everything_is_written_and_addressed_by_content(tools: Tools, first: Result) -> None:
    written = data(tools, first)
    assert set(written) == {"result.png", "report.json", *LAYERS}
    assert first.artifacts[-1].name == "report.json", "the report comes last: where it is, all is"
    for artifact in first.artifacts:
        blob = written[artifact.name]
        assert (artifact.sha256, artifact.size) == (sha256_hex(blob), len(blob))
    with Pil.open(io.BytesIO(written["result.png"])) as picture:
        assert picture.size == Pil.open(resources.SAMPLES / "persons" / "malik.jpg").size
    assert first.quality.verdict in ("pass", "review")
    stored = json.loads(written["report.json"])
    assert "milliseconds" not in stored and "job" not in stored
    assert stored["quality"] == json.loads(json.dumps(first.quality.to_json()))


def test_the_full_report_tells_the_job_and_the_time_of_every_stage(first: Result) -> None:
    told = json.loads(json.dumps(first.report, allow_nan=False))
    assert told["job"]["sku"] == "FX" and told["job"]["person"] == PERSON
    stages = {
        "fetch",
        "decode",
        "pose",
        "garment",
        "plan",
        "warp",
        "composite",
        "measure",
        "render",
        "upload",
    }
    assert set(told["milliseconds"]) == stages
    assert all(value >= 0 for value in told["milliseconds"].values())
    assert {model["task"] for model in told["models"]} and len(told["models"]) >= 2
    assert all(model["licence"] and model["name"] and model["version"] for model in told["models"])
    assert told["inputs"]["person"]["sha256"] == sha256_hex(
        (resources.SAMPLES / "persons" / "malik.jpg").read_bytes()
    )


def test_the_same_job_writes_the_same_objects(tools: Tools, first: Result, tmp_path: Path) -> None:
    """With fresh eyes and another store, and whoever asks: same keys, same bytes."""
    fresh = bootstrap.build(load_settings(), store_url=store(tmp_path))
    second = run(replace(JOB, sku="another", ref="two"), fresh, layers=True)
    assert second.artifacts == first.artifacts
    assert data(fresh, second) == data(tools, first)


def test_what_decides_the_picture_decides_the_key(tools: Tools, first: Result) -> None:
    """Preset, kind, photo and configuration: each gives a key of its own; who asks does not."""
    photos = fetch(JOB, tools)
    placed = Keypoints.from_points(COCO_17, {"nose": (10.0, 10.0, 1.0)})
    keys = [
        result_key(JOB, photos, tools),
        result_key(replace(JOB, preset="amazon"), photos, tools),
        result_key(replace(JOB, kind=None), photos, tools),
        result_key(replace(JOB, kind="sling"), photos, tools),
        result_key(replace(JOB, view="back"), photos, tools),
        result_key(replace(JOB, light="exact"), photos, tools),
        result_key(replace(JOB, tuck="in"), photos, tools),
        result_key(replace(JOB, more=(FurtherProduct(PRODUCT, "skirt"),)), photos, tools),
        result_key(JOB, replace(photos, person=photos.product), tools),
        result_key(JOB, replace(photos, product=photos.person), tools),
        result_key(JOB, photos, replace(tools, config_digest="other numbers")),
        result_key(JOB, photos, tools, Given(person=placed)),
        result_key(JOB, photos, tools, Given(garment=placed)),
    ]
    assert len(set(keys)) == len(keys)
    assert result_key(replace(JOB, sku="x", ref="y", person="file:///z"), photos, tools) == keys[0]
    assert first.artifacts[0].key.startswith(result_prefix(keys[0]) + "/")


def test_given_points_are_draped_with_and_said_to_be_a_human_s(tools: Tools, first: Result) -> None:
    """The hem laid lower by hand: the points and their author are in the report, the picture is another."""
    landmarks = first.report["garment"]["landmarks"]
    points = {p["name"]: (p["x"], p["y"] - 30.0 * p["name"].startswith("hem"), 1.0) for p in landmarks}
    given = Given(garment=Keypoints.from_points(KINDS["vest"], points))
    corrected = make(JOB, fetch(JOB, tools), tools, given=given)
    told = corrected.report["garment"]
    assert (first.report["garment"]["author"], told["author"]) == ("model", "human")
    assert corrected.report["person"]["author"] == "model"
    assert {p["name"]: p["y"] for p in told["landmarks"]} == pytest.approx(
        {n: y for n, (_, y, _) in points.items()}
    )
    assert corrected.artifacts[0].key != first.artifacts[0].key
    assert corrected.artifacts[0].sha256 != first.artifacts[0].sha256


def test_another_preset_writes_another_file(tools: Tools, first: Result) -> None:
    second = run(replace(JOB, preset="myntra"), tools)
    assert {a.name for a in second.artifacts} == {"result.jpg", "report.json"}
    assert not {a.key for a in second.artifacts} & {a.key for a in first.artifacts}
    with Pil.open(io.BytesIO(data(tools, second)["result.jpg"])) as picture:
        assert picture.format == "JPEG" and picture.height >= 1440


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[Path]:
    Pil.fromarray(np.full((600, 400, 3), 230, np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "text.jpg").write_text("no picture")
    whole = (resources.SAMPLES / "persons" / "malik.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    yield tmp_path


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"person": "blank.png"}, "no_person", "blank.png"),
        ({"product": "blank.png"}, "no_garment", "blank.png"),
        ({"person": "text.jpg"}, "unreadable_image", "text.jpg"),
        ({"product": "half.jpg"}, "unreadable_image", "half.jpg"),
        ({"product": "gone.jpg"}, "missing_input", "gone.jpg"),
        ({"preset": "ebay"}, "unknown_preset", "ebay"),
        ({"kind": "poncho"}, "unknown_kind", "poncho"),
    ],
)
def test_failures_are_typed_name_the_file_and_write_nothing(
    changes: dict[str, str], code: str, named: str, tools: Tools, photos: Path
) -> None:
    there = {n: v if n in ("preset", "kind") else (photos / v).as_uri() for n, v in changes.items()}
    assert isinstance(tools.blobs, LocalStore)
    before = sorted(tools.blobs.root.rglob("*"))
    with pytest.raises(FlixposeError) as caught:
        run(replace(JOB, **there), tools)
    assert caught.value.code == code and named in caught.value.message
    assert caught.value.advice and not caught.value.retry
    assert sorted(tools.blobs.root.rglob("*")) == before


@dataclass(frozen=True)
class Told:
    """Eyes that see the same garment in every photo."""

    model: ModelInfo
    garment: Garment

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        return self.garment

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        return [self.garment for _ in asks]


def test_what_is_remembered_of_photos_changes_no_bit(tools: Tools) -> None:
    person = read_image(resources.SAMPLES / "persons" / "malik.jpg")
    product = read_image(resources.SAMPLES / "products" / "breton.jpg")
    dyed = replace(product, pixels=product.pixels[..., ::-1].copy(), sha256="ef" * 32)
    # Told apart by their pixels alone: both are read as the same garment.
    eyes = replace(tools, garments=Told(tools.garments.model, tools.garments(product)))
    alone = []
    for one in (product, dyed):
        forget_everything()
        alone.append(drape(person, one, eyes))
    assert (alone[0].picture != alone[1].picture).any()
    forget_everything()
    for number in (0, 1, 0):
        fresh, again = alone[number], drape(person, (product, dyed)[number], eyes)
        assert again.quality == fresh.quality
        for name in ("picture", "ground", "garment_layer"):
            assert (getattr(again, name) == getattr(fresh, name)).all(), name
        for name in ("visible", "changed", "painted", "old_garment", "shadow", "person_mask"):
            assert (getattr(again, name).alpha == getattr(fresh, name).alpha).all(), name
