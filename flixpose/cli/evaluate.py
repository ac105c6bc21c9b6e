"""`flixpose evaluate`: how well a part does against truth; one sub-verb a part."""

import click

from flixpose.cli.lazy import LazyGroup

VERBS: dict[str, tuple[str, str]] = {
    "drape": ("flixpose.cli.evaluate_drape", "Draped garments where the same garments are worn"),
    "garment": ("flixpose.cli.evaluate_garment", "Landmarks, kinds and masks of garments"),
    "pose": ("flixpose.cli.evaluate_pose", "Keypoints of people: AP and AR by OKS"),
    "print": ("flixpose.cli.evaluate_print", "How far a print was bent on the worn garment"),
}


@click.command(cls=LazyGroup, table=VERBS)
def command() -> None:
    """Measure a part of flixpose against truth.

    \b
    Example:
      flixpose evaluate garment --data photos
    """
