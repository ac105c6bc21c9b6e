"""`flixpose audit correct`, `approve` and `reject`: what people say about an item."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flixpose.adapters.corrections import Moves, unknown_point
from flixpose.adapters.database import Database
from flixpose.adapters.review import Corrected, approve, correct, reject
from flixpose.cli.database import BY, FOLDER, JSON, opened, settings_of
from flixpose.errors import UsageError
from flixpose.garment.kinds import KINDS
from flixpose.pose.skeletons import SKELETONS
from flixpose.settings import Settings
from flixpose.structures.job import Job

if TYPE_CHECKING:  # the eyes are heavy, and most corrections need none
    from flixpose.adapters.looking import Looker

_ON = {"person": "person", "product": "garment"}  # photo → what is seen there
_NAMES = {
    "person": tuple(dict.fromkeys(name for skeleton in SKELETONS.values() for name in skeleton.names)),
    "garment": tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.names)),
}

SET = click.option(
    "--set", "places", multiple=True, metavar="NAME=X,Y", help="Where a point is, in pixels; repeatable."
)
DROP = click.option("--drop", "gone", multiple=True, metavar="NAME", help="A point that is not to be seen.")


@click.command("correct")
@click.argument("item")
@SET
@DROP
@click.option("--on", type=click.Choice(list(_ON)), help="The photo meant; by default told by the names.")
@BY
@FOLDER
@JSON
def correct_command(
    item: str,
    places: tuple[str, ...],
    gone: tuple[str, ...],
    on: str | None,
    by: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Correct ITEM's points by hand, and drape it again with them.

    Nothing is overwritten: a new keypoint set by NAME stands beside the one that it corrects, and the item is
    queued again. Coordinates are pixels of the photo, (0.5, 0.5) the centre of the first one; left and right
    are the wearer's. Keypoints of the person are named left_wrist, landmarks of the garment cuff_left_outer.

    In a folder of `drape --manifest` (--in), start the same `drape --manifest` again to have it draped.

    \b
    Example:
      flixpose audit correct 20270301-101500-1a2b3c-7 --set neck_left=512,230 --set neck_right=430,228
      flixpose audit correct 20270301-101500-1a2b3c-7 --set left_wrist=611.5,902 --drop right_wrist --by ines
    """
    moves = read_moves(places, gone, _ON[on] if on else None)
    settings = settings_of(folder)
    with opened(settings) as database:

        def look(job: Job, subject: str) -> str:
            return looker(settings, database)(job, subject)

        done = correct(database, item, moves, by=by, look=look, attempts=settings.max_attempts)
    click.echo(json.dumps(_row(done), indent=1) if as_json else _text(done))
    if folder is not None and not as_json:
        click.echo("Start the same `flixpose drape --manifest` again to have it draped.", err=True)


@click.command("approve")
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@BY
@FOLDER
@JSON
def approve_command(items: tuple[str, ...], by: str, folder: Path | None, as_json: bool) -> None:
    """Say that ITEM's picture is good: it is done, whatever its figures say.

    \b
    Example:
      flixpose audit approve 20270301-101500-1a2b3c-7 --by ines
    """
    with opened(settings_of(folder)) as database:
        for item in items:
            _say(item, approve(database, item, by=by), "done", as_json)


@click.command("reject")
@click.argument("item")
@click.option("--reason", required=True, help="Why, for whoever reads the record.")
@BY
@FOLDER
@JSON
def reject_command(item: str, reason: str, by: str, folder: Path | None, as_json: bool) -> None:
    """Refuse ITEM's picture: it has failed, with the code `rejected` and the reason.

    \b
    Example:
      flixpose audit reject 20270301-101500-1a2b3c-7 --reason "the hem is crooked"
    """
    with opened(settings_of(folder)) as database:
        _say(item, reject(database, item, reason, by=by), "failed", as_json)


def read_moves(places: tuple[str, ...], gone: tuple[str, ...], subject: str | None) -> Mapping[str, Moves]:
    """The moves by subject ("person", "garment").

    Raises:
        UsageError: nothing to do, a point named twice, or no NAME=X,Y. UnknownPoint.
    """
    found: dict[str, dict[str, tuple[float, float] | None]] = {}
    for name, place in [*map(_place, places), *((name.strip(), None) for name in gone)]:
        of = found.setdefault(_subject_of(name, subject), {})
        if name in of:
            raise UsageError(f"{name} is named twice.", subject=name)
        of[name] = place
    if not found:
        raise UsageError("nothing is to be corrected.", advice="Name a point: --set neck_left=512,230.")
    return found


def _place(text: str) -> tuple[str, tuple[float, float]]:
    name, _, place = text.partition("=")
    try:
        x, y = (float(part) for part in place.split(","))
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and name.strip()):
        advice = "Write --set NAME=X,Y, such as --set neck_left=512,230."
        raise UsageError(f"{text!r} does not say where a point is.", subject=text, advice=advice)
    return name.strip(), (x, y)


def _subject_of(name: str, told: str | None) -> str:
    for subject, names in _NAMES.items():
        if name in names and told in (None, subject):
            return subject
    raise unknown_point(name, _NAMES[told] if told else (*_NAMES["person"], *_NAMES["garment"]))


def looker(settings: Settings, database: Database) -> "Looker":
    """The eyes, with their memory."""
    from flixpose import bootstrap
    from flixpose.adapters.looking import Looker
    from flixpose.adapters.served import with_memory

    return Looker(with_memory(bootstrap.build(settings), database), database)


def _row(done: Corrected) -> dict[str, object]:
    sets = [found.to_json() for found in done.sets.values()]
    return {"item": done.item_id, "state": done.state, "sets": sets}


def _text(done: Corrected) -> str:
    made = ", ".join(f"{subject} set {found.id}" for subject, found in done.sets.items())
    return f"{done.item_id}: {done.state} again with {made}"


def _say(item: str, before: str, after: str, as_json: bool) -> None:
    told = json.dumps({"item": item, "from": before, "state": after})
    click.echo(told if as_json else f"{item}: {before} -> {after}")
