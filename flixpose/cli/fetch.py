"""`flixpose fetch`: a batch's pictures and reports as files."""

import json
from pathlib import Path

import click

from flixpose.cli.main import EXIT_SOME_FAILED
from flixpose.cli.progress import progress
from flixpose.client import Client
from flixpose.settings import load_settings


@click.command()
@click.argument("batch")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--layers", is_flag=True, help="Also garment, masks, overlay and warp of each item.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(batch: str, out: Path, layers: bool, as_json: bool) -> int:
    """Download BATCH's files into OUT/<ref>/: result, report.json; and OUT/results.csv about every item.

    Started again, it fetches only what is not there yet or differs. Each file's SHA-256 is checked against
    the database. May be called while the batch still runs. Exit code 3 when an item's files are not to be
    had.

    \b
    Example:
      flixpose fetch 20270301-101500-1a2b3c --out out --layers
    """
    client = Client(load_settings())
    with progress("items", client.status(batch).total) as advance:
        fetched = client.fetch(
            batch, out, layers=layers, report=lambda done, total, note: advance(done=done, note=note)
        )
    for ref, failure in fetched.failures:
        click.echo(f"{ref}: {failure}", err=True)
    if as_json:
        failures = [{"ref": ref, **failure.to_json()} for ref, failure in fetched.failures]
        files = {"fetched": fetched.files.fetched, "kept": fetched.files.kept}
        click.echo(json.dumps({"batch": batch, **files, "failures": failures}, indent=2))
    else:
        click.echo(
            f"{fetched.files.fetched} files fetched, {fetched.files.kept} were there: {fetched.results}"
        )
    return EXIT_SOME_FAILED if fetched.failures else 0
