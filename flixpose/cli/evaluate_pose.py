"""`flixpose evaluate pose`: COCO's AP and AR of keypoints."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from flixpose.errors import MissingInput, UsageError
from flixpose.evaluation.pose import answers, coco, crowdpose, truths
from flixpose.pose.skeletons import sigmas, skeleton


@click.command()
@click.option("--truth", required=True, type=click.Path(path_type=Path), help="Annotations, COCO's format.")
@click.option("--results", required=True, type=click.Path(path_type=Path), help="Results, COCO's format.")
@click.option("--skeleton", "skeleton_name", default="coco_17", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(truth: Path, results: Path, skeleton_name: str, as_json: bool) -> None:
    """Measure found keypoints against annotated ones: AP and AR by OKS, as COCO defines them.

    Where the pictures carry a crowd index, as CrowdPose's do, AP is told for easy, medium and hard ones too.

    \b
    Example:
      flixpose evaluate pose --truth person_keypoints_val2017.json --results keypoints.json
    """
    data, spread = _read(truth), sigmas(skeleton(skeleton_name))
    try:
        people, found = truths(data["annotations"]), answers(_read(results))
        crowding = {i["id"]: i["crowdIndex"] for i in data.get("images", ()) if "crowdIndex" in i}
    except (KeyError, TypeError, ValueError) as failure:
        raise UsageError(
            f"{truth.name} and {results.name} are not in COCO's keypoint format: {failure}.",
            subject=truth.name,
        ) from failure
    numbers = asdict(coco(people, found, spread))
    if crowding:
        split = crowdpose(people, found, spread, crowding)
        numbers |= {f"ap_{name}_crowds": value for name, value in split.items()}
    if as_json:
        click.echo(json.dumps(numbers, indent=2))
        return
    for name, value in numbers.items():
        click.echo(f"{name:18} {value:7.4f}")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as failure:
        raise MissingInput(f"{path} cannot be read: {failure}.", subject=str(path)) from failure
    except ValueError as failure:
        raise UsageError(f"{path} is no JSON: {failure}.", subject=str(path)) from failure
