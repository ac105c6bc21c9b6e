"""`flixpose train figures`: drawn people with COCO's keypoints, to train small nets on."""

from pathlib import Path

import click

from flixpose.cli.progress import progress


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/figures"),
    show_default=True,
    metavar="DIR",
    help="Gets seen/ and unseen/, each with annotations.json and images/.",
)
@click.option("--count", type=click.IntRange(1), default=200, show_default=True, help="Pictures to train on.")
@click.option("--unseen", type=click.IntRange(1), default=60, show_default=True, help="Pictures to test on.")
@click.option("--side", type=click.IntRange(32, 1024), default=128, show_default=True, help="Pixels.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def command(out: Path, count: int, unseen: int, side: int, seed: int) -> None:
    """Draw pictures of one to three people each, with their keypoints in COCO's format.

    Articulated figures in drawn clothes before drawn backgrounds, partly hidden; the same seed gives the same
    pictures. Enough to see a net learn, not to serve it.

    \b
    Example:
      flixpose train figures --out out/figures
    """
    from flixpose.studio.figures import write

    with progress("drawing", 2) as advance:
        for done, (name, number, start) in enumerate((("seen", count, 1), ("unseen", unseen, 2)), 1):
            write(out / name, number, seed=2 * seed + start, side=side)
            advance(done=done, note=name)
    click.echo(f"{count} and {unseen} pictures in {out}")
