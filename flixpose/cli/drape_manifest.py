"""`flixpose drape --manifest`: progress, failures by line, and a summary."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from flixpose.adapters.delivery import write_results
from flixpose.cli.main import EXIT_SOME_FAILED
from flixpose.cli.progress import progress
from flixpose.local_batch import LocalBatch, MakeRunner, open_batch
from flixpose.settings import load_settings
from flixpose.structures.batch import BatchStatus, ItemRow, ItemState

_MOST_FAILURES_SHOWN = 20
_FAILED: tuple[ItemState, ...] = ("failed", "dead", "cancelled")


def drape_manifest(
    manifest: Path,
    out: Path,
    *,
    layers: bool,
    workers: int,
    as_json: bool,
    make_run: MakeRunner | None = None,
) -> int:
    """Drape a manifest's rows; returns the exit code.

    Whatever happens on the way, results.csv says in the end how far it came.
    """
    began = time.monotonic()
    with open_batch(manifest, out, load_settings(), layers=layers, make_run=make_run) as batch:
        before = batch.status().finished
        try:
            status = _work(batch, workers)
        except KeyboardInterrupt:
            click.echo("stopping; the same command goes on from here", err=True)
            raise
        finally:
            results = write_results(batch.store.items(batch.batch_id), out)
        outcome = _outcome(batch, status, results, seconds=time.monotonic() - began, before=before)
    click.echo(json.dumps(outcome, indent=1) if as_json else _text(outcome))
    return EXIT_SOME_FAILED if outcome["failed"] else 0


def _work(batch: LocalBatch, workers: int) -> BatchStatus:
    with progress("draping", batch.status().total) as advance:
        return batch.work(workers, lambda done, ref: advance(done=done, note=ref))


def _outcome(
    batch: LocalBatch, status: BatchStatus, results: Path, *, seconds: float, before: int
) -> dict[str, Any]:
    now = status.finished - before
    return {
        "batch": status.id,
        "out": str(batch.out),
        "results": str(results),
        "total": status.total,
        "states": {state: number for state, number in status.counts.items() if number},
        "failed": [_failure(row) for row in _failed_rows(batch)],
        "finished_before": before,
        "seconds": round(seconds, 2),
        "seconds_per_item": round(seconds / now, 3) if now else None,
    }


def _failed_rows(batch: LocalBatch) -> Iterator[ItemRow]:
    for state in _FAILED:
        yield from batch.store.items(batch.batch_id, state=state)


def _failure(row: ItemRow) -> dict[str, Any]:
    return {"line": row.line, "ref": row.ref, "code": row.error_code, "message": row.error_message}


def _text(outcome: dict[str, Any]) -> str:
    states = ", ".join(f"{number} {state}" for state, number in outcome["states"].items())
    speed = outcome["seconds_per_item"]
    lines = [
        f"{outcome['total']} rows: {states}; {outcome['seconds']} s"
        + (f", {speed} s a row" if speed else ""),
        *(_failure_text(failure) for failure in outcome["failed"][:_MOST_FAILURES_SHOWN]),
    ]
    hidden = len(outcome["failed"]) - _MOST_FAILURES_SHOWN
    if hidden > 0:
        lines.append(f"  and {hidden} more")
    return "\n".join([*lines, f"See {outcome['results']}; the database is flixpose.sqlite beside it."])


def _failure_text(failure: dict[str, Any]) -> str:
    message = str(failure["message"]).removeprefix(f"Line {failure['line']}: ")
    return f"  line {failure['line']}: {failure['code']}: {message}"
