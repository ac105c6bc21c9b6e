"""Objects are noted before they are put, put by several threads at once, cleared away if never recorded."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.stores import open_store
from flixpose.adapters.uploads import NotingStore, begin_upload, sweep_uploads
from flixpose.errors import MissingInput, StoreUnavailable
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore
from flixpose.settings import load_settings
from flixpose.structures.job import Artifact
from tests.adapters.samples import jobs, result

FOLDER = "results/ab"


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return open_store((tmp_path / "store").as_uri(), load_settings({"HOME": str(tmp_path)}))


@pytest.fixture
def noting(blobs: BlobStore, database: Database) -> Iterator[NotingStore]:
    yield NotingStore(blobs, database)


def put(store: BlobStore | NotingStore, key: str, data: bytes = b"x") -> None:
    store.put(key, data, media_type="image/png", sha256=sha256_hex(data))


def test_what_was_put_is_there_after_flush_and_its_folder_is_noted(
    noting: NotingStore, blobs: BlobStore, database: Database
) -> None:
    noting.take_noted()
    for n in range(20):
        put(noting, f"{FOLDER}/{n}.png")
    put(noting, "inputs/photo.png")
    noting.flush()
    assert len(list(blobs.keys(FOLDER))) == 20 and blobs.exists("inputs/photo.png")
    assert noting.take_noted() == {FOLDER} and noting.take_noted() == frozenset()
    assert sweep_uploads(database, blobs, 60) == 0  # it may still be under way
    assert sweep_uploads(database, blobs, 0) == 20
    assert list(blobs.keys(FOLDER)) == [] and blobs.exists("inputs/photo.png")


def test_a_put_that_fails_is_told_by_flush_and_leaves_nothing_to_the_next_item(
    noting: NotingStore, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "results").write_text("no folder")
    noting.take_noted()
    put(noting, f"{FOLDER}/1.png")
    with pytest.raises(StoreUnavailable):
        noting.flush()
    assert noting.take_noted() == {FOLDER}
    noting.flush()
    assert noting.take_noted() == frozenset()


def test_photos_are_read_ahead_and_a_failure_is_asked_again(noting: NotingStore, blobs: BlobStore) -> None:
    put(blobs, "inputs/1.png", b"one")
    one, two = blobs.uri("inputs/1.png"), blobs.uri("inputs/2.png")
    noting.read_ahead([one, two])
    time.sleep(0.2)
    blobs.delete("inputs/1.png")
    assert noting.read(one, max_bytes=64_000_000) == b"one"
    with pytest.raises(MissingInput):
        noting.read(two, max_bytes=64_000_000)
    put(blobs, "inputs/2.png", b"two")
    assert noting.read(two, max_bytes=64_000_000) == b"two"
    noting.read_ahead([two])  # the first one is forgotten
    with pytest.raises(MissingInput):
        noting.read(one, max_bytes=64_000_000)


def recorded(store: JobStore, blobs: BlobStore, folder: str, *, noted: bool) -> bool:
    """One item drawn to its end with one object in the folder; whether it was recorded."""
    store.create_batch(jobs(1), key=None, manifest_sha256="")
    (message,) = store.unpublished()
    (claim,) = store.claim(message.item_ids, "w")
    key = f"{folder}/result.png"
    put(blobs, key)
    artifact = Artifact("result.png", key, "image/png", sha256_hex(b"x"), 1)
    found = result(claim.job)
    ended = type(found)(found.job, (artifact,), found.quality, found.report)
    return store.finish(claim, ended, uploads=[folder] if noted else ())


def test_a_sweep_keeps_what_is_recorded_and_takes_the_rest(
    store: JobStore, blobs: BlobStore, database: Database
) -> None:
    with database.transaction() as connection:
        begin_upload(connection, FOLDER)
    assert recorded(store, blobs, FOLDER, noted=True)
    with database.transaction() as connection:
        begin_upload(connection, FOLDER)  # a later attempt that died
    put(blobs, f"{FOLDER}/half.png")
    assert sweep_uploads(database, blobs, 0) == 1
    assert list(blobs.keys(FOLDER)) == [f"{FOLDER}/result.png"]


def test_an_attempt_whose_objects_were_swept_is_not_recorded(store: JobStore, blobs: BlobStore) -> None:
    with pytest.raises(StoreUnavailable, match="cleared away"):
        recorded(store, blobs, FOLDER, noted=True)
    (row,) = store.items(None)
    assert row.state == "running" and not row.artifacts


_KILLED = """
import os, signal, sys
from flixpose.adapters.stores import open_store
from flixpose.settings import load_settings
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
store = open_store(sys.argv[1], load_settings({"HOME": "/"}))
store.put(sys.argv[2], b"half", media_type="image/png", sha256="")
"""


def test_a_killed_writer_leaves_nothing_where_others_record(
    store: JobStore, blobs: BlobStore, database: Database, tmp_path: Path
) -> None:
    """Two attempts may write into one folder; the one that ends first takes the note away."""
    command = [sys.executable, "-c", _KILLED, (tmp_path / "store").as_uri(), f"{FOLDER}/b.png"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (half,) = (tmp_path / "store").rglob("*.part")
    assert half.read_bytes() == b"half"
    with database.transaction() as connection:
        begin_upload(connection, FOLDER)
    assert recorded(store, blobs, FOLDER, noted=True)
    assert list(blobs.keys("results")) == [f"{FOLDER}/result.png"]
    assert blobs.clear_partial(60) == 0 and half.exists()
    assert blobs.clear_partial(0) == 1 and not half.exists()


@pytest.mark.services
def test_a_new_attempt_waits_while_a_sweep_is_busy_in_its_folder(postgres_url: str, blobs: BlobStore) -> None:
    database = Database(postgres_url)
    database.migrate()
    with database.transaction() as connection:
        begin_upload(connection, FOLDER)
    put(blobs, f"{FOLDER}/old.png")
    noting = NotingStore(blobs, database)
    order: list[str] = []

    class Slow:
        def keys(self, prefix: str) -> Iterator[str]:
            began.set()
            time.sleep(0.5)
            order.append("swept")
            return blobs.keys(prefix)

        def delete(self, key: str) -> None:
            blobs.delete(key)

    began = threading.Event()
    sweep = threading.Thread(target=lambda: sweep_uploads(database, Slow(), 0))  # type: ignore[arg-type]
    sweep.start()
    began.wait(10)
    noting.take_noted()
    put(noting, f"{FOLDER}/new.png")
    noting.flush()
    order.append("put")
    sweep.join()
    assert order == ["swept", "put"] and list(blobs.keys(FOLDER)) == [f"{FOLDER}/new.png"]
    database.close()
