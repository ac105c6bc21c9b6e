"""What `flixpose pose` and `flixpose landmarks` share: limits, file names, output."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from flixpose.imaging.decode import Limits
from flixpose.imaging.files import write_atomic
from flixpose.settings import Settings

Row = dict[str, Any]


def limits_of(settings: Settings) -> Limits:
    return Limits(max_megapixels=settings.max_megapixels, max_file_mb=settings.max_file_mb)


def print_rows(rows: list[Row], json_file: str | None, summary: Callable[[Row], str]) -> None:
    """A line a photo without `json_file`; else JSON, into the file or, for "-", to standard output."""
    if json_file is None:
        for row in rows:
            click.echo(summary(row))
    elif json_file == "-":
        click.echo(json.dumps(rows, indent=1))
    else:
        write_atomic(Path(json_file), (json.dumps(rows, indent=1) + "\n").encode())


def png_paths(images: Iterable[Path], folder: Path | None) -> dict[Path, Path]:
    """Photo → the PNG that goes with it, numbered where two photos share a name; empty without a folder."""
    paths: dict[Path, Path] = {}
    taken: set[str] = set()
    for image in images if folder else ():
        name, number = image.stem, 1
        while name in taken:
            number += 1
            name = f"{image.stem}-{number}"
        taken.add(name)
        paths[image] = Path(folder or ".") / f"{name}.png"
    return paths
