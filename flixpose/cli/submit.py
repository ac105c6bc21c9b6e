"""`flixpose submit`: a manifest into the service."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from flixpose.cli.main import EXIT_SOME_FAILED
from flixpose.cli.progress import progress
from flixpose.cli.status import row_of, show, watch
from flixpose.client import Client, Submission
from flixpose.settings import load_settings
from flixpose.structures.batch import LANES, Lane

_SHOWN = 20  # rejected rows that are printed one by one


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--key", help="Names the submission: submitted again with it, nothing is done twice.")
@click.option("--lane", type=click.Choice(LANES), default="bulk", show_default=True, help="rush comes first.")
@click.option("--webhook", metavar="URL", help="Told when the batch has ended; see docs/operations.md.")
@click.option("--wait", is_flag=True, help="Return when every item has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(
    manifest: Path, key: str | None, lane: Lane, webhook: str | None, wait: bool, as_json: bool
) -> int:
    """Submit a manifest to the service, and print the batch's id.

    Local pictures are uploaded to the store first, each content once. A row that cannot be used is reported
    with its line and never stops the rest. With --wait the exit code is 3 when some items failed; without,
    when some rows were rejected.

    \b
    Example:
      flixpose submit catalogue.csv --key spring-2027
      flixpose submit catalogue.csv --wait && flixpose fetch BATCH --out out
    """
    client = Client(load_settings())
    with uploading() as report:
        submission = client.submit(manifest, key=key, lane=lane, webhook=webhook, report=report)
    if not as_json:
        _print(submission)
    if wait:
        status = watch(client, submission.batch_id)
        failed = status.finished - status.counts["done"] - status.counts["review"]
        if not as_json:
            show(status)
    if as_json:
        found = _row(submission) | ({"status": row_of(status)} if wait else {})
        click.echo(json.dumps(found, indent=2))
    return EXIT_SOME_FAILED if (failed if wait else submission.rejected) else 0


@contextmanager
def uploading() -> Iterator[Callable[[int, int | None, str], None]]:
    """Progress of `Client.submit`."""
    with progress("pictures", None) as advance:
        yield lambda done, total, note: advance(done=done, note=f"of {total} {note}" if total else note)


def _print(submission: Submission) -> None:
    for row in submission.rejected[:_SHOWN]:
        click.echo(f"{row.code}: {row.message}", err=True)
    if len(submission.rejected) > _SHOWN:
        click.echo(f"and {len(submission.rejected) - _SHOWN} more rejected rows", err=True)
    known = "" if submission.created else ", submitted before"
    counts = f"{submission.accepted} items, {len(submission.rejected)} rows rejected{known}"
    click.echo(counts, err=True)
    click.echo(submission.batch_id)


def _row(submission: Submission) -> dict[str, Any]:
    rejected = [{"line": r.line, "code": r.code, "message": r.message} for r in submission.rejected]
    return {
        "batch": submission.batch_id,
        "created": submission.created,
        "accepted": submission.accepted,
        "rejected": rejected,
    }
