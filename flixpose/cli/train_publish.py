"""`flixpose train publish`: from a checkpoint to the weights that are shipped."""

from pathlib import Path

import click

from flixpose.cli.progress import progress


@click.command()
@click.option(
    "--run",
    "runs",
    type=click.Path(path_type=Path),
    multiple=True,
    default=[Path("out/train/garment")],
    show_default=True,
    metavar="DIR",
    help="The folder of a training run; given several times, the mean of their weights is published.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Gets weights and card."
)
@click.option("--photos", type=click.IntRange(1), default=240, show_default=True, help="Drawn to calibrate.")
@click.option(
    "--scenes",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Simulated scenes: every second one calibrates, too, and the others check.",
)
@click.option(
    "--side", type=click.IntRange(32), help="Pixels that the net will read; default: as last trained."
)
@click.option("--note", default="", help="A line for the card: what else a reader should know of the run.")
def command(
    runs: tuple[Path, ...], out: Path, photos: int, scenes: Path | None, side: int | None, note: str
) -> None:
    """Calibrate the scores of a trained garment net, and write its weights (fp16) and model card.

    \b
    Example:
      flixpose train publish --run out/train/garment --out flixpose/garment/weights
      flixpose train publish --run first --run second --side 288 --out weights
    """
    from flixpose.training.publish import WEIGHTS, publish

    with progress("calibrating", photos) as advance:
        figures = publish(
            runs,
            out,
            photos=photos,
            scenes=scenes,
            side=side,
            note=note,
            report=lambda done, note: advance(done=done, note=note),
        )
    click.echo(f"{out / WEIGHTS}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))
