"""`flixpose plates`: persons looked at once, corrected by hand, and used for any number of garments."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flixpose.adapters.photos import put_photo
from flixpose.adapters.plates import PREFIX, Plate, Plates, check_name
from flixpose.adapters.stores import open_store
from flixpose.cli.audit_review import DROP, SET, looker, read_moves
from flixpose.cli.database import BY, JSON, opened
from flixpose.cli.main import EXIT_SOME_FAILED, report_failure
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError, MissingInput, UsageError
from flixpose.imaging.decode import Limits, decode_image
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.imaging.overlay import draw_box, draw_keypoints
from flixpose.settings import Settings, load_settings

if TYPE_CHECKING:  # the eyes are heavy, and only `add` needs them
    from flixpose.adapters.looking import Looker


@click.group()
def command() -> None:
    """Keep persons as plates: look at them once, correct them by hand, approve, use them in manifests.

    A manifest names a plate in its column person, as plate:NAME. Only approved plates may be used.

    \b
    Example:
      flixpose plates add anna.jpg
      flixpose plates show anna --overlay anna-points.png
      flixpose plates correct anna --set left_wrist=611,902
      flixpose plates approve anna
    """


@command.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--name", help="The plate's name; the file's without its ending by default.")
@BY
@JSON
def add_command(files: tuple[Path, ...], name: str | None, by: str, as_json: bool) -> int:
    """Upload photos of persons, find their keypoints, and keep them as drafts.

    A plate that is there with the same photo is left as it is. A photo that cannot be used is reported, the
    others go on, and the exit code is 3.

    \b
    Example:
      flixpose plates add photos/*.jpg
      flixpose plates add IMG_0815.jpg --name anna
    """
    if name and len(files) > 1:
        raise UsageError("one name for several photos.", subject=name, advice="Leave --name out.")
    settings, added, failed = load_settings(), [], 0
    with opened(settings) as database, progress("plates", len(files)) as advance:
        eyes, plates = looker(settings, database), Plates(database)
        for done, path in enumerate(files, 1):
            try:
                added.append(_add(plates, eyes, path, check_name(name or path.stem), by))
            except FlixposeError as failure:
                if failure.retry:
                    raise
                failed += 1
                report_failure(failure, as_json=as_json)
            advance(done=done, note=path.name)
    _print(added, as_json)
    return EXIT_SOME_FAILED if failed else 0


@command.command("list")
@JSON
def list_command(as_json: bool) -> None:
    """List all plates.

    \b
    Example:
      flixpose plates list --json
    """
    with opened(load_settings()) as database:
        found = Plates(database).all()
    _print(found, as_json)
    if not found and not as_json:
        click.echo("no plates yet")


@command.command("show")
@click.argument("name")
@click.option(
    "--overlay", type=click.Path(path_type=Path), metavar="FILE", help="Draw the points on the photo, as PNG."
)
@JSON
def show_command(name: str, overlay: Path | None, as_json: bool) -> None:
    """Show the plate NAME: its points, who placed them, and its history.

    \b
    Example:
      flixpose plates show anna --overlay anna-points.png
    """
    settings = load_settings()
    with opened(settings) as database:
        plate = Plates(database).get(name)
    if overlay is not None:
        write_atomic(overlay, _drawing(plate, settings))
    click.echo(json.dumps(plate.to_json(), indent=1, default=str) if as_json else "\n".join(_lines(plate)))


@command.command("approve")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@BY
@JSON
def approve_command(names: tuple[str, ...], by: str, as_json: bool) -> None:
    """Let manifests use plates as they are now.

    \b
    Example:
      flixpose plates approve anna malik --by ines
    """
    with opened(load_settings()) as database:
        plates = Plates(database)
        _print([plates.approve(name, by=by) for name in names], as_json)


@command.command("correct")
@click.argument("name")
@SET
@DROP
@click.option("--approve", is_flag=True, help="And approve it, as it is then.")
@BY
@JSON
def correct_command(
    name: str, places: tuple[str, ...], gone: tuple[str, ...], approve: bool, by: str, as_json: bool
) -> None:
    """Correct the plate NAME's points by hand; it is a draft then, until it is approved.

    Nothing is overwritten: a new keypoint set stands beside the one that it corrects, and manifests that are
    submitted later use it. Coordinates are pixels, (0.5, 0.5) the centre of the first; left is the wearer's.

    \b
    Example:
      flixpose plates correct anna --set left_wrist=611,902 --drop right_ankle --approve
    """
    moves = read_moves(places, gone, "person")["person"]
    with opened(load_settings()) as database:
        _print([Plates(database).correct(name, moves, by=by, approve=approve)], as_json)


def _add(plates: Plates, eyes: "Looker", path: Path, name: str, by: str) -> Plate:
    limits = eyes.tools.limits
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)  # one too many tells that it is too large
    except OSError as failure:
        raise MissingInput(f"{path} cannot be read: {failure.strerror}.", subject=str(path)) from failure
    image = decode_image(data, name=str(path), limits=limits)
    uri = put_photo(eyes.tools.blobs, data, str(path))
    return plates.add(name, uri, eyes.look(image, uri, "person"), by=by)


def _print(plates: list[Plate], as_json: bool) -> None:
    if as_json:
        told = [plate.to_json() for plate in plates]
        click.echo(json.dumps({"plates": told}, indent=1, default=str))
        return
    for plate in plates:
        points = plate.points
        click.echo(f"{PREFIX}{plate.name}  {plate.state}  {points.author}  score {points.score}  {plate.uri}")


def _lines(plate: Plate) -> Iterator[str]:
    points = plate.points
    size = f"{points.image['width']}×{points.image['height']}"
    yield f"{PREFIX}{plate.name}  {plate.state}  {size}  {plate.uri}"
    yield f"points by {points.author}" + (f", correcting {points.parent_id}" if points.parent_id else "")
    for name in points.points.present:
        x, y = points.points[name]
        yield f"  {name:22} {x:9.2f} {y:9.2f}  {points.points.score(name):.3f}"
    for event in plate.history:
        yield f"{event['at']:%Y-%m-%d %H:%M:%S}  {event['action']}  {event['actor']}"


def _drawing(plate: Plate, settings: Settings) -> bytes:
    """The photo with the points and the box, as PNG."""
    limits = Limits(max_megapixels=settings.max_megapixels, max_file_mb=settings.max_file_mb)
    data = open_store(settings.store_url, settings).read(plate.uri, max_bytes=limits.max_bytes)
    image = decode_image(data, name=plate.name, limits=limits)
    picture = draw_keypoints(image.pixels, plate.points.points, labels=True)
    return encode_png(draw_box(picture, plate.points.box) if plate.points.box else picture)
