"""The served path by itself: a pipeline that does nothing, real Redis, PostgreSQL and S3, real workers."""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

import psutil

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.embedded.stack import Stack, running_stack
from flixpose.ports import BlobStore
from flixpose.settings import Settings
from tests.adapters.samples import jobs, result
from tests.bench.rows import Row
from workers.chunk import Runner

_ROOT = Path(__file__).resolve().parents[2]
_MOST_CPU_MS = 10.0


def idle_runner(settings: Settings, blobs: BlobStore) -> Runner:
    """A pipeline that does nothing."""
    return result


def rows(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with running_stack(Path(folder)) as stack:
            start = time.perf_counter() - began
            database = Database(stack.database_url)
            database.migrate()
            store = JobStore(database)
            environment = {
                **os.environ,
                "FLIXPOSE_RUNNER": f"{__name__}:idle_runner",
                "PYTHONPATH": str(_ROOT),
            }
            relay = stack.run_module("relay", ["workers.relay"], environment)
            measure = partial(_through, stack, store, environment, 400 if quick else 5_000)
            (first, one, cpu), (_, two, _) = measure(processes=1), measure(processes=2)
            relay.stop()
            database.close()
            began = time.perf_counter()
        stop = time.perf_counter() - began
    return [
        Row("embedded Redis, PostgreSQL and S3: start", round(start, 2), "s", "≤ 5", start <= 5),
        Row("embedded Redis, PostgreSQL and S3: stop", round(stop, 2), "s", "≤ 5", stop <= 5),
        Row("worker: from start to the first item done", round(first, 2), "s", "≤ 10", first <= 10),
        Row(
            "served path: worker's CPU an item", round(1e3 * cpu, 2), "ms", "≤ 10", 1e3 * cpu <= _MOST_CPU_MS
        ),
        Row("served path, 1 process", round(1 / one, 1), "items/s", "reported", True),
        Row("served path, 2 processes", round(1 / two, 1), "items/s", "reported", True),
    ]


def _through(
    stack: Stack, store: JobStore, environment: dict[str, str], count: int, *, processes: int
) -> tuple[float, float, float]:
    """Seconds to the first item done; from then on an item's seconds, and its CPU seconds in the worker."""
    batch = store.create_batch(iter(jobs(count)), key=None, manifest_sha256="ab" * 32).id
    began = time.perf_counter()
    worker = stack.run_module(f"worker{processes}", ["workers", "--processes", str(processes)], environment)
    first = _until(store, batch, 1) - began
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    done, at, used = store.batch_status(batch).finished, time.perf_counter(), _cpu_s(family)
    last = _until(store, batch, count)
    used = _cpu_s(family) - used
    worker.stop()
    return first, (last - at) / (count - done), used / (count - done)


def _cpu_s(family: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in family)


def _until(store: JobStore, batch: str, finished: int) -> float:
    while store.batch_status(batch).finished < finished:
        time.sleep(0.02)
    return time.perf_counter()
