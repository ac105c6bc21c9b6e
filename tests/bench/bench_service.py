"""The served path by itself: a pipeline that does nothing, real Redis, PostgreSQL and S3, real workers."""

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.embedded.stack import Stack, running_stack
from flixpose.ports import BlobStore
from flixpose.settings import Settings
from tests.adapters.samples import jobs, result
from tests.bench import service_load as load
from tests.bench.rows import Row
from workers.chunk import Runner

_ROOT = Path(__file__).resolve().parents[2]
_MOST_CPU_MS = 10.0
FULL = bool(os.environ.get("FLIXPOSE_BENCH_FULL"))  # a million queued items, and a batch of 100,000


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
            measure = partial(_through, stack, store, environment)
            few, many = (200, 800) if quick else (1_000, 100_000 if FULL else 5_000)
            small, big = measure(few, processes=1), measure(many, processes=1)
            both = measure(few if quick else 5_000, processes=2)
            relay.stop()
            loads = [*_worker_rows(database, Path(folder), quick), *_ingest_rows(stack, quick)]
            loads += _status_rows(database, quick)
            database.close()
            began = time.perf_counter()
        stop = time.perf_counter() - began
    return [
        Row("embedded Redis, PostgreSQL and S3: start", round(start, 2), "s", "≤ 5", start <= 5),
        Row("embedded Redis, PostgreSQL and S3: stop", round(stop, 2), "s", "≤ 5", stop <= 5),
        Row("worker: from start to the first item done", round(big.first, 2), "s", "≤ 10", big.first <= 10),
        *_path_rows(small, big, few, many),
        Row("served path, 2 processes", round(1 / both.wall, 1), "items/s", "reported", True),
        *loads,
    ]


def _path_rows(small: "Passed", big: "Passed", few: int, many: int) -> list[Row]:
    """Manifest rows to recorded ends, with one worker process."""
    worker, ratio, walls = 1e3 * big.worker_cpu, big.all_cpu / small.all_cpu, big.wall / small.wall
    return [
        Row("served path: worker's CPU an item", round(worker, 2), "ms", "≤ 10", worker <= _MOST_CPU_MS),
        Row("served path: CPU an item, servers too", round(1e3 * big.all_cpu, 2), "ms", "reported", True),
        Row(f"the same, in a batch of {many} / of {few}", round(ratio, 2), "", "≤ 1.2", ratio <= 1.2),
        Row(f"seconds an item, in a batch of {many} / of {few}", round(walls, 2), "", "reported", True),
        Row("served path, 1 process", round(1 / big.wall, 1), "items/s", "reported", True),
    ]


def _worker_rows(database: Database, folder: Path, quick: bool) -> list[Row]:
    """What the service costs an item in the worker's own loop, in a small database and in a full one."""
    items = 320 if quick else 2_000
    small = load.fill(database, 10_000, ended=False)
    wall, cpu = load.worker_ms(database, small, items, folder)
    many = 1_000_000 if FULL else 100_000
    big = load.fill(database, many, ended=False)
    wall_big, cpu_big = load.worker_ms(database, big, items, folder)
    ratio = cpu_big / cpu
    return [
        Row("overhead an item: worker's time", round(wall, 2), "ms", "≤ 10", wall <= _MOST_CPU_MS),
        Row("overhead an item: worker's CPU", round(cpu, 2), "ms", "≤ 10", cpu <= _MOST_CPU_MS),
        Row(
            f"the same among {many} queued items", round(wall_big, 2), "ms", "≤ 10", wall_big <= _MOST_CPU_MS
        ),
        Row(f"CPU an item: among {many} / among 10000", round(ratio, 2), "", "≤ 1.3", ratio <= 1.3),
    ]


def _ingest_rows(stack: Stack, quick: bool) -> list[Row]:
    variables = stack.environment({})
    few, many = (2_000, 20_000) if quick else (10_000, 100_000)
    (_, _, small), (seconds, cpu, big) = load.submit(variables, few), load.submit(variables, many)
    whole, growth = seconds * 100_000 / many, big - small
    return [
        Row(f"ingest of {many} rows, for 100000", round(whole, 1), "s", "≤ 60", whole <= 60),
        Row("ingest: the client's CPU of that", round(cpu * 100_000 / many, 1), "s", "reported", True),
        Row(f"ingest: peak memory at {many} rows", round(big, 1), "MiB", "reported", True),
        Row(f"ingest: more memory than at {few} rows", round(growth, 1), "MiB", "≤ 20", growth <= 20),
    ]


def _status_rows(database: Database, quick: bool) -> list[Row]:
    items = 100_000 if quick else 1_000_000
    batch = load.fill(database, items, ended=True)
    took = load.status_ms(JobStore(database), batch)
    return [Row(f"status of a batch among {items} items", round(took, 2), "ms", "≤ 50", took <= 50)]


@dataclass(frozen=True)
class Passed:
    """What a batch took. Seconds: from the worker's start to the first item done; from then on an item's, its
    CPU in the worker, and its CPU in all processes, servers and relay included."""

    first: float
    wall: float
    worker_cpu: float
    all_cpu: float


def _through(
    stack: Stack, store: JobStore, environment: dict[str, str], count: int, *, processes: int
) -> Passed:
    batch = store.create_batch(iter(jobs(count)), key=None, manifest_sha256="ab" * 32).id
    began = time.perf_counter()
    worker = stack.run_module(f"worker{processes}", ["workers", "--processes", str(processes)], environment)
    first = _until(store, batch, 1) - began
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    everybody = psutil.Process().children(recursive=True)
    done, at = store.batch_status(batch).finished, time.perf_counter()
    used, used_by_all = _cpu_s(family), _cpu_s(everybody)
    last, items = _until(store, batch, count), count - done
    used, used_by_all = _cpu_s(family) - used, _cpu_s(everybody) - used_by_all
    worker.stop()
    return Passed(first, (last - at) / items, used / items, used_by_all / items)


def _cpu_s(family: list[psutil.Process]) -> float:
    """Of those that still run; what a server's helper of a moment used is not seen."""
    total = 0.0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total


def _until(store: JobStore, batch: str, finished: int) -> float:
    while store.batch_status(batch).finished < finished:
        time.sleep(0.02)
    return time.perf_counter()
