"""`flixpose evaluate pose`: COCO's AP and AR of keypoints, of a results file or of a family run here."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flixpose.cli.progress import progress
from flixpose.errors import MissingInput, UsageError
from flixpose.evaluation.pose import Found, answers, coco, crowdpose, truths
from flixpose.imaging.files import write_atomic
from flixpose.pose.skeletons import sigmas, skeleton

if TYPE_CHECKING:
    from flixpose.evaluation.people import Photo
    from flixpose.ports import PoseEstimator, Weights

_FINDERS = ("truth", "blazepose", "keypoint_rcnn")
_PCK = (0.05, 0.1, 0.2)


@click.command()
@click.option(
    "--truth", "--data", "truth", required=True, type=click.Path(path_type=Path), help="COCO's format."
)
@click.option("--results", type=click.Path(path_type=Path), help="Found elsewhere, COCO's results format.")
@click.option("--family", metavar="NAME", help="Run this family, or one of its sizes, over the photos.")
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Of `flixpose train pose`; else the imported."
)
@click.option("--images", type=click.Path(path_type=Path), help="The photos; default: images beside --data.")
@click.option(
    "--boxes",
    metavar=f"[{'|'.join(_FINDERS)}|WEIGHTS]",
    default="truth",
    show_default=True,
    help="Who finds the people for a top-down family; WEIGHTS of a detecting one that `train pose` wrote.",
)
@click.option("--flip", is_flag=True, help="Look at the mirror images too.")
@click.option("--scale", "scales", multiple=True, type=click.FloatRange(0.25, 4), help="Look in these sizes.")
@click.option("--oks-nms", type=click.FloatRange(0, 1), help="Drop poses more like a surer one than this.")
@click.option("--limit", type=click.IntRange(1), help="Only the first photos.")
@click.option(
    "--write", "written", type=click.Path(path_type=Path), help="Write what was found, COCO's format."
)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--skeleton", "skeleton_name", default="coco_17", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(
    truth: Path,
    results: Path | None,
    family: str | None,
    images: Path | None,
    limit: int | None,
    written: Path | None,
    skeleton_name: str,
    as_json: bool,
    **how: Any,
) -> None:
    """Measure found keypoints against annotated ones: AP and AR by OKS, as COCO defines them.

    Either of a --results file, or of a --family that runs over the photos here; then PCK and milliseconds per
    image are told too, split into cutting, net and decoding. Where pictures carry a crowd index, as
    CrowdPose's do, AP is told for easy, medium and hard ones.

    \b
    Example:
      flixpose evaluate pose --truth person_keypoints_val2017.json --results keypoints.json
      flixpose evaluate pose --family hrnet-w32 --flip --data val.json --images val2017 --boxes blazepose
      flixpose evaluate pose --family rtmo --weights out/train/pose/rtmo/weights.safetensors --data seen.json
    """
    if (results is None) == (family is None):
        raise UsageError("give either --results or --family.", subject="--family")
    if family is None:
        numbers = _of_results(truth, results or truth, skeleton_name)
    else:
        numbers = _of_family(family, truth, images, skeleton_name, limit, written, how)
    if as_json:
        click.echo(json.dumps(numbers, indent=2))
        return
    for name, value in numbers.items():
        click.echo(f"{name:18} {value:9.4f}")


def _of_results(truth: Path, results: Path, skeleton_name: str) -> dict[str, float]:
    data = _read(truth)
    try:
        people, found = truths(data["annotations"]), answers(_read(results))
        crowding = {i["id"]: i["crowdIndex"] for i in data.get("images", ()) if "crowdIndex" in i}
    except (KeyError, TypeError, ValueError) as failure:
        raise UsageError(
            f"{truth.name} and {results.name} are not in COCO's keypoint format: {failure}.",
            subject=truth.name,
        ) from failure
    return _numbers(people, found, crowding, skeleton_name)


def _numbers(
    people: Mapping[int, Sequence[Any]],
    found: Mapping[int, Sequence[Found]],
    crowding: Mapping[int, float],
    skeleton_name: str,
) -> dict[str, float]:
    spread = sigmas(skeleton(skeleton_name))
    numbers = asdict(coco(people, found, spread))
    if crowding:
        split = crowdpose(people, found, spread, crowding)
        numbers |= {f"ap_{name}_crowds": value for name, value in split.items()}
    return numbers


def _of_family(
    family: str,
    truth: Path,
    images: Path | None,
    skeleton_name: str,
    limit: int | None,
    written: Path | None,
    how: dict[str, Any],
) -> dict[str, float]:
    from flixpose.evaluation.people import found_in, near_share, read_coco, results_of, truth_of
    from flixpose.pose.augmented import distinct

    target = skeleton(skeleton_name)
    photos = read_coco(truth, images, target)[:limit]
    poses, times = _run(_estimator(family, how), photos, family, how)
    if (most := how["oks_nms"]) is not None:
        poses = {row: distinct(some, max_similarity=most) for row, some in poses.items()}
    found = {row: found_in(some, target) for row, some in poses.items()}
    crowding = {photo.id: photo.crowding for photo in photos if photo.crowding is not None}
    numbers = _numbers(truth_of(photos), found, crowding, skeleton_name)
    for share in _PCK:
        numbers[f"pck_{share:g}"] = near_share(photos, found, sigmas(target), share=share)
    if written is not None:
        write_atomic(written, json.dumps(results_of(found)).encode())
    return numbers | times


def _run(
    estimator: "PoseEstimator", photos: "Sequence[Photo]", family: str, how: dict[str, Any]
) -> tuple[dict[int, Any], dict[str, float]]:
    """What is found by photo, and the milliseconds."""
    from flixpose.evaluation.clock import watched
    from flixpose.evaluation.people import look
    from flixpose.pose.augmented import Augmented

    estimator, clock = watched(estimator)
    own_flip = _has_own_flip(family)
    scales = how["scales"] or (1.0,)
    if (how["flip"] and not own_flip) or (scales != (1.0,) and not family.startswith("kapao")):
        estimator = Augmented(estimator, flip=how["flip"] and not own_flip, scales=scales)
    poses: dict[int, Any] = {}
    with progress("photos", len(photos)) as advance:
        for done, photo in enumerate(photos, 1):
            photo.image  # noqa: B018 - decoded before the clock starts
            began = time.perf_counter()
            poses |= look(estimator, [photo])
            clock.whole += time.perf_counter() - began
            advance(done=done, note=photo.path.name)
    return poses, clock.per_image(len(photos))


def _has_own_flip(family: str) -> bool:
    from flixpose.pose import FAMILIES

    known = FAMILIES[family.partition("-")[0]]
    return known.is_top_down or known.is_augmented or known.has_flip


def _estimator(family: str, how: dict[str, Any]) -> "PoseEstimator":
    """With the trained weights, or with the imported ones, and the wanted finder."""
    from flixpose.adapters.weights import WeightsCache
    from flixpose.pose import FAMILIES, load, resolve
    from flixpose.pose.families.parts import Options, TopDown
    from flixpose.settings import load_settings
    from flixpose.training.pose import read_weights, reader_of
    from flixpose.training.pose_tasks import NOBODY

    name, _ = resolve(family)
    cache, threads = WeightsCache(load_settings().home), how["threads"]
    top_down, own = FAMILIES[name].is_top_down, _has_own_flip(family)
    finder = None
    if top_down:
        finder = NOBODY if how["boxes"] == "truth" else _finder(how["boxes"], cache, threads)
    flip = how["flip"] and own
    if how["weights"] is None:
        scales = (how["scales"] or (1.0,)) if name == "kapao" else (1.0,)
        return load(family, cache, threads=threads, finder=finder, flip=flip, scales=scales)
    recipe, net, info = read_weights(how["weights"])
    if recipe.family != name:
        raise UsageError(f"{how['weights']} holds a {recipe.family}, not a {name}.", subject=family)
    options = Options(flip=flip, decoding=recipe.decoding, scales=(how["scales"] or (1.0,)))
    reader = reader_of(recipe, net, info, options=options, threads=threads)
    return replace(reader, finder=finder) if isinstance(reader, TopDown) and finder else reader


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as failure:
        raise MissingInput(f"{path} cannot be read: {failure}.", subject=str(path)) from failure
    except ValueError as failure:
        raise UsageError(f"{path} is no JSON: {failure}.", subject=str(path)) from failure


def _finder(told: str, cache: "Weights", threads: int) -> "PoseEstimator":
    """A family by name, or weights that were trained here."""
    from flixpose.pose import load

    if told in _FINDERS:
        return load(told, cache, threads=threads)
    if not Path(told).is_file():
        raise UsageError(
            f"{told!r} finds no people; say {', '.join(_FINDERS)}, or weights of `flixpose train pose`.",
            subject="--boxes",
        )
    return trained_finder(Path(told), threads)


def trained_finder(weights: Path, threads: int) -> "PoseEstimator":
    """Raises MissingInput, WeightsDamaged; UsageError for a family that is told where people are."""
    from flixpose.pose.families.parts import TopDown
    from flixpose.training.pose import read_weights, reader_of

    recipe, net, info = read_weights(weights)
    reader = reader_of(recipe, net.eval(), info, threads=threads)
    if isinstance(reader, TopDown):
        raise UsageError(f"{recipe.family} does not find people.", subject=str(weights))
    return reader
