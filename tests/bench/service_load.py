"""Load for `bench_service`: a database full of items, and a submission in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import text

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.stores import open_store
from flixpose.adapters.uploads import NotingStore
from flixpose.client import Client
from flixpose.settings import load_settings
from tests.adapters.samples import result
from workers.chunk import AtOnce, Bench

_CHUNK = 16
_PER_BATCH = 10_000


def fill(database: Database, items: int, *, ended: bool) -> str:
    """So many items, done or queued, in batches of ten thousand; the last batch's id. PostgreSQL."""
    name = f"fill-{items}-{'done' if ended else 'queued'}"
    done, state = (_PER_BATCH if ended else 0), ("done" if ended else "queued")
    end = "now()" if ended else "NULL"
    numbers = f"generate_series(0, {items // _PER_BATCH - 1})"
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO batches (id, manifest_sha256, chunk_size, total, done, review, failed, dead, "
                f"cancelled, created_at, finished_at) SELECT '{name}-' || b, '', {_CHUNK}, {_PER_BATCH}, "
                f"{done}, 0, 0, 0, 0, now(), {end} FROM {numbers} b"
            )
        )
        connection.execute(
            text(
                "INSERT INTO outbox (batch_id, created_at, published_at) SELECT "
                f"'{name}-' || b, now(), now() FROM {numbers} b"
            )
        )
        connection.execute(
            text(
                "INSERT INTO items (id, batch_id, line, ref, sku, product, person, preset, state, attempt, "
                "attempts_allowed, outbox_id, claimed_at, finished_at) SELECT o.batch_id || '-' || n, "
                "o.batch_id, n, n::text, 'SKU' || n, 's3://b/p' || n || '.jpg', 's3://b/anna.jpg', 'master', "
                f"'{state}', 0, 3, o.id, now(), {end} FROM outbox o, generate_series(1, {_PER_BATCH}) n "
                f"WHERE o.batch_id LIKE '{name}-%'"
            )
        )
        last = f"{name}-{items // _PER_BATCH - 1}"
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return last


def status_ms(store: JobStore, batch: str) -> float:
    """Milliseconds of `flixpose status`'s question, the middle of twenty."""
    return _middle_ms(lambda: store.batch_status(batch), 20)


def worker_ms(database: Database, batch: str, items: int, folder: Path) -> tuple[float, float]:
    """(wall, CPU) milliseconds of an item in a worker's own loop whose pipeline does nothing."""
    store = JobStore(database)
    blobs = open_store(folder.as_uri(), load_settings({"HOME": str(folder)}))
    bench = Bench(store, NotingStore(blobs, database), AtOnce(result), "bench")
    bench.traffic.read_ahead = lambda uris: None  # type: ignore[method-assign] - there are no photos
    ids = [f"{batch}-{n}" for n in range(1, items + 1 + 2 * _CHUNK)]
    bench.drape_items(ids[: 2 * _CHUNK])  # warm: statements prepared, the pace known
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(2 * _CHUNK, len(ids), _CHUNK):
        bench.drape_items(ids[start : start + _CHUNK])
    return (
        1e3 * (time.perf_counter() - wall) / items,
        1e3 * (time.process_time() - cpu) / items,
    )


def submit(variables: dict[str, str], rows: int) -> tuple[float, float, float]:
    """(seconds, CPU seconds, peak MiB of memory) of a submission of so many rows, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "big.csv"
        with manifest.open("w") as out:
            out.write("sku,product,person\n")
            out.writelines(f"SKU{n},s3://flixpose/p/{n}.jpg,s3://flixpose/anna.jpg\n" for n in range(rows))
        command = [sys.executable, "-m", __name__, str(manifest)]
        root = str(Path(__file__).resolve().parents[2])
        environment = {**os.environ, **variables, "PYTHONPATH": root}
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        seconds, cpu, peak = json.loads(said)
        return seconds, cpu, peak


def _middle_ms(act: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append(1e3 * (time.perf_counter() - began))
    return median(took)


def main(manifest: str) -> None:
    client = Client(load_settings())
    began, cpu = time.perf_counter(), time.process_time()
    client.submit(Path(manifest))
    took = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([*took, peak]))


if __name__ == "__main__":
    main(*sys.argv[1:])
