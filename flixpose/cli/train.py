"""`flixpose train`: train a net by a recipe; one sub-verb a net."""

import click

from flixpose.cli.lazy import LazyGroup

VERBS: dict[str, tuple[str, str]] = {
    "garment": ("flixpose.cli.train_garment", "The garment net, on drawn product photos"),
    "pose": ("flixpose.cli.train_pose", "Keypoint families, on photos with COCO's annotations"),
    "figures": ("flixpose.cli.train_figures", "Draw people with keypoints to train on"),
    "publish": ("flixpose.cli.train_publish", "Weights and model card from a checkpoint"),
}


@click.command(cls=LazyGroup, table=VERBS)
def command() -> None:
    """Train a net by a recipe.

    \b
    Example:
      flixpose train garment --recipe configs/recipes/garment.toml
    """
