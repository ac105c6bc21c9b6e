"""`flixpose evaluate drape`: how draped garments lie where the same garments are worn."""

import json
from dataclasses import replace
from pathlib import Path

import click

from flixpose.bootstrap import build
from flixpose.cli.evaluate_scenes import show_scenes
from flixpose.cli.progress import progress
from flixpose.errors import UsageError
from flixpose.evaluation.drape import PairRow, calibration, drape_pair, read_pairs, summary
from flixpose.evaluation.drape_sheets import pair_picture
from flixpose.evaluation.remembered import RememberedGarments, RememberedPoses
from flixpose.imaging.encode import encode_jpeg
from flixpose.imaging.files import write_atomic
from flixpose.pipeline import Tools
from flixpose.settings import load_settings

_COLUMNS = ("count", "iou", "box", "tucked_box", "margin", "hidden", "wrongly_hidden")
_HEADINGS = ("pairs", "IoU", "box", "tucked", "margin", "hidden", "wrongly")


@click.command()
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="DIR/pairs.csv names garment, person and parse map of each pair.",
)
@click.option(
    "--scenes",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Simulated scenes with truth, as python -m flixpose.studio.scenes writes them.",
)
@click.option("--limit", type=click.IntRange(min=1), help="The first N pairs or scenes.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep poses and garments in DIR, so that the next evaluation need not look again.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Draw every pair or scene into DIR."
)
@click.option("--causes", is_flag=True, help="Tell where it is lost, by looking at the truth.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(
    pairs: Path | None,
    scenes: Path | None,
    limit: int | None,
    cache: Path | None,
    out: Path | None,
    causes: bool,
    as_json: bool,
) -> None:
    """Drape garments on persons who wear those very garments, and measure the overlap.

    IoU is that of the visible garment with the truth; a pair that cannot be draped counts as 0. The box is a
    plain rectangle on the trunk under the same hair, face and arms (tucked: and under the same waistband);
    margin is what the fit gains on the box. Hidden is the share of the drawn garment that lies behind hair,
    arms and waistband, wrongly the share of the worn one that is hidden though it should be seen.

    In simulated scenes the error is that of single points of cloth, in per cent of the worn garment's height.
    A drape is good where its IoU is at least 0.8 and, in scenes, its mean error at most 4 %; lines tell how
    many pictures of each verdict are, and each scene. --causes drapes each garment again with its true mask
    and landmarks.

    \b
    Examples:
      flixpose evaluate drape --pairs pairs --cache out/cache --out out/pairs
      flixpose evaluate drape --scenes out/scenes --out out/scene-drapes
    """
    tools = build(load_settings())
    tools = _remembering(tools, cache) if cache else tools
    if (pairs is None) == (scenes is None):
        raise UsageError("evaluate drape takes either --pairs DIR or --scenes DIR.")
    if scenes is not None:
        show_scenes(scenes, tools, limit, out, causes=causes, as_json=as_json)
    elif pairs is not None:
        _show_pairs(pairs, tools, limit, out, causes, as_json)


def _show_pairs(
    pairs: Path, tools: Tools, limit: int | None, out: Path | None, causes: bool, as_json: bool
) -> None:
    if not (pairs / "pairs.csv").is_file():
        raise UsageError(f"there is no {pairs / 'pairs.csv'}.", subject=str(pairs))
    rows = _rows(pairs, limit, tools, out)
    if as_json:
        told = {
            "summary": summary(rows),
            "verdicts": calibration(rows),
            "verdicts_truth_whole": calibration([row for row in rows if row.whole]),
            "pairs": [row.to_json() for row in rows],
        }
        click.echo(json.dumps(told, indent=1))
        return
    _print(rows, causes)


def _remembering(tools: Tools, folder: Path) -> Tools:
    return replace(
        tools,
        poses=RememberedPoses(tools.poses, folder),
        garments=RememberedGarments(tools.garments, folder),
    )


def _rows(folder: Path, limit: int | None, tools: Tools, out: Path | None) -> list[PairRow]:
    pairs = read_pairs(folder)[:limit]
    rows = []
    with progress("pairs", len(pairs)) as advance:
        for done, pair in enumerate(pairs, 1):
            row, draped = drape_pair(pair, tools)
            rows.append(row)
            if out is not None and draped is not None:
                write_atomic(out / f"{pair.name}.jpg", encode_jpeg(pair_picture(pair, row, draped)))
            advance(done=done, note=f"{pair.name}: {row.iou:.3f}")
    return rows


def _print(rows: list[PairRow], causes: bool) -> None:
    means = summary(rows)
    click.echo(" " * 22 + "".join(f"{heading:>9}" for heading in _HEADINGS))
    for name, values in means.items():
        numbers = [f"{values[c]:9.0f}" if c == "count" else f"{values[c]:9.3f}" for c in _COLUMNS]
        click.echo(f"{name:22}" + "".join(numbers))
    for verdict, (count, good) in calibration(rows).items():
        click.echo(f"{verdict}: {good} of {count} cover what the worn garment covers (IoU from 0.8)")
    if torn := [row for row in rows if not row.whole]:
        click.echo("truth leaves much of the person unlabelled: " + ", ".join(row.name for row in torn))
        for verdict, (count, good) in calibration([row for row in rows if row.whole]).items():
            click.echo(f"without them {verdict}: {good} of {count}")
    failed = [f"{row.name} {row.error}" for row in rows if row.error]
    if failed:
        click.echo("not draped: " + ", ".join(failed))
    worst = sorted(rows, key=lambda row: row.iou)[:10]
    click.echo("worst: " + ", ".join(f"{row.name} {row.iou:.3f}" for row in worst))
    if causes:
        _print_causes(means)


def _print_causes(means: dict[str, dict[str, float]]) -> None:
    groups = [name for name in ("frontal", "other") if name in means]
    for key in means[groups[0]] if groups else ():
        if key.startswith(("with_true_", "lost_")):
            values = "".join(f"{means[group][key]:9.3f}" for group in groups)
            click.echo(f"{key.replace('_', ' '):32}{values}")
