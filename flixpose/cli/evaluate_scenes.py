"""The part of `flixpose evaluate drape` that reads simulated scenes."""

import json
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from flixpose.cli.progress import progress
from flixpose.evaluation.scenes import SceneRow, calibration, drape_scene, find_scenes, summary
from flixpose.imaging.decode import read_image
from flixpose.imaging.encode import encode_jpeg
from flixpose.imaging.files import write_atomic
from flixpose.pipeline import Tools
from flixpose.structures.drape import Drape

_COLUMNS = ("count", "failed", "iou", "error_mean", "error_median", "error_p95", "compared")
_HEADINGS = ("scenes", "failed", "IoU", "mean %", "median %", "p95 %", "compared")


def show_scenes(folder: Path, tools: Tools, limit: int | None, out: Path | None, *, as_json: bool) -> None:
    """Drape every scene below `folder`, print the tables, and draw each beside its truth into `out`.

    Raises:
        MissingInput: there is no scene, or one lacks a file.
    """
    found = find_scenes(folder)[:limit]
    rows = []
    with progress("scenes", len(found)) as advance:
        for done, scene in enumerate(found, 1):
            row, draped = drape_scene(scene, tools)
            rows.append(row)
            if out is not None and draped is not None:
                write_atomic(out / f"{scene.name}.jpg", encode_jpeg(_beside_truth(draped, scene)))
            advance(done=done, note=f"{scene.name}: {row.iou:.3f}")
    if as_json:
        told = {
            "summary": summary(rows),
            "verdicts": calibration(rows),
            "scenes": [row.to_json() for row in rows],
        }
        click.echo(json.dumps(told, indent=1))
        return
    _print(rows)


def _beside_truth(draped: Drape, scene: Path) -> NDArray[np.uint8]:
    """Product, draped picture, and what the same person really looks like in it."""
    worn = read_image(scene / "worn.png").pixels
    product = draped.product.pixels
    canvas = np.full((worn.shape[0], product.shape[1], 3), 255, np.uint8)
    height = min(len(product), len(canvas))
    canvas[:height] = product[:height]
    return np.hstack([canvas, draped.picture, worn])


def _print(rows: list[SceneRow]) -> None:
    click.echo(" " * 22 + "".join(f"{heading:>10}" for heading in _HEADINGS))
    for name, values in summary(rows).items():
        counts = "".join(f"{values[column]:10.0f}" for column in _COLUMNS[:2])
        click.echo(f"{name:22}{counts}" + "".join(f"{values[column]:10.3f}" for column in _COLUMNS[2:]))
    for verdict, (count, good) in calibration(rows).items():
        click.echo(f"{verdict}: {good} of {count} lie where the garment is worn")
    failed = [f"{row.name} {row.code}" for row in rows if row.code]
    if failed:
        click.echo("not draped: " + ", ".join(failed))
