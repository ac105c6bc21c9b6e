"""The path without servers: seconds an item of `flixpose drape --manifest`, and what recording costs."""

import tempfile
import time
from pathlib import Path

from flixpose import resources
from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.errors import WeightsMissing
from flixpose.local_batch import open_batch
from flixpose.pose import DEFAULT, load
from flixpose.settings import load_settings
from tests.adapters.samples import jobs, result
from tests.bench.rows import Row

_MOST_OVERHEAD_MS = 25.0  # of a drape's one to three seconds


def rows(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [*_drapes(Path(folder), quick), *_records(Path(folder), 2_000 if quick else 100_000)]


def _drapes(folder: Path, quick: bool) -> list[Row]:
    """The sample catalogue by one and by two workers; no rows without the weights."""
    from flixpose.adapters.weights import WeightsCache

    try:
        load(DEFAULT, WeightsCache(load_settings().home))
    except WeightsMissing:
        return []
    manifest = _catalogue(folder, rows=4 if quick else 11)
    single = _timed(manifest, folder / "one", workers=1)
    double = _timed(manifest, folder / "two", workers=2)
    return [
        Row("drape --manifest, nets loaded anew: seconds an item", round(single, 3), "s", "reported", True),
        Row(
            "drape --manifest --workers 2: speed-up", round(single / double, 2), "×", "≥ 1", double <= single
        ),
    ]


def _catalogue(folder: Path, rows: int) -> Path:
    """The first rows of the sample catalogue, with paths that do not depend on the folder."""
    header, *lines = (resources.SAMPLES / "catalogue.csv").read_text().splitlines()
    texts = [line.replace("products/", f"{resources.SAMPLES}/products/") for line in lines[:rows]]
    texts = [text.replace("persons/", f"{resources.SAMPLES}/persons/") for text in texts]
    path = folder / "catalogue.csv"
    path.write_text("\n".join([header, *texts]) + "\n")
    return path


def _timed(manifest: Path, out: Path, workers: int) -> float:
    """Seconds an item, nets loaded anew."""
    began = time.perf_counter()
    with open_batch(manifest, out, load_settings(), layers=False) as batch:
        status = batch.work(workers, lambda done, ref: None)
    return (time.perf_counter() - began) / status.total


def _records(folder: Path, count: int) -> list[Row]:
    """SQLite alone: what an item costs beside its drape."""
    database = Database(f"sqlite:///{folder / 'records.sqlite'}")
    database.migrate()
    store = JobStore(database)
    began = time.perf_counter()
    batch = store.create_batch(iter(jobs(count)), key=None, manifest_sha256="aa" * 32)
    ingest = time.perf_counter() - began
    ids = [id_ for message in store.unpublished(10) for id_ in message.item_ids]
    began = time.perf_counter()
    for id_ in ids:
        (claim,) = store.claim([id_], "bench")
        store.finish(claim, result(claim.job))
    overhead = (time.perf_counter() - began) / len(ids) * 1000
    began = time.perf_counter()
    store.batch_status(batch.id)
    status = (time.perf_counter() - began) * 1000
    database.close()
    rate = count / ingest
    return [
        Row("ingest into SQLite", round(rate), "rows/s", "≥ 1667 (100,000 a minute)", rate >= 1667),
        Row(
            "claim and record an item in SQLite",
            round(overhead, 2),
            "ms",
            "≤ 25",
            overhead <= _MOST_OVERHEAD_MS,
        ),
        Row(f"status of a batch of {count}", round(status, 2), "ms", "≤ 50", status <= 50),
    ]
