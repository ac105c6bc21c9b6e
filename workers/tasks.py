"""Celery's side of the work: one task, and what a pool process keeps between tasks."""

import importlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from celery import Task, signals
from celery.exceptions import Reject

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.stores import open_store
from flixpose.adapters.uploads import NotingStore
from flixpose.client import Client, Submission
from flixpose.errors import BadSettings, DatabaseUnavailable, FlixposeError, UsageError
from flixpose.settings import Settings, load_settings
from flixpose.structures.batch import LANES, Lane
from workers import guard, logs, stopping
from workers.app import app
from workers.chunk import AtOnce, Bench, Runner, Work

RUNNER_VARIABLE = "FLIXPOSE_RUNNER"
_PIPELINE = "workers.tasks:pipeline_runner"
_PAUSE_S = 2.0
Factory = Callable[[Settings, NotingStore], Work | Runner]

log = logging.getLogger("flixpose.worker")


_bench: Bench | None = None


@app.task(name="flixpose.drape_chunk", bind=True)
def drape_chunk(self: Task, item_ids: list[str]) -> None:
    """Drape these items. Delivered twice, it does nothing twice; what it cannot begin goes back."""
    if not isinstance(item_ids, list) or not all(isinstance(id_, str) for id_ in item_ids):
        log.error("a message that names no items is dropped")
        return
    if not _drape(item_ids):
        raise Reject("put back", requeue=True)


@app.task(name="flixpose.submit", bind=True)
def submit(self: Task, manifest: str, key: str, lane: Lane = "bulk", webhook: str | None = None) -> None:
    """Make a batch of the manifest behind the URI; delivered twice, with the same key, it is one batch.

    A manifest that cannot be taken is told in the log; a store or database that is away is waited for.
    """
    try:
        taken = _take_manifest(manifest, key, lane, webhook)
    except FlixposeError as failure:
        log.error("%s: %s", failure.code, failure.message, extra={"code": failure.code})
        if failure.retry:
            time.sleep(_PAUSE_S)
            raise Reject("put back", requeue=True) from failure
    else:
        log.info("submitted", extra={"batch": taken.batch_id, "items": taken.accepted})


def _take_manifest(manifest: str, key: str, lane: Lane, webhook: str | None) -> Submission:
    shapes = isinstance(manifest, str) and isinstance(key, str) and isinstance(webhook, str | None)
    if not shapes or not key or lane not in LANES:
        raise UsageError("A submit message is a manifest's URI, a key, a lane and a webhook's URL or null.")
    client = Client(load_settings())
    try:
        return client.submit_uri(manifest, key=key, lane=lane, webhook=webhook)
    finally:
        client.close()


def _drape(item_ids: list[str]) -> bool:
    if _bench is None:  # this process is about to end
        return False
    try:
        return _bench.drape_items(item_ids, stopping.stopping)
    except DatabaseUnavailable as failure:
        log.error("%s: %s", failure.code, failure.message, extra={"code": failure.code})
        time.sleep(_PAUSE_S)
        return False


def pipeline_runner(settings: Settings, blobs: NotingStore) -> Work:
    """The real work. The models are loaded here, so that no item waits for them."""
    import torch

    from flixpose import bootstrap
    from flixpose.adapters.served import Draper, with_memory
    from flixpose.geometry.threads import at_most

    at_most(torch.get_num_threads())  # pictures, too, are made on this process's share of the cores
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tools = with_memory(replace(bootstrap.build(settings, device=device), blobs=blobs), blobs.database)
    for eyes in (tools.poses, tools.garments):
        log.info("loaded %s, nets of torch on %s", eyes.model.name, device)
    return Draper(tools, blobs.database, layers=True, note=blobs.note, flush=blobs.flush)


def find_runner(name: str) -> Factory:
    """The factory behind `module:function`. Raises BadSettings."""
    module, _, function = name.partition(":")
    try:
        found: Factory = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as failure:
        raise BadSettings(f"{RUNNER_VARIABLE}={name} is not module:function ({failure}).") from failure
    return found


def job_store(settings: Settings) -> JobStore:
    """The service's memory, as the settings have it."""
    database = Database(settings.database_url)
    return JobStore(database, max_attempts=settings.max_attempts, retry_delay_s=settings.retry_delay_s)


def _set_up(**_: Any) -> None:
    """At the start of a pool process. One that cannot work ends its worker, lest it eats messages."""
    global _bench
    guard.tell_deadline(None)  # a process that had this one's id before may have left a word
    began = time.perf_counter()
    try:
        settings = load_settings()
        store = job_store(settings)
        blobs = open_store(settings.store_url, settings)
        traffic = NotingStore(blobs, store.database, max_bytes=settings.max_bytes)
        made = find_runner(os.environ.get(RUNNER_VARIABLE, _PIPELINE))(settings, traffic)
        work = made if isinstance(made, Work) else AtOnce(made)
        name = f"{socket.gethostname()}:{os.getpid()}"
        _bench = Bench(store, traffic, work, name, settings.item_limit_s)
    except Exception as failure:
        log.exception("cannot work: %s", failure)
        time.sleep(_PAUSE_S)  # no faster than this when something starts the worker again and again
        os.kill(os.getppid(), signal.SIGTERM)
    else:
        log.info("ready", extra={"milliseconds": round((time.perf_counter() - began) * 1000)})


def _set_up_logs(**_: Any) -> None:
    logs.setup()


signals.setup_logging.connect(_set_up_logs, weak=False)
signals.worker_process_init.connect(stopping.listen, weak=False)
signals.worker_process_init.connect(_set_up, weak=False)
signals.worker_shutting_down.connect(stopping.tell, weak=False)
