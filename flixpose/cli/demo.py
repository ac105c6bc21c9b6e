"""`flixpose demo`: the whole service on this machine, over the sample catalogue or one's own photos."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from flixpose import resources
from flixpose.adapters.weights import WeightsCache
from flixpose.cli.main import EXIT_SOME_FAILED
from flixpose.cli.progress import progress
from flixpose.cli.status import counts
from flixpose.cli.submit import uploading
from flixpose.client import Client
from flixpose.demo import audit_command, keep_audit, photos, write_demo_page, write_pairs
from flixpose.embedded.process import EmbeddedFailed, Leashed, tail
from flixpose.embedded.stack import Stack, running_stack
from flixpose.settings import Settings, load_settings
from flixpose.structures.batch import BatchStatus


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True)
@click.option("--products", type=click.Path(path_type=Path), help="Folder of your own product photos.")
@click.option("--persons", type=click.Path(path_type=Path), help="Folder of your own photos of people.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
@click.option("--keep", is_flag=True, help="Let the service run until Ctrl-C, and say how to reach it.")
def command(out: Path, products: Path | None, persons: Path | None, workers: int, keep: bool) -> int:
    """Run the whole service on this machine and drape the sample catalogue.

    Starts a real Redis, a real PostgreSQL and an S3 endpoint on loopback, a Celery worker and a relay;
    applies the migrations; submits the catalogue as a batch (every product on every person where folders
    are given); downloads the pictures; writes OUT/index.html to look at, and a copy of the database to
    audit; and stops everything that it started, also on Ctrl-C. Exit code 3 when some items failed.

    \b
    Example:
      flixpose demo
      flixpose demo --products my/garments --persons my/models --workers 2
    """
    out, began = out.absolute(), time.monotonic()
    manifest = _manifest(products, persons, out)
    _pull_weights()
    click.echo("starting Redis, PostgreSQL, S3, a worker and the relay", err=True)
    with running_stack(out / "logs") as stack, _settings_of(stack) as settings:
        client = Client(settings)
        client.jobs.database.migrate()
        helpers = [
            stack.run_module("worker", ["workers", "--processes", str(workers)], os.environ),
            stack.run_module("relay", ["workers.relay"], os.environ),
        ]
        status = _drape(client, manifest, helpers)
        failed = _deliver(client, status, out, time.monotonic() - began)
        if keep:
            _stay(stack)
    return EXIT_SOME_FAILED if failed else 0


def _manifest(products: Path | None, persons: Path | None, out: Path) -> Path:
    """The sample catalogue; or every product on every person, samples stand in for a missing folder."""
    if products is None and persons is None:
        return resources.SAMPLES / "catalogue.csv"
    garments = photos(products or resources.SAMPLES / "products")
    return write_pairs(garments, photos(persons or resources.SAMPLES / "persons"), out / "catalogue.csv")


def _pull_weights() -> None:
    cache = WeightsCache(load_settings().home)
    entries = list(cache.entries())
    if any(entry.state != "ready" for entry in entries):
        with progress("weights", len(entries)) as advance:
            cache.pull(report=lambda done, note: advance(done=done, note=note))


@contextmanager
def _settings_of(stack: Stack) -> Iterator[Settings]:
    """Settings that lead to the stack, and for the block an environment that leads boto3 there as well."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(stack.environment(before))
    try:
        yield load_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _drape(client: Client, manifest: Path, helpers: list[Leashed]) -> BatchStatus:
    """Submit and wait. Raises EmbeddedFailed when the worker or the relay ends before the batch does."""
    with uploading() as report:
        batch_id = client.submit(manifest, report=report).batch_id
    with progress("items", client.status(batch_id).total) as advance:

        def tell(status: BatchStatus) -> None:
            advance(done=status.finished, note=counts(status))
            for helper in helpers:
                if not helper.running:
                    raise EmbeddedFailed(f"The {helper.name} ended; log: {helper.log}: {_reason(helper.log)}")

        return client.wait(batch_id, report=tell, poll_s=0.25)


def _reason(log: Path) -> str:
    """The last error that the log tells of."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if '"level": "error"' in line]
    return str(json.loads(lines[-1])["message"]) if lines else tail(log)


def _deliver(client: Client, status: BatchStatus, out: Path, seconds: float) -> int:
    """Download, write the page and the copy to audit, say where they are; how many items failed."""
    with progress("fetching", status.total) as advance:
        fetched = client.fetch(
            status.id, out, layers=True, report=lambda done, total, note: advance(done=done, note=note)
        )
    for ref, failure in fetched.failures:
        click.echo(f"{ref}: {failure}", err=True)
    rows = list(client.items(status.id))
    config = keep_audit(client, rows, out)
    page = write_demo_page(client, status, rows, out, seconds)
    client.close()
    click.echo(f"{status.total} items in {seconds:.0f} s: {counts(status)}")
    click.echo(f"  look at   {page}")
    click.echo(f"  pictures  {out}/<ref>/result.*, summed up in {fetched.results}")
    click.echo(f"  logs      {out / 'logs'}")
    click.echo(f"  audit     {audit_command(config)} list")
    return status.total - status.counts["done"] - status.counts["review"] + len(fetched.failures)


def _stay(stack: Stack) -> None:
    click.echo("The service is running; Ctrl-C stops it. In another shell:")
    for name, value in stack.variables.items():
        click.echo(f"  export {name}={value}")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
