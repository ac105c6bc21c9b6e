"""`flixpose status`: how far a batch is."""

import json
from typing import Any

import click

from flixpose.cli.progress import progress
from flixpose.client import Client
from flixpose.settings import load_settings
from flixpose.structures.batch import BatchStatus


@click.command()
@click.argument("batch")
@click.option("--watch", "watching", is_flag=True, help="Stay until every item has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(batch: str, watching: bool, as_json: bool) -> None:
    """Show how many of BATCH's items are in which state.

    \b
    Example:
      flixpose status 20270301-101500-1a2b3c --watch
    """
    client = Client(load_settings())
    status = watch(client, batch) if watching else client.status(batch)
    if as_json:
        click.echo(json.dumps(row_of(status), indent=2))
    else:
        show(status)


def watch(client: Client, batch: str) -> BatchStatus:
    """Wait for the batch's end, with progress on standard error."""
    with progress("items", client.status(batch).total) as advance:
        return client.wait(batch, report=lambda status: advance(done=status.finished, note=counts(status)))


def counts(status: BatchStatus) -> str:
    """The states that occur, such as "7 done, 1 failed"."""
    return ", ".join(f"{n} {state}" for state, n in status.counts.items() if n)


def show(status: BatchStatus) -> None:
    """Two lines on standard output."""
    ended = f", finished {status.finished_at:%Y-%m-%d %H:%M:%S} UTC" if status.finished_at else ""
    click.echo(f"{status.id}: {status.state}, {status.finished} of {status.total} items ended{ended}")
    click.echo(f"  {counts(status)}")


def row_of(status: BatchStatus) -> dict[str, Any]:
    """The status as plain values."""
    return {
        "batch": status.id,
        "key": status.key,
        "state": status.state,
        "total": status.total,
        "finished": status.finished,
        "counts": dict(status.counts),
        "created_at": status.created_at.isoformat(),
        "finished_at": status.finished_at.isoformat() if status.finished_at else None,
    }
