"""`flixpose train pose`: train keypoint families on COCO's annotations."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flixpose.cli.progress import progress
from flixpose.errors import UsageError
from flixpose.resources import CONFIGS

if TYPE_CHECKING:
    from flixpose.evaluation.people import Photo
    from flixpose.pose.codec.proposals import Proposals
    from flixpose.training.pose import PoseRecipe


@click.command()
@click.option(
    "--family",
    "families",
    required=True,
    multiple=True,
    metavar="NAME",
    help="A keypoint family; several, or `all`, are trained one after the other and compared in a table.",
)
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="COCO.json",
    help="People's keypoints in COCO's format.",
)
@click.option("--images", type=click.Path(path_type=Path), help="Their photos; default: images beside FILE.")
@click.option("--unseen", type=click.Path(path_type=Path), metavar="COCO.json", help="Only tested on.")
@click.option(
    "--recipe",
    "recipe_file",
    type=click.Path(path_type=Path),
    default=CONFIGS / "recipes" / "pose.toml",
    metavar="FILE",
    help="One table a family; default: the small nets of configs/recipes/pose.toml.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/train/pose"),
    show_default=True,
    metavar="DIR",
    help="Gets FAMILY/{checkpoint.pt,curve.csv,curve.png,weights.safetensors}.",
)
@click.option(
    "--finder",
    type=click.Path(path_type=Path),
    metavar="WEIGHTS",
    help="Of a family that finds people, trained here: top-down ones learn from boxes drawn as it errs.",
)
@click.option("--steps", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto: CUDA where there is one.",
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads that learn; default: all.")
def command(
    families: tuple[str, ...],
    data: Path,
    images: Path | None,
    unseen: Path | None,
    recipe_file: Path,
    out: Path,
    finder: Path | None,
    steps: int | None,
    resume: bool,
    device: str,
    threads: int | None,
) -> None:
    """Train a keypoint family, or several, on photos with COCO's annotations.

    One loop for all of them: heat maps, SimCC, coordinates, tags, fields, offsets, boxes. The recipe says
    how large the net is. A run that was stopped goes on with --resume as if it had not been. With several
    families DIR/table.md tells AP on the photos trained on and on unseen ones; a family that has its row
    there is not trained again.

    \b
    Example:
      flixpose train figures --out out/figures
      flixpose train pose --family simple_baseline --data out/figures/seen/annotations.json
      flixpose train pose --family all --data out/figures/seen/annotations.json \\
        --unseen out/figures/unseen/annotations.json
    """
    from flixpose.evaluation.people import read_coco
    from flixpose.training.pose import read_pose_recipe, shortened, train
    from flixpose.training.pose_tasks import TASKS

    names = tuple(TASKS) if families == ("all",) else families
    recipes = [shortened(read_pose_recipe(recipe_file, name), steps) for name in names]
    photos = read_coco(data, images)
    others = read_coco(unseen) if unseen else []
    where = _device(device, threads)
    boxes = _boxes(finder, photos, threads) if finder else None
    if len(recipes) > 1:
        _compare(recipes, photos, others, out, where, boxes)
        return
    with progress(recipes[0].family, recipes[0].steps) as advance:
        train(
            recipes[0],
            photos,
            out / recipes[0].family,
            unseen=others,
            resume=resume,
            device=where,
            boxes=boxes,
            report=lambda step, note: advance(done=step, note=note),
        )
    click.echo(f"trained {recipes[0].family}; see {out / recipes[0].family}")


def _device(asked: str, threads: int | None) -> str:
    import torch

    torch.set_num_threads(threads or os.cpu_count() or 1)
    cuda = torch.cuda.is_available()
    if asked == "cuda" and not cuda:
        raise UsageError("there is no CUDA device here.", advice="Leave --device away, or use --device cpu.")
    return "cuda" if cuda and asked != "cpu" else "cpu"


def _boxes(finder: Path, photos: Sequence["Photo"], threads: int | None) -> "Proposals":
    from flixpose.cli.evaluate_pose import trained_finder
    from flixpose.training.pose_boxes import proposals_of

    return proposals_of(trained_finder(finder, threads or 1), photos)


def _compare(
    recipes: Sequence["PoseRecipe"],
    photos: Sequence["Photo"],
    unseen: Sequence["Photo"],
    out: Path,
    device: str,
    boxes: "Proposals | None",
) -> None:
    """One after the other; the table is written anew after each."""
    from flixpose.training.pose_table import row_of, write_table

    out.mkdir(parents=True, exist_ok=True)
    for recipe in recipes:
        with progress(recipe.family, recipe.steps) as advance:
            shown = partial(_show, advance)
            row_of(recipe, photos, unseen, out, device=device, boxes=boxes, report=shown)
        write_table(out)
    click.echo((out / "table.md").read_text(), nl=False)


def _show(advance: Any, step: int, note: str) -> None:
    advance(done=step, note=note)
