"""`flixpose train garment`: train the garment net on drawn product photos, and corrected ones."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flixpose.cli.progress import progress
from flixpose.errors import UsageError
from flixpose.models import GARMENT_NET
from flixpose.resources import PACKAGE

if TYPE_CHECKING:
    from flixpose.training.batches import Photos

_SHIPPED = PACKAGE / GARMENT_NET.member


@click.command()
@click.option(
    "--recipe",
    "recipe_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What to train, such as configs/recipes/garment.toml.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/train/garment"),
    show_default=True,
    metavar="DIR",
    help="Gets checkpoint.pt, curve.csv, curve.png and the drawn samples.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="COCO.json",
    help="Photos of garments to be mixed in, as `flixpose audit export --format coco` writes them.",
)
@click.option("--images", type=click.Path(path_type=Path), help="Their folder; default: images beside FILE.")
@click.option(
    "--scenes",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Simulated scenes whose product photos are to be mixed in, instead of --data.",
)
@click.option(
    "--data-share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    show_default=True,
    help="Share of the pictures that are made from these photos.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR.")
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="WEIGHTS",
    help="Begin from weights instead of from nothing; `shipped`: those that flixpose came with.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto: CUDA where there is one. Both compute in bf16.",
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads that learn; default: the rest.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that draw.")
@click.option("--until", type=click.IntRange(1), metavar="STEP", help="Stop before this step.")
def command(
    recipe_file: Path,
    out: Path,
    data: Path | None,
    images: Path | None,
    scenes: Path | None,
    data_share: float,
    resume: bool,
    start: Path | None,
    device: str,
    threads: int | None,
    workers: int,
    until: int | None,
) -> None:
    """Train the garment net by a recipe, on product photos drawn as it goes.

    The same recipe gives the same pictures in the same order; a run that was stopped goes on with --resume
    as if it had not been (give it the same --data or --scenes). Bit for bit the same weights need the same
    machine and number of threads. Checkpoint and model card say what was mixed in.

    \b
    Example:
      flixpose train garment --recipe configs/recipes/garment.toml
      flixpose train garment --recipe configs/recipes/garment.toml --resume
      flixpose train garment --recipe configs/recipes/garment-further.toml --start shipped \\
        --data corrected/annotations.json
      python -m flixpose.studio.scenes --out out/products --count 100 --seed 2 --products-only
      flixpose train garment --recipe configs/recipes/garment.toml --scenes out/products
    """
    import torch

    from flixpose.training.garment import train
    from flixpose.training.recipe import read_recipe

    if resume and start:
        raise UsageError("--start begins a run, --resume goes on with one.", advice="Leave one of them away.")
    recipe = read_recipe(recipe_file)
    photos = _photos(data, images, scenes, recipe.largest_drawn, data_share)
    where = _device(device, cuda=torch.cuda.is_available())
    torch.set_num_threads(threads or max(1, (os.cpu_count() or 2) - workers))
    with progress("training", recipe.steps) as advance:
        state = train(
            recipe,
            out,
            resume=resume,
            start=_SHIPPED if start == Path("shipped") else start,
            device=where,
            workers=workers,
            until=until,
            photos=photos,
            report=lambda step, note: advance(done=step, note=note),
        )
    click.echo(f"{state.step} of {recipe.steps} steps in {state.seconds / 60:.1f} minutes; see {out}")


def _photos(
    data: Path | None, images: Path | None, scenes: Path | None, side: int, share: float
) -> "Photos | None":
    from flixpose.training.corrected import read_photos
    from flixpose.training.simulated import read_scenes

    if data and scenes:
        raise UsageError("--data and --scenes cannot be mixed in together.", advice="Leave one of them away.")
    if scenes:
        return read_scenes(scenes, side=side, share=share)
    return read_photos(data, images, side=side, share=share) if data else None


def _device(asked: str, *, cuda: bool) -> str:
    if asked == "auto":
        return "cuda" if cuda else "cpu"
    if asked == "cuda" and not cuda:
        raise UsageError("there is no CUDA device here.", advice="Leave --device away, or use --device cpu.")
    return asked
