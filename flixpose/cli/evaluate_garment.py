"""`flixpose evaluate garment`: landmarks and kinds on annotated photos, masks on pairs."""

from pathlib import Path

import click

from flixpose.errors import UsageError
from flixpose.evaluation.garment import evaluate_landmarks
from flixpose.garment.silhouette import SilhouetteReader


@click.command()
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Annotated photos: DIR/landmarks.json and DIR/garments.",
)
def command(data: Path) -> None:
    """Measure the garment reader on annotated photos.

    \b
    Example:
      flixpose evaluate garment --data photos
    """
    if not (data / "landmarks.json").is_file():
        raise UsageError(f"there is no {data / 'landmarks.json'}.", subject=str(data))
    for line in evaluate_landmarks(SilhouetteReader(), data).lines():
        click.echo(line)
