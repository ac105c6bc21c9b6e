"""`flixpose pose`: people's keypoints in photos."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from flixpose import pose as poses
from flixpose.adapters.weights import WeightsCache
from flixpose.cli.main import EXIT_SOME_FAILED, report_failure
from flixpose.cli.photos import limits_of, png_paths, print_rows
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError
from flixpose.imaging.decode import read_image
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.imaging.overlay import Picture, draw_box, draw_keypoints, draw_mask
from flixpose.pose.skeletons import SKELETONS, convert, skeleton
from flixpose.settings import load_settings
from flixpose.structures.found import Pose
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Skeleton


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--json", "json_file", metavar="FILE", help="Write the people found as JSON; - prints it.")
@click.option("--overlay", type=click.Path(path_type=Path), metavar="DIR", help="Write drawings into DIR.")
@click.option(
    "--model",
    default=poses.DEFAULT,
    show_default=True,
    help="Keypoint family, or one of its sizes such as hrnet-w48; see `flixpose models families`.",
)
@click.option("--skeleton", "skeleton_name", type=click.Choice(list(SKELETONS)), default="blazepose_33")
def command(
    images: tuple[Path, ...], json_file: str | None, overlay: Path | None, model: str, skeleton_name: str
) -> int:
    """Find the people in photos and their keypoints.

    People are listed from the most prominent to the least; a photo of nobody has none. Coordinates are
    pixels, (0.5, 0.5) the centre of the first one; left and right are the wearer's. A photo that cannot be
    read is reported, the others go on, and the exit code is 3.

    \b
    Example:
      flixpose pose anna.jpg --overlay out
      flixpose pose photos/*.jpg --skeleton coco_17 --json poses.json
    """
    settings, target = load_settings(), skeleton(skeleton_name)
    estimator = poses.load(model, WeightsCache(settings.home))
    rows, failed = [], 0
    drawings = png_paths(images, overlay)
    with progress("pose", len(images)) as advance:
        for done, path in enumerate(images, 1):
            try:
                image = read_image(path, limits=limits_of(settings))
                people = estimator([image])[0]
                rows.append(_row(path, image, people, target))
                if path in drawings:
                    write_atomic(drawings[path], encode_png(_drawing(image, people, target)))
            except FlixposeError as failure:
                failed += 1
                report_failure(failure, as_json=json_file is not None)
            advance(done=done, note=path.name)
    print_rows(rows, json_file, _summary)
    return EXIT_SOME_FAILED if failed else 0


def _row(path: Path, image: Image, people: Iterable[Pose], target: Skeleton) -> dict[str, Any]:
    instances = [
        {
            "box": person.box.to_json(),
            "score": round(person.score, 4),
            "keypoints": convert(person.keypoints, target).to_json(),
        }
        for person in people
    ]
    return {"file": str(path), "width": image.width, "height": image.height, "instances": instances}


def _summary(row: dict[str, Any]) -> str:
    people = row["instances"]
    if not people:
        return f"{row['file']}: nobody"
    best = people[0]
    sure = sum(point["score"] >= 0.5 for point in best["keypoints"])
    others = f", {len(people) - 1} more" if len(people) > 1 else ""
    return (
        f"{row['file']}: score {best['score']:.2f}, {sure} of {len(best['keypoints'])} keypoints sure{others}"
    )


def _drawing(image: Image, people: tuple[Pose, ...], target: Skeleton) -> Picture:
    """All the people; the mask and the box of the most prominent one."""
    picture = image.pixels
    if people and people[0].mask is not None:
        picture = draw_mask(picture, people[0].mask)
    for rank, person in enumerate(people):
        picture = draw_keypoints(picture, convert(person.keypoints, target))
        if rank == 0:
            picture = draw_box(picture, person.box, label=f"{person.score:.2f}")
    return picture
