"""`flixpose audit`: what the database knows about batches and items."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from flixpose.adapters.audit import Audit, PointSet, audit_item, point_sets
from flixpose.adapters.coco import coco_keypoints
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.sets import DETAILS
from flixpose.adapters.stores import open_store
from flixpose.cli.audit_export import export_folder
from flixpose.cli.audit_review import approve_command, correct_command, reject_command
from flixpose.cli.database import FOLDER, JSON, opened, settings_of
from flixpose.errors import MissingInput, NotFound
from flixpose.imaging.decode import Limits, decode_image
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.imaging.overlay import Picture, draw_box, draw_keypoints
from flixpose.settings import Settings
from flixpose.structures.batch import STATES, BatchStatus, ItemRow, ItemState
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints, Skeleton


@click.group()
def command() -> None:
    """Look into the database: keypoints, landmarks, scores, quality, history; correct, approve, reject.

    \b
    Example:
      flixpose audit list --state review
      flixpose audit show 20270301-101500-1a2b3c-7 --overlay seven.png
      flixpose audit correct 20270301-101500-1a2b3c-7 --set neck_left=512,230
      flixpose audit approve 20270301-101500-1a2b3c-7
      flixpose audit export 20270301-101500-1a2b3c --out keypoints.json
    """


for verb in (correct_command, approve_command, reject_command):
    command.add_command(verb)


@command.command("list")
@click.argument("batch", required=False)
@click.option("--state", type=click.Choice(STATES), help="Only items in this state.")
@FOLDER
@JSON
def list_command(batch: str | None, state: ItemState | None, folder: Path | None, as_json: bool) -> None:
    """List the items of BATCH; without one the batches, or all items in a state.

    \b
    Example:
      flixpose audit list
      flixpose audit list --state review --json
    """
    with opened(settings_of(folder)) as database:
        store = JobStore(database)
        if batch is not None:
            store.batch_status(batch)  # NotFound for a batch that there is not
        if batch is None and state is None:
            _print_batches(store.batches(), as_json)
        else:
            _print_items(store.items(batch, state=state), as_json)


@command.command("show")
@click.argument("item")
@click.option(
    "--overlay", type=click.Path(path_type=Path), metavar="FILE", help="Draw it on the person, as PNG."
)
@FOLDER
@JSON
def show_command(item: str, overlay: Path | None, folder: Path | None, as_json: bool) -> None:
    """Show everything known about ITEM; the overlay is drawn from the database's rows.

    \b
    Example:
      flixpose audit show 20270301-101500-1a2b3c-7 --overlay seven.png
    """
    settings = settings_of(folder)
    with opened(settings) as database:
        audit = audit_item(database, item)
    if overlay is not None:
        write_atomic(overlay, encode_png(_overlay(audit, _person_image(audit, settings))))
    click.echo(json.dumps(audit.to_json(), indent=1, default=str) if as_json else "\n".join(_lines(audit)))


@command.command("export")
@click.argument("batch", required=False)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File or folder to write.")
@click.option("--what", type=click.Choice(["person", "garment"]), help="Else person; with coco both.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "coco"]),
    default="json",
    show_default=True,
    help="json: one file, all keypoints; coco: a folder, corrected sets with their photos.",
)
@FOLDER
@JSON
def export_command(
    batch: str | None, out: Path, what: str | None, form: str, folder: Path | None, as_json: bool
) -> int:
    """Write BATCH's keypoints (all batches' without one) in COCO's format, which pycocotools loads.

    Persons have COCO's 17 keypoints, garments the landmarks of their kind. With --format coco only what
    people corrected is written, ready to train from: OUT/annotations.json and OUT/images/. Started again, it
    fetches only photos that are not there yet; where some are not to be had the exit code is 3.

    \b
    Example:
      flixpose audit export 20270301-101500-1a2b3c --what garment --out landmarks.json
      flixpose audit export --format coco --out corrected
    """
    settings = settings_of(folder)
    with opened(settings) as database:
        if batch is not None:
            JobStore(database).batch_status(batch)
        if form == "coco":
            subjects = [what] if what else ["person", "garment"]
            return export_folder(database, settings, batch, out, subjects, as_json)
        found = coco_keypoints(point_sets(database, what or "person", batch_id=batch), what=what or "person")
    write_atomic(out, json.dumps(found).encode())
    annotations, images = len(found["annotations"]), len(found["images"])
    told = {"out": str(out), "annotations": annotations, "images": images}
    click.echo(json.dumps(told) if as_json else f"{out}: {annotations} annotations on {images} images")
    return 0


def _print_batches(batches: list[BatchStatus], as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps({"batches": [dataclasses.asdict(batch) for batch in batches]}, indent=1, default=str)
        )
        return
    for batch in batches:
        counts = ", ".join(f"{number} {state}" for state, number in batch.counts.items() if number)
        click.echo(
            f"{batch.id}  {batch.created_at:%Y-%m-%d %H:%M}  {batch.state}  {batch.total} items: {counts}"
        )
    if not batches:
        click.echo("no batches yet")


def _print_items(rows: Iterator[ItemRow], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"items": [dataclasses.asdict(row) for row in rows]}, indent=1))
        return
    for row in rows:
        said = row.error_code or ", ".join(row.reasons)
        click.echo(f"{row.id}  {row.state:9}  {row.ref or '-'}  {said}".rstrip())


def _lines(audit: Audit) -> Iterator[str]:
    """The audit for people."""
    item = audit.item
    yield f"{item.id}  {item.ref or '-'}  {item.state}  attempt {item.attempt}"
    if item.error_code:
        yield f"  {item.error_code}: {item.error_message}"
    if item.job:
        yield f"  product  {item.job.product}"
        yield f"  person   {item.job.person}"
    for found in audit.sets:
        yield from _set_lines(found)
    if audit.drape:
        yield from _drape_lines(audit)
    for event in audit.events:
        change = f"{event['from_state'] or 'new'} -> {event['to_state']}"
        said = f"{event['code'] or ''} {event['message'] or ''}"
        yield f"{event['at']:%Y-%m-%d %H:%M:%S}  {change}  {event['actor']}  {said}".rstrip()


def _drape_lines(audit: Audit) -> Iterator[str]:
    drape = audit.drape
    yield f"verdict  {drape['verdict']}  (flixpose {drape['software']}, {drape['worker']})"
    for reason in audit.reasons:
        yield f"  {reason['code']}: {reason['figure']} is {reason['value']}, limit {reason['threshold']}"
    for figure in audit.figures:
        value = "-" if figure["value"] is None else f"{figure['value']:.4g}"
        yield f"  {figure['name']:22} {value:>9} {figure['unit']}".rstrip()
    for warp in audit.warps:
        points = sum(point["part"] == warp["part"] for point in audit.control_points)
        yield f"part     {warp['part']}: {warp['model']}, {points} control points"
        yield from (f"  {change}" for change in warp["changes"])
    yield "stages   " + ", ".join(f"{row['stage']} {row['milliseconds']:.0f} ms" for row in audit.timings)


def _set_lines(found: PointSet) -> Iterator[str]:
    by_hand = f"{found.author}, correcting {found.parent_id}"
    model = (
        f"{found.model['name']} {found.model['version']}, {found.model['licence']}"
        if found.model
        else by_hand
    )
    kind = f" {', '.join(filter(None, (found.kind, found.view)))}" if found.kind else ""
    yield f"{found.subject:8}{kind} score {found.score}  ({model})"
    for name in found.points.present:
        x, y = found.points[name]
        yield f"  {name:22} {x:9.2f} {y:9.2f}  {found.points.score(name):.3f}"


def _person_image(audit: Audit, settings: Settings) -> Image:
    job, person = audit.item.job, audit.set_of("person")
    if job is None or person is None:
        raise NotFound(f"{audit.item.id} was never draped: there is nothing to draw.", subject=audit.item.id)
    limits = Limits(max_megapixels=settings.max_megapixels, max_file_mb=settings.max_file_mb)
    data = open_store(settings.store_url, settings).read(job.person, max_bytes=limits.max_bytes)
    image = decode_image(data, name=job.person.rsplit("/", 1)[-1], limits=limits)
    if image.sha256 != person.image["sha256"]:
        raise MissingInput(f"{job.person} is no longer the photo that was draped.", subject=job.person)
    return image


def _overlay(audit: Audit, image: Image) -> Picture:
    """The person's keypoints (hands and face, too) and box, and where the garment's landmarks were laid."""
    picture = image.pixels
    person, garment = audit.set_of("person"), audit.set_of("garment")
    if person is not None:
        picture = draw_keypoints(picture, person.points)
        for detail in (found for found in audit.sets if found.points.skeleton.name in DETAILS):
            picture = draw_keypoints(picture, detail.points)
        picture = draw_box(picture, person.box, label=f"{person.score:.2f}") if person.box else picture
    if garment is not None:
        picture = draw_keypoints(picture, _laid(audit, garment.points.skeleton), labels=True)
    return picture


def _laid(audit: Audit, landmarks: Skeleton) -> Keypoints:
    """The garment's landmarks on the person image: the control points of the same names."""
    places = {
        row["name"]: (row["person_x"], row["person_y"], float(np.clip(row["weight"], 0.5, 1)))
        for row in audit.control_points
        if row["name"] in landmarks.index
    }
    return Keypoints.from_points(landmarks, places)
