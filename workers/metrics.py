"""What the worker and the relay tell Prometheus.

A worker's pool processes cannot share one page of numbers, so each serves nothing itself: they write to
files (prometheus-client's multi-process mode, in a folder that the main process makes), and the main process
serves their sum. The relay asks the database and serves what it said.
"""

import atexit
import os
import shutil
import tempfile
from functools import cache
from typing import Any

from flixpose.adapters.watch import QueueState
from flixpose.structures.job import Result

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)


def prepare() -> None:
    """In a worker's main process, before prometheus_client is imported: where its pool writes numbers."""
    folder = tempfile.mkdtemp(prefix="flixpose-metrics-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[FOLDER_VARIABLE] = folder


def serve_workers(port: int, address: str) -> None:
    """In the main process: the sum of the pool's numbers under http://ADDRESS:PORT/metrics."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    start_http_server(port, address, registry)


def forget(pid: int) -> None:
    """In the main process: one of its pool has ended, and holds nothing any more."""
    from prometheus_client.multiprocess import mark_process_dead

    if FOLDER_VARIABLE in os.environ:
        mark_process_dead(pid)


def item(state: str, seconds: float) -> None:
    """An attempt ended in this state; "queued" is a failed one that is tried again."""
    ended, took = _worker()["items"], _worker()["seconds"]
    ended.labels(state).inc()
    took.observe(seconds)


def failure(code: str, *, again: bool) -> None:
    """An attempt failed with this code; `again` = it is retried."""
    _worker()["failures"].labels(code).inc()
    if again:
        _worker()["retries"].inc()


def drape(result: Result) -> None:
    """Seconds of each stage, and what the GPU holds."""
    for stage, milliseconds in result.report.get("milliseconds", {}).items():
        _worker()["stages"].labels(stage).observe(milliseconds / 1000)
    used = gpu_bytes()
    if used is not None:
        _worker()["gpu"].set(used)


def gpu_bytes() -> int | None:
    """Bytes of GPU memory that this process holds; None without a GPU, or before anything used it."""
    import sys

    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return int(torch.cuda.memory_reserved())


@cache
def _worker() -> dict[str, Any]:
    from prometheus_client import Counter, Gauge, Histogram

    return {
        "items": Counter("flixpose_attempts_total", "Attempts that ended, by the item's state", ["state"]),
        "failures": Counter("flixpose_failures_total", "Failed attempts by error code", ["code"]),
        "retries": Counter("flixpose_retries_total", "Failed attempts that are tried again"),
        "seconds": Histogram("flixpose_item_seconds", "From claim to record", buckets=_SECONDS),
        "stages": Histogram("flixpose_stage_seconds", "Of a drape's stage", ["stage"], buckets=_SECONDS),
        "gpu": Gauge("flixpose_gpu_bytes", "GPU memory held", multiprocess_mode="livesum"),
    }


class QueueGauges:
    """The relay's numbers: how the database sees the service, and what the relay did."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge

        into = self.registry = CollectorRegistry()
        self._items = Gauge("flixpose_items", "Items by state", ["state"], registry=into)
        self._waiting = Gauge("flixpose_queue_items", "Items to be done by lane", ["lane"], registry=into)
        self._age = Gauge("flixpose_queue_age_seconds", "Age of the oldest queued item", registry=into)
        self._outbox = Gauge("flixpose_outbox_messages", "Messages owed to the queue", registry=into)
        self.published = Counter("flixpose_published_total", "Messages put on the queue", registry=into)
        self.swept = Counter("flixpose_swept_total", "What a sweep put right", ["what"], registry=into)
        self.webhooks = Counter("flixpose_webhooks_total", "Calls of webhooks", ["outcome"], registry=into)

    def show(self, now: QueueState) -> None:
        for state, number in now.states.items():
            self._items.labels(state).set(number)
        for lane, number in now.lanes.items():
            self._waiting.labels(lane).set(number)
        self._age.set(now.age_s)
        self._outbox.set(now.outbox)
