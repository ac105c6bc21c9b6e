"""Photos of the next jobs are decoded in threads and shown to the nets in batches; one's fault is its own."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from flixpose import bootstrap, resources
from flixpose.adapters import ahead
from flixpose.adapters.ahead import Ahead, Coming
from flixpose.adapters.database import Database
from flixpose.adapters.memo import RememberedGarments, RememberedPoses
from flixpose.adapters.served import Draper, with_memory
from flixpose.errors import FlixposeError, NoGarment
from flixpose.pipeline import Photos, Tools
from flixpose.ports import GarmentAsk
from flixpose.settings import load_settings
from flixpose.structures.found import NOTHING_GIVEN, Garment, ModelInfo, Pose
from flixpose.structures.image import Image
from flixpose.structures.job import FurtherProduct, Job
from tests.adapters.eyes import CountedGarments, CountedPoses, looked

MODEL = ModelInfo("eyes", "1", "pose", "Apache-2.0", "test", "")


@dataclass
class Eyes:
    """Notes the sizes (width of the photos) that it is asked about; a photo as wide as `poison` breaks it."""

    poison: int = 0
    asked: list[list[int]] = field(default_factory=list)
    model = MODEL
    models = (MODEL,)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        self._look(images)
        return [() for _ in images]

    def _look(self, images: Sequence[Image]) -> None:
        self.asked.append([image.width for image in images])
        if self.poison in self.asked[-1]:
            raise RuntimeError("a net that does not like it")


class Reader(Eyes):
    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:  # type: ignore[override]
        raise AssertionError("asked alone")

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        self._look([ask.image for ask in asks])
        return [NoGarment("none") for _ in asks]


def jpeg(width: int) -> bytes:
    out = io.BytesIO()
    Pil.fromarray(np.full((80, width, 3), 90, np.uint8)).save(out, "JPEG")
    return out.getvalue()


def coming(person: bytes, product: bytes, *more: bytes) -> Coming:
    others = tuple(FurtherProduct(f"file:///{n}.jpg", kind="skirt") for n in range(len(more)))
    job = Job("s", "file:///product.jpg", "file:///person.jpg", "r", more=others)
    return Coming(job, Photos(person, product, more=more), NOTHING_GIVEN)


def tools_with(poses: Eyes, reader: Reader) -> Tools:
    tools = bootstrap.build(load_settings({"HOME": "/nowhere"}))
    return replace(tools, poses=RememberedPoses(lambda: poses), garments=RememberedGarments(lambda: reader))


def test_each_photo_is_looked_at_once_and_all_of_a_window_together() -> None:
    poses, reader = Eyes(), Reader()
    looking = Ahead(tools_with(poses, reader))
    anna, malik, shirt, skirt = (jpeg(width) for width in (70, 80, 90, 100))
    window = [coming(anna, shirt), coming(malik, shirt, skirt), coming(anna, skirt)]
    looking.look(window)
    assert poses.asked == [[70, 80]]
    # Told to be a skirt and told nothing are two questions; the same one twice is one.
    assert reader.asked == [[90, 100, 100]]
    for one in window:
        with_images = looking.with_images(one.job, one.photos)
        assert len(with_images.images) == 2 + len(one.photos.more)
        assert [image.name for image in with_images.images[:2]] == ["person.jpg", "product.jpg"]
        assert with_images.spent.keys() == {"decode", "pose", "garment"}
    looking.look(window[:1])
    assert poses.asked == [[70, 80]], "the people are known"
    looking.look([])
    assert looking.with_images(window[0].job, window[0].photos).images == ()


def test_a_photo_that_breaks_a_batch_is_left_to_its_own_job() -> None:
    poses, reader = Eyes(poison=80), Reader(poison=100)
    looking = Ahead(tools_with(poses, reader))
    torn = jpeg(120)[:300]
    looking.look([coming(jpeg(70), jpeg(90)), coming(jpeg(80), jpeg(100)), coming(torn, torn)])
    assert poses.asked == [[70, 80], [70], [80]]
    assert reader.asked == [[90, 100], [90], [100]]


def test_decoded_photos_take_no_more_room_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_MOST_BYTES", 1)
    poses = Eyes()
    looking = Ahead(tools_with(poses, Reader()))
    window = [coming(jpeg(70 + n), jpeg(170 + n)) for n in range(4)]
    looking.look(window)
    assert 1 <= len(looking._images) <= ahead._THREADS
    assert looking.with_images(window[3].job, window[3].photos).images == ()


def test_what_was_looked_at_together_is_drawn_as_if_alone(tmp_path: Path) -> None:
    """With the real nets: the last digits may differ, and no pixel by more than a little."""
    pytest.importorskip("ai_edge_litert")
    samples = resources.SAMPLES
    job = Job("FX", "", "", "r", preset="myntra")
    jobs = [
        replace(
            job,
            ref=f"{person}-{product}",
            person=(samples / person).as_uri(),
            product=(samples / product).as_uri(),
        )
        for person, product in (
            ("persons/malik.jpg", "products/tank.jpg"),
            ("persons/malik.jpg", "products/breton.jpg"),
        )
    ]
    results = {}
    for way in ("together", "alone"):
        database = Database(f"sqlite:///{tmp_path}/{way}.sqlite")
        database.migrate()
        tools = bootstrap.build(load_settings(), store_url=(tmp_path / way).as_uri())
        log = tmp_path / f"{way}.txt"
        counted = replace(
            tools, poses=CountedPoses(tools.poses, log), garments=CountedGarments(tools.garments, log)
        )
        draper = Draper(with_memory(counted, database), database)
        if way == "together":
            draper.ahead(jobs)
            assert looked(log) == ["person", "garment", "garment"]
        results[way] = [draper(one) for one in jobs]
        assert sorted(looked(log)) == ["garment", "garment", "person"], "nothing was looked at twice"
        assert all(one.report["milliseconds"]["decode"] > 1 for one in results[way])
        blobs = tools.blobs
        results[way] = [(one, blobs.get(one.artifacts[0].key)) for one in results[way]]
        database.close()
    for (one, picture), (other, same) in zip(results["together"], results["alone"], strict=True):
        assert [a.key for a in one.artifacts] == [a.key for a in other.artifacts]
        points, others = (r.report["garment"]["landmarks"] for r in (one, other))
        assert [p["name"] for p in points] == [p["name"] for p in others]
        assert max(abs(p[c] - q[c]) for p, q in zip(points, others, strict=True) for c in "xy") < 0.01
        a, b = (np.asarray(Pil.open(io.BytesIO(data)), np.int16) for data in (picture, same))
        assert np.abs(a - b).mean() < 0.05
