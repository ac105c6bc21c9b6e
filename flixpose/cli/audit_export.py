"""`flixpose audit export --format coco`: progress, failures, and what lies in the folder."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from flixpose.adapters.database import Database
from flixpose.adapters.stores import open_store
from flixpose.adapters.training_set import corrected_sets, export_corrected, garment_masks
from flixpose.cli.main import EXIT_SOME_FAILED
from flixpose.cli.progress import progress
from flixpose.errors import NotFound
from flixpose.settings import Settings


def export_folder(
    database: Database,
    settings: Settings,
    batch: str | None,
    out: Path,
    subjects: Sequence[str],
    as_json: bool,
) -> int:
    """Write what people corrected; returns the exit code. Raises NotFound where nobody corrected anything."""
    sets = list(corrected_sets(database, subjects, batch_id=batch))
    if not sets:
        what = " or ".join(subjects)
        advice = "Correct points with `flixpose audit correct` or `flixpose plates correct`."
        raise NotFound(f"Nobody has corrected a {what} here.", advice=advice)
    store = open_store(settings.store_url, settings)
    with progress("photos", len(sets)) as advance:
        done = export_corrected(
            sets,
            store,
            out,
            subjects,
            max_bytes=settings.max_bytes,
            masks=garment_masks(database, sets),
            report=lambda done, note: advance(done=done, note=note),
        )
    for uri, failure in done.failures:
        click.echo(f"{uri or 'unknown'}: {failure}", err=True)
    told = {"out": str(out), "annotations": done.annotations, "fetched": done.fetched, "kept": done.kept}
    if as_json:
        failures = [{"uri": uri, **failure.to_json()} for uri, failure in done.failures]
        click.echo(json.dumps({**told, "failures": failures}, indent=1))
    else:
        counts = f"{done.fetched} photos fetched, {done.kept} were there"
        click.echo(f"{out}: {done.annotations} corrected sets, {counts}")
    return EXIT_SOME_FAILED if done.failures else 0
