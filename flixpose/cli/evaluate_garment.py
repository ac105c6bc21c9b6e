"""`flixpose evaluate garment`: landmarks and kinds on annotated photos, masks on pairs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from flixpose.bootstrap import garment_reader
from flixpose.cli.progress import progress
from flixpose.errors import UsageError
from flixpose.evaluation.garment import Figures, evaluate_entries, evaluate_landmarks, evaluate_masks
from flixpose.evaluation.garment_overlays import draw_found
from flixpose.garment.silhouette import SilhouetteReader
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.ports import GarmentReader
from flixpose.settings import load_settings
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

READERS = ("net", "silhouette")


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Annotated photos: DIR/landmarks.json and DIR/garments.",
)
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Photos in DIR/garment and their masks in DIR/garment-mask, of the same names.",
)
@click.option(
    "--scenes",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Simulated scenes: their product photos on mannequins and as ghosts.",
)
@click.option("--drawn", type=click.IntRange(1), metavar="N", help="So many drawn photos, never trained on.")
@click.option("--reader", type=click.Choice(READERS), default=READERS[0], show_default=True)
@click.option("--told", is_flag=True, help="Tell the reader kind and view: landmarks alone are judged.")
@click.option("--overlays", type=click.Path(path_type=Path), metavar="DIR", help="Draw every photo into DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(
    data: Path | None,
    pairs: Path | None,
    scenes: Path | None,
    drawn: int | None,
    reader: str,
    told: bool,
    overlays: Path | None,
    as_json: bool,
) -> None:
    """Measure the garment reader on annotated photos (landmarks, kinds, views) and on masks.

    PCK@t is the share of visible annotated landmarks that are found within t of the garment's longer side;
    NME the mean error of those that are found, in the same unit.

    \b
    Example:
      flixpose evaluate garment --data photos --pairs pairs --overlays out/landmarks
    """
    if not any((data, pairs, scenes, drawn)):
        raise UsageError("tell --data, --pairs, --scenes or --drawn.")
    eyes = SilhouetteReader() if reader == "silhouette" else garment_reader(load_settings())
    figures = _landmarks(eyes, data, told, overlays) if data else None
    masks = _masks(eyes, pairs) if pairs else None
    made = dict(_studios(eyes, scenes, drawn, told))
    if as_json:
        click.echo(json.dumps(_row(eyes, figures, masks, made), indent=2))
        return
    for line in figures.lines() if figures else ():
        click.echo(line)
    for name, found in made.items():
        click.echo(f"{name}:")
        for line in found.lines():
            click.echo(line)
    if masks:
        worst = sorted(masks.items(), key=lambda pair: pair[1])[:5]
        click.echo(f"mask IoU of {len(masks)}: mean {_mean(masks):.4f}, median {_median(masks):.4f}")
        click.echo("  worst " + ", ".join(f"{name} {iou:.3f}" for name, iou in worst))


def _landmarks(reader: GarmentReader, data: Path, told: bool, overlays: Path | None) -> Figures:
    if not (data / "landmarks.json").is_file():
        raise UsageError(f"there is no {data / 'landmarks.json'}.", subject=str(data))
    total = len(json.loads((data / "landmarks.json").read_text()))
    done = 0
    with progress("photos", total) as advance:

        def show(entry: dict[str, Any], image: Image, garment: Garment | None) -> None:
            nonlocal done
            done += 1
            if overlays is not None:
                overlays.mkdir(parents=True, exist_ok=True)
                path = overlays / f"{Path(entry['file']).stem}.png"
                write_atomic(path, encode_png(draw_found(entry, image, garment)))
            advance(done=done, note=entry["file"])

        return evaluate_landmarks(reader, data, told=told, show=show)


def _studios(
    reader: GarmentReader, scenes: Path | None, drawn: int | None, told: bool
) -> Iterator[tuple[str, Figures]]:
    """The figures on photos from the studios."""
    from flixpose.evaluation.garment_sets import CHECKED, drawn_entries, scene_entries

    if scenes is not None:
        yield "scenes", evaluate_entries(reader, scene_entries(scenes), told=told)
    if drawn is not None:
        entries = drawn_entries(range(CHECKED, CHECKED + drawn))
        yield "drawn", evaluate_entries(reader, entries, told=told)


def _masks(reader: GarmentReader, pairs: Path) -> dict[str, float]:
    for folder in (pairs / "garment", pairs / "garment-mask"):
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}.", subject=str(folder))
    return evaluate_masks(reader, pairs)


def _row(
    reader: GarmentReader,
    figures: Figures | None,
    masks: dict[str, float] | None,
    made: dict[str, Figures],
) -> dict[str, Any]:
    row: dict[str, Any] = {"model": reader.model.to_json()}
    row |= {name: found.to_json() for name, found in made.items()}
    if figures:
        row["landmarks"] = figures.to_json()
    if masks:
        row["masks"] = {"mean": _mean(masks), "median": _median(masks), "iou": masks}
    return row


def _mean(masks: dict[str, float]) -> float:
    return float(np.mean(list(masks.values())))


def _median(masks: dict[str, float]) -> float:
    return float(np.median(list(masks.values())))
