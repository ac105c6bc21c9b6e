"""Real drapes through a worker's loop: real PostgreSQL and S3, sample photos, persons looked at before."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from flixpose import bootstrap, resources
from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.photos import put_photo
from flixpose.adapters.served import Draper, with_memory
from flixpose.adapters.stores import open_store
from flixpose.adapters.uploads import NotingStore
from flixpose.embedded.postgres import PostgresServer, start_postgres, wait_for_postgres
from flixpose.embedded.s3 import start_s3, wait_for_s3
from flixpose.settings import Settings, load_settings
from flixpose.structures.job import Job
from tests.bench.rows import Row
from workers.chunk import AtOnce, Bench

_WARM = "tank.jpg"  # on whom everybody is seen first


def rows(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder)) as (postgres, settings):
        alone = _measure(postgres, settings, "alone", quick)
        together = _measure(postgres, settings, "together", quick)
    faster = alone.seconds / together.seconds
    return [
        Row("served drapes, persons known", round(1 / together.seconds, 2), "items/s", "reported", True),
        Row("the same: CPU an item", round(together.cpu, 2), "s", "reported", True),
        Row("one item after the other, each whole", round(1 / alone.seconds, 2), "items/s", "reported", True),
        Row("windows against one after the other", round(faster, 2), "times", "reported", True),
        Row("pictures used again", round(1 / together.again, 1), "items/s", "reported", True),
    ]


@dataclass(frozen=True)
class Taken:
    """Seconds an item: of a drape, its CPU, and of a picture that was made before."""

    seconds: float
    cpu: float
    again: float


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[PostgresServer, Settings]]:
    """The environment leads to the S3 endpoint in the block."""
    postgres = start_postgres(folder / "postgres", folder / "postgres.log")
    s3 = start_s3(folder / "s3", folder / "s3.log")
    wait_for_postgres(postgres)
    wait_for_s3(s3)
    before = dict(os.environ)
    os.environ.update(s3.environment)
    try:
        yield postgres, load_settings({**os.environ, "FLIXPOSE_STORE_URL": f"s3://{s3.bucket}/bench"})
    finally:
        os.environ.clear()
        os.environ.update(before)
        s3.stop()
        postgres.stop()


def _measure(postgres: PostgresServer, settings: Settings, way: str, quick: bool) -> Taken:
    database = Database(postgres.create_database(way))
    database.migrate()
    settings = replace(settings, store_url=f"{settings.store_url}/{way}")
    store = JobStore(database)
    blobs = NotingStore(open_store(settings.store_url, settings), database, max_bytes=settings.max_bytes)
    tools = with_memory(replace(bootstrap.build(settings), blobs=blobs), database)
    draper = Draper(tools, database, layers=True, note=blobs.note, flush=blobs.flush)
    bench = Bench(
        store, blobs, draper if way == "together" else AtOnce(draper), "bench", settings.item_limit_s
    )
    warm, jobs = _jobs(blobs, quick)
    _drape(bench, warm)
    wall, cpu = time.perf_counter(), time.process_time()
    _drape(bench, jobs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    began = time.perf_counter()
    _drape(bench, jobs)
    again = time.perf_counter() - began
    database.close()
    return Taken(wall / len(jobs), cpu / len(jobs), again / len(jobs))


def _drape(bench: Bench, jobs: list[Job]) -> None:
    batch = bench.store.create_batch(list(enumerate(jobs, 2)), key=None, manifest_sha256="ab" * 32).id
    assert bench.drape_items([f"{batch}-{n}" for n in range(2, len(jobs) + 2)])
    ended = bench.store.batch_status(batch)
    assert ended.counts["done"] + ended.counts["review"] + ended.counts["failed"] == len(jobs), ended


def _jobs(blobs: NotingStore, quick: bool) -> tuple[list[Job], list[Job]]:
    """One item for each person, and those that are measured: other products on the same persons."""
    folders = [sorted((resources.SAMPLES / name).iterdir()) for name in ("persons", "products")]
    persons, products = ([(path.stem, _put(blobs, path)) for path in folder] for folder in folders)
    jobs = [
        Job(garment, picture, photo, f"{person}-{garment}")
        for (person, photo), (garment, picture) in product(persons, products)
    ]
    warm = [job for job in jobs if job.sku == Path(_WARM).stem]
    rest = [job for job in jobs if job not in warm]
    return warm, rest[:: 3 if quick else 1]


def _put(blobs: NotingStore, path: Path) -> str:
    return put_photo(blobs, path.read_bytes(), path.name)
