"""Every garment on every fitting person, and pairs beside their truth, as contact sheets to look at.

    python -m flixpose.evaluation.gallery --out out/gallery [--only garments|pairs] [--limit N]

Writes `sheets/*.jpg`, `garments/<garment>/<person>.jpg`, `pairs/<id>.jpg` and `gallery.json` with a row for
each drape: its verdict with reasons, or the error's code. A crash is a row, too, and ends in exit code 1.
"""

import csv
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from flixpose.bootstrap import build
from flixpose.cli.progress import Advance, progress
from flixpose.errors import FlixposeError, MissingInput
from flixpose.evaluation.drape import iou, plain_box
from flixpose.evaluation.sheets import Tile, contact_sheet
from flixpose.imaging.colour import over
from flixpose.imaging.decode import read_image
from flixpose.imaging.encode import encode_jpeg
from flixpose.imaging.files import write_atomic
from flixpose.pipeline import Tools, drape
from flixpose.settings import load_settings
from flixpose.structures.drape import Drape
from flixpose.structures.found import Pose
from flixpose.structures.image import Image

CRASH = "crash"
_PHOTOS = (".jpg", ".jpeg", ".png", ".webp")
_BELOW_THE_HIPS = ("trousers", "shorts", "skirt", "dress")
_KNEES_AND_ANKLES = ("left_knee", "right_knee", "left_ankle", "right_ankle")
_SEEN = 0.5
_UPPER_CLOTHES = 5
_PAIRS_PER_SHEET = 20


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one drape.

    Attributes:
        section: "garments" or "pairs".
        error: code, message and advice; code "crash" with the traceback for what should not happen.
        seconds: wall time of the drape.
        picture: path of the result, relative to the gallery.
        iou: of the visible mask with the truth's upper clothes (pairs).
        iou_box: the same of a plain box between shoulders and hips: the least that a rig must beat.
    """

    section: str
    garment: str
    person: str
    kind: str | None = None
    verdict: str | None = None
    reasons: tuple[str, ...] = ()
    error: dict[str, Any] | None = None
    seconds: float = 0.0
    milliseconds: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    picture: str | None = None
    iou: float | None = None
    iou_box: float | None = None
    frontal: bool | None = None

    @property
    def tone(self) -> str:
        return "error" if self.error else self.verdict or ""

    @property
    def outcome(self) -> str:
        """One line for a caption."""
        if self.error:
            return str(self.error["code"])
        return " ".join((self.verdict or "", *self.reasons))


@dataclass(frozen=True, slots=True)
class Outing:
    """Where a gallery reads and writes, and with what."""

    shared: Path
    out: Path
    tools: Tools
    tell_kind: bool


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--shared", type=click.Path(path_type=Path), envvar="FLIXPOSE_SHARED", help="Folder of the photos."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/gallery"), show_default=True)
@click.option("--only", type=click.Choice(["garments", "pairs"]), help="One of the two parts.")
@click.option("--limit", type=click.IntRange(min=1), help="The first N garments and N pairs.")
@click.option("--read-kind", is_flag=True, help="Let the reader find each garment's kind; else it is told.")
def command(shared: Path | None, out: Path, only: str | None, limit: int | None, read_kind: bool) -> None:
    """Drape the shared photos and lay the results out on contact sheets.

    \b
    Example:
      FLIXPOSE_SHARED=photos python -m flixpose.evaluation.gallery --only pairs --limit 20
    """
    if shared is None or not shared.is_dir():
        raise click.UsageError("Set FLIXPOSE_SHARED or --shared to the folder that holds photos/ and pairs/.")
    outing = Outing(shared, out, build(load_settings()), tell_kind=not read_kind)
    rows: list[Row] = []
    try:
        for name, part in _PARTS.items():
            if only in (None, name):
                rows.extend(part(outing, limit))
    finally:
        write_atomic(out / "gallery.json", json.dumps(_summary(rows), indent=1).encode())
        _print(rows, out)
    sys.exit(1 if any(row.error and row.error["code"] == CRASH for row in rows) else 0)


# --- every garment on every fitting person


def drape_garments(outing: Outing, limit: int | None) -> Iterator[Row]:
    """A row for each garment of `photos/garments` on each person of `photos/persons` that it fits."""
    photos = outing.shared / "photos"
    persons = [read_image(path) for path in _photos(photos / "persons")]
    kinds = _annotated_kinds(photos / "landmarks.json")
    whole = {person.name: shows_legs(person, outing.tools) for person in persons}
    tasks = []
    for path in _photos(photos / "garments")[:limit]:
        below = any(word in (kinds.get(path.name) or "") for word in _BELOW_THE_HIPS)
        tasks.append((path, [person for person in persons if whole[person.name] or not below]))
    with progress("garments", sum(len(wearers) for _, wearers in tasks)) as advance:
        done = 0
        for path, wearers in tasks:
            yield from _one_garment(outing, path, kinds.get(path.name), wearers, _after(advance, done))
            done += len(wearers)


def _one_garment(
    outing: Outing, path: Path, kind: str | None, wearers: Sequence[Image], advance: Advance
) -> list[Row]:
    product = read_image(path)
    rows, tiles = [], [Tile(_on_white(product), (path.name, kind or "kind unknown"))]
    for done, person in enumerate(wearers, 1):
        row, draped = drape_row("garments", person, product, outing.tools, kind if outing.tell_kind else None)
        row = _keep(row, draped, outing.out, f"garments/{path.stem}/{_stem(person)}.jpg")
        picture = _faded(person.pixels) if draped is None else draped.picture
        tiles.append(Tile(picture, (row.person, row.outcome, row.kind or ""), row.tone))
        rows.append(row)
        advance(done=done, note=f"{row.garment} on {row.person}: {row.outcome}")
    sheet = contact_sheet(path.name, tiles, columns=6, cell=(300, 400))
    write_atomic(outing.out / "sheets" / f"{path.stem}.jpg", encode_jpeg(sheet, quality=88))
    return rows


def _on_white(image: Image) -> NDArray[np.uint8]:
    if image.alpha is None:
        return image.pixels
    return over(np.full_like(image.pixels, 255), image.pixels, image.alpha)


def _faded(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An untouched person image that nobody shall take for a result."""
    return np.asarray(255 - (255 - picture) // 3, np.uint8)


def shows_legs(person: Image, tools: Tools) -> bool:
    """Whether a knee or an ankle is in the photo: such a person can wear trousers and dresses."""
    poses = tools.poses([person])[0]
    return bool(poses) and any(_inside(poses[0], name, person) for name in _KNEES_AND_ANKLES)


def _inside(pose: Pose, name: str, photo: Image) -> bool:
    """Estimators go on guessing below the photo's edge; that does not count."""
    if not pose.keypoints.has(name, _SEEN):
        return False
    x, y = pose.keypoints[name]
    return 0 <= x <= photo.width and 0 <= y <= photo.height


def _annotated_kinds(path: Path) -> dict[str, str]:
    return {entry["file"]: entry["kind"] for entry in json.loads(path.read_text(encoding="utf-8"))}


# --- pairs beside their truth


def drape_pairs(outing: Outing, limit: int | None) -> Iterator[Row]:
    """A row for each pair of `pairs/pairs.csv`: a garment and a person who wears that very garment."""
    folder = outing.shared / "pairs"
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as table:
        pairs = list(csv.DictReader(table))[:limit]
    tiles: list[Tile] = []
    with progress("pairs", len(pairs)) as advance:
        for done, pair in enumerate(pairs, 1):
            row, three = _one_pair(outing, folder, pair)
            tiles += three
            advance(done=done, note=f"{row.person}: {row.outcome}")
            if done % _PAIRS_PER_SHEET == 0 or done == len(pairs):
                sheet = contact_sheet(
                    "garment, person, result", tiles, columns=12, cell=(192, 256), text_lines=3
                )
                name = f"pairs-{-(-done // _PAIRS_PER_SHEET):02d}.jpg"
                write_atomic(outing.out / "sheets" / name, encode_jpeg(sheet, quality=90))
                tiles = []
            yield row


def _one_pair(outing: Outing, folder: Path, pair: dict[str, str]) -> tuple[Row, list[Tile]]:
    product, person = read_image(folder / pair["garment"]), read_image(folder / pair["person"])
    row, draped = drape_row("pairs", person, product, outing.tools, None)
    row = _keep(row, draped, outing.out, f"pairs/{pair['id']}.jpg")
    row = replace(row, frontal=pair["frontal"] == "1")
    if draped is not None:
        with Pil.open(folder / pair["parse"]) as parse:
            worn = np.asarray(parse) == _UPPER_CLOTHES
        row = replace(
            row,
            iou=round(iou(draped.visible.alpha > 127, worn), 4),
            iou_box=round(iou(plain_box(draped.pose, worn.shape), worn), 4),
        )
    told = row.outcome if row.iou is None else f"IoU {row.iou:.3f}, box {row.iou_box:.3f}"
    result = None if draped is None else draped.picture
    return row, [
        Tile(_on_white(product), (pair["id"], row.kind or "")),
        Tile(person.pixels, ("frontal" if row.frontal else "turned",)),
        Tile(result, (told, row.outcome), row.tone),
    ]


# --- both


def drape_row(
    section: str, person: Image, product: Image, tools: Tools, kind: str | None
) -> tuple[Row, Drape | None]:
    """Drape, and tell what came of it; nothing that happens in there ends the gallery."""
    row = Row(section, Path(product.name).name, Path(person.name).name, kind)
    start = time.perf_counter()
    try:
        draped = drape(person, product, tools, kind=kind)
    except FlixposeError as failure:
        return replace(row, error=failure.to_json(), seconds=_since(start)), None
    except Exception as crash:
        error = {"code": CRASH, "message": repr(crash), "traceback": traceback.format_exc()}
        return replace(row, error=error, seconds=_since(start)), None
    return _told(replace(row, seconds=_since(start)), draped), draped


def _told(row: Row, draped: Drape) -> Row:
    return replace(
        row,
        kind=draped.garment.kind,
        verdict=draped.quality.verdict,
        reasons=tuple(reason.code for reason in draped.quality.reasons),
        milliseconds={stage: round(took, 1) for stage, took in draped.milliseconds.items()},
        figures={figure.name: round(figure.value, 5) for figure in draped.quality.figures},
    )


def _keep(row: Row, draped: Drape | None, out: Path, name: str) -> Row:
    if draped is None:
        return row
    write_atomic(out / name, encode_jpeg(draped.picture))
    return replace(row, picture=name)


def _summary(rows: Sequence[Row]) -> dict[str, Any]:
    overlaps = [row for row in rows if row.iou is not None]
    frontal = [row for row in overlaps if row.frontal]
    return {
        "outcomes": {
            section: dict(
                Counter(
                    row.tone if not row.error else row.error["code"] for row in rows if row.section == section
                )
            )
            for section in _PARTS
        },
        "reasons": dict(Counter(reason for row in rows for reason in row.reasons)),
        "mean_iou": _mean(row.iou for row in overlaps),
        "mean_iou_frontal": _mean(row.iou for row in frontal),
        "mean_iou_box_frontal": _mean(row.iou_box for row in frontal),
        "rows": [asdict(row) for row in rows],
    }


def _print(rows: Sequence[Row], out: Path) -> None:
    summary = _summary(rows)
    click.echo(json.dumps({key: value for key, value in summary.items() if key != "rows"}, indent=1))
    for row in rows:
        if row.error and row.error["code"] == CRASH:
            click.secho(f"crash: {row.garment} on {row.person}: {row.error['message']}", fg="red", err=True)
    click.echo(f"Sheets in {out / 'sheets'}, rows in {out / 'gallery.json'}.")


def _mean(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def _photos(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in _PHOTOS)
    if not found:
        raise MissingInput(f"No photos in {folder}.", subject=str(folder))
    return found


def _stem(image: Image) -> str:
    return Path(image.name).stem


def _after(advance: Advance, offset: int) -> Advance:
    def shifted(*, done: int, note: str = "") -> None:
        advance(done=offset + done, note=note)

    return shifted


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)


_PARTS: dict[str, Callable[[Outing, int | None], Iterator[Row]]] = {
    "garments": drape_garments,
    "pairs": drape_pairs,
}

if __name__ == "__main__":
    command()
