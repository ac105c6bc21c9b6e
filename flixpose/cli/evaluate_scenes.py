"""The part of `flixpose evaluate drape` that reads simulated scenes."""

import json
from dataclasses import replace
from pathlib import Path

import click

from flixpose.cli.progress import progress
from flixpose.evaluation.drape import calibration
from flixpose.evaluation.scene_sheets import beside_truth, contact_sheet
from flixpose.evaluation.scene_truth import TrueGarment
from flixpose.evaluation.scenes import SceneRow, drape_scene, find_scenes, summary
from flixpose.imaging.encode import encode_jpeg
from flixpose.imaging.files import write_atomic
from flixpose.pipeline import Tools

_COLUMNS = ("count", "failed", "good", "iou", "error_mean", "error_median", "error_p95", "compared")
_HEADINGS = ("scenes", "failed", "good", "IoU", "mean %", "median %", "p95 %", "compared")


def show_scenes(
    folder: Path, tools: Tools, limit: int | None, out: Path | None, *, causes: bool, as_json: bool
) -> None:
    """Drape every scene below `folder`, print the tables, and draw each beside its truth into `out`.

    All of them together, small, are `contact.jpg` there. `causes` drapes each once more with the true mask
    and landmarks of the product photo, to tell what is lost by reading it.

    Raises:
        MissingInput: there is no scene, or one lacks a file.
    """
    found = find_scenes(folder)[:limit]
    rows, told, pictures = [], [], []
    with progress("scenes", len(found)) as advance:
        for done, scene in enumerate(found, 1):
            row, draped = drape_scene(scene, tools)
            rows.append(row)
            if causes:
                told.append(drape_scene(scene, replace(tools, garments=TrueGarment(scene)))[0])
            if out is not None and draped is not None:
                pictures.append(beside_truth(row, draped, scene))
                write_atomic(out / f"{scene.name}.jpg", encode_jpeg(pictures[-1]))
            advance(done=done, note=f"{scene.name}: {row.iou:.3f}")
    if out is not None and pictures:
        write_atomic(out / "contact.jpg", encode_jpeg(contact_sheet(pictures)))
    if as_json:
        report = {
            "summary": summary(rows),
            "verdicts": calibration(rows),
            "scenes": [row.to_json() for row in rows],
        }
        if told:
            report["with_true_garment"] = summary(told)
        click.echo(json.dumps(report, indent=1))
        return
    _print(rows)
    if told:
        click.echo("with the true garment (mask and landmarks of the product photo):")
        _table(told)


def _print(rows: list[SceneRow]) -> None:
    _table(rows)
    for verdict, (count, good) in calibration(rows).items():
        click.echo(f"{verdict}: {good} of {count} lie where the garment is worn")
    for row in rows:
        click.echo(_line(row))


def _table(rows: list[SceneRow]) -> None:
    click.echo(" " * 22 + "".join(f"{heading:>10}" for heading in _HEADINGS))
    for name, values in summary(rows).items():
        counts = "".join(f"{values[column]:10.0f}" for column in _COLUMNS[:3])
        click.echo(f"{name:22}{counts}" + "".join(f"{values[column]:10.3f}" for column in _COLUMNS[3:]))


def _line(row: SceneRow) -> str:
    start = f"{row.name}  {row.kind:20} {row.pose:8} {row.yaw:4.0f}°  "
    if row.code is not None:
        return f"{start}not draped: {row.code}"
    error = f"{row.error.mean:5.1f} % (p95 {row.error.p95:5.1f})" if row.error else " nothing to compare"
    mark = "good" if row.good else "off "
    return f"{start}IoU {row.iou:.3f}  error {error}  {mark}  {row.verdict} {' '.join(row.reasons)}".rstrip()
