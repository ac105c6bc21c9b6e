"""No picture is made twice and no person looked at twice, in whatever process, batch or store."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import fields, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from flixpose.adapters import tables
from flixpose.adapters.analyses import KeptPoses
from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.served import Draper, with_memory
from flixpose.errors import StoreUnavailable
from flixpose.imaging.decode import decode_image
from flixpose.imaging.files import sha256_hex
from flixpose.pipeline import Tools
from flixpose.settings import load_settings
from flixpose.structures.found import Pose
from flixpose.structures.image import Image
from flixpose.structures.job import Result
from tests.adapters.eyes import JOB, PERSON, counted_tools, looked
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)

pytestmark = pytest.mark.usefixtures("estimator")

Fresh = Callable[[], tuple[Draper, Tools]]


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> str:
    """A folder beside SQLite, a bucket beside PostgreSQL: as they are used together."""
    if database.is_sqlite:
        return (tmp_path / "store").as_uri()
    variables = request.getfixturevalue("s3_env")
    return str(variables["FLIXPOSE_STORE_URL"])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "looks.txt"


@pytest.fixture
def fresh(database: Database, store_url: str, log: Path, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """A draper as a newly started worker has it: nothing is in its own memory."""
    monkeypatch.setenv("FLIXPOSE_READ_ROOTS", "/")

    def make_fresh() -> tuple[Draper, Tools]:
        tools = counted_tools(load_settings(), store_url, log)
        return Draper(with_memory(tools, database), database, layers=True), tools

    return make_fresh


def test_a_picture_is_made_once_whoever_asks(fresh: Fresh, log: Path, store: JobStore) -> None:
    first = fresh()[0](JOB)
    assert looked(log) == ["person", "garment"] and not first.reused
    again = fresh()[0](replace(JOB, sku="another", ref="two"))
    assert looked(log) == ["person", "garment"], "a new worker looked again"
    assert again.reused and again.artifacts == first.artifacts and again.quality == first.quality
    assert again.report["job"]["ref"] == "two" and again.report["milliseconds"] == {}
    told = {name: value for name, value in first.report.items() if name not in ("job", "milliseconds")}
    assert told == {name: again.report[name] for name in told}
    # And the tables take it, as another item's.
    batch = store.create_batch([(2, again.job)], key=None, manifest_sha256="aa" * 32)
    (claim,) = store.claim(store.unpublished()[0].item_ids, "w")
    assert store.finish(claim, again)
    (row,) = store.items(batch.id)
    assert row.artifacts == tuple(sorted(first.artifacts, key=lambda artifact: artifact.name))


def test_another_setting_is_another_picture_of_the_same_person(fresh: Fresh, log: Path) -> None:
    first = fresh()[0](JOB)
    other = fresh()[0](replace(JOB, preset="amazon"))
    assert not other.reused and looked(log) == ["person", "garment"], "both were known"
    assert not {a.key for a in first.artifacts} & {a.key for a in other.artifacts}


def test_what_memory_gives_draws_the_same_bytes(fresh: Fresh, database: Database) -> None:
    """With the person read back from database and store, every object is the same to the last byte."""
    first = fresh()[0](JOB)
    with database.transaction() as connection:
        connection.execute(tables.results.delete())
    again = fresh()[0](JOB)
    assert not again.reused and again.artifacts == first.artifacts


def test_a_damaged_object_is_made_again(fresh: Fresh) -> None:
    draper, tools = fresh()
    first = draper(JOB)
    for artifact, change in ((first.artifacts[0], b"other"), (first.artifacts[-1], None)):
        if change is None:
            tools.blobs.delete(artifact.key)
        else:
            tools.blobs.put(artifact.key, change, media_type="image/png", sha256=sha256_hex(change))
        again = draper(JOB)
        assert not again.reused and again.artifacts == first.artifacts
        assert sha256_hex(tools.blobs.get(artifact.key)) == artifact.sha256
    assert draper(JOB).reused


def test_a_mask_that_is_gone_is_looked_for_again(fresh: Fresh, log: Path, database: Database) -> None:
    draper, tools = fresh()
    draper(JOB)
    with database.transaction() as connection:
        connection.execute(tables.results.delete())
        kept = connection.scalars(select(tables.analyses.c.found)).all()
    for found in kept:  # a person's is a list of people
        tools.blobs.delete((found[0] if isinstance(found, list) else found)["mask"]["key"])
    fresh()[0](JOB)
    assert sorted(looked(log)) == ["garment", "garment", "person", "person"]


def test_threads_that_come_to_the_same_picture_at_once_make_it_once(fresh: Fresh, log: Path) -> None:
    drapers = [fresh()[0] for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda draper: draper(JOB), drapers))
    assert looked(log) == ["person", "garment"]
    assert sorted(result.reused for result in found) == [False, True, True]
    assert len({result.artifacts for result in found}) == 1


def drape_alone(url: str, store_url: str, log: Path) -> Result:
    """In a process of its own."""
    database = Database(url)
    tools = counted_tools(load_settings(), store_url, log)
    result = Draper(with_memory(tools, database), database, layers=True)(JOB)
    database.close()
    return result


def test_processes_that_come_to_the_same_picture_at_once_make_it_once(
    fresh: Fresh, database_url: str, store_url: str, log: Path
) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        asked = [pool.submit(drape_alone, database_url, store_url, log) for _ in range(2)]
        found = [future.result() for future in asked]
    assert looked(log) == ["person", "garment"]
    assert sorted(result.reused for result in found) == [False, True]


def test_a_store_that_does_not_answer_is_not_a_missing_picture(fresh: Fresh, database: Database) -> None:
    draper, tools = fresh()
    draper(JOB)

    class Silent:
        def __getattr__(self, name: str) -> object:
            return getattr(tools.blobs, name)

        def holds(self, key: str, *, sha256: str, size: int) -> bool:
            raise StoreUnavailable("no answer")

    with pytest.raises(StoreUnavailable):
        Draper(replace(draper.tools, blobs=Silent()), database, layers=True)(JOB)


def test_people_come_back_whole(fresh: Fresh, database: Database) -> None:
    """Every field of every person, with every digit; a field that is added must be kept too."""
    _, tools = fresh()
    image = decode_image(tools.blobs.read(PERSON, max_bytes=10**8), name="malik.jpg")
    eyes = KeptPoses(tools.poses, database, tools.blobs)
    (first,) = eyes([image])
    (again,) = KeptPoses(Blind(tools), database, tools.blobs)([image])
    assert len(first) == len(again) > 0
    for one, other in zip(first, again, strict=True):
        assert {field.name for field in fields(Pose)} == {
            "keypoints",
            "box",
            "score",
            "model",
            "mask",
            "world",
            "author",
            "hands",
            "face",
        }
        assert (one.box, one.score, one.model, one.author) == (
            other.box,
            other.score,
            other.model,
            other.author,
        )
        assert one.keypoints.skeleton is other.keypoints.skeleton
        np.testing.assert_array_equal(one.keypoints.xy, other.keypoints.xy)
        np.testing.assert_array_equal(one.keypoints.scores, other.keypoints.scores)
        np.testing.assert_array_equal(one.mask.alpha, other.mask.alpha)  # type: ignore[union-attr]
        np.testing.assert_array_equal(one.world, other.world)  # type: ignore[arg-type]
        assert len(one.hands) == len(other.hands) == 2 and one.face is not None and other.face is not None
        for hand, kept in zip(one.hands, other.hands, strict=True):
            assert (hand.side, hand.score, hand.side_score) == (kept.side, kept.score, kept.side_score)
            np.testing.assert_array_equal(hand.keypoints.xy, kept.keypoints.xy)
        np.testing.assert_array_equal(one.face.xy, other.face.xy)


def test_an_analysis_from_before_hands_and_faces_is_still_read(fresh: Fresh, database: Database) -> None:
    _, tools = fresh()
    image = decode_image(tools.blobs.read(PERSON, max_bytes=10**8), name="malik.jpg")
    (first,) = KeptPoses(tools.poses, database, tools.blobs)([image])
    with database.transaction() as connection:
        (kept,) = connection.scalars(select(tables.analyses.c.found)).all()
        older = [{k: v for k, v in pose.items() if k not in ("hands", "face")} for pose in kept]
        connection.execute(update(tables.analyses).values(found=older))
    (again,) = KeptPoses(Blind(tools), database, tools.blobs)([image])
    np.testing.assert_array_equal(again[0].keypoints.xy, first[0].keypoints.xy)
    assert again[0].hands == () and again[0].face is None


def test_that_nobody_is_there_is_remembered_too(fresh: Fresh, database: Database) -> None:
    _, tools = fresh()
    empty = Image(np.full((80, 80, 3), 200, np.uint8), None, "ef" * 32, "empty.png")
    assert KeptPoses(tools.poses, database, tools.blobs)([empty]) == [()]
    assert KeptPoses(Blind(tools), database, tools.blobs)([empty]) == [()]


class Blind:
    """Eyes that must not be asked."""

    def __init__(self, tools: Tools) -> None:
        self.model, self.models = tools.poses.model, tools.poses.models

    def __call__(self, images: object) -> list[tuple[Pose, ...]]:
        raise AssertionError("looked again")
