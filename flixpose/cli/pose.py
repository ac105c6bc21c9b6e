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
from flixpose.pose.skeletons import FACE_36, FACE_70, FACE_468, HAND_21, SKELETONS, convert, skeleton
from flixpose.settings import load_settings
from flixpose.stages.report import person_json
from flixpose.structures.found import Pose
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints, Skeleton

_PARTS = ("hands", "face", "openpose_hand", "openpose_face")  # families whose poses are no bodies


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
@click.option("--details/--no-details", default=True, show_default=True, help="Read hands and faces, too.")
def command(
    images: tuple[Path, ...],
    json_file: str | None,
    overlay: Path | None,
    model: str,
    skeleton_name: str,
    details: bool,
) -> int:
    """Find the people in photos and their keypoints, with the 21 of each hand and the outline of the face.

    People are listed from the most prominent to the least; a photo of nobody has none. Coordinates are
    pixels, (0.5, 0.5) the centre of the first one; left and right are the wearer's. A photo that cannot be
    read is reported, the others go on, and the exit code is 3.

    \b
    Example:
      flixpose pose anna.jpg --overlay out
      flixpose pose photos/*.jpg --skeleton coco_17 --json poses.json
      flixpose pose anna.jpg --model hands --overlay out
    """
    settings, target = load_settings(), skeleton(skeleton_name)
    weights = WeightsCache(settings.home)
    estimator = poses.load(model, weights)
    if details and poses.resolve(model)[0] not in _PARTS:
        from flixpose.pose.details import with_details

        estimator = with_details(estimator, weights)
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
            **({"world": _world(person)} if person.world is not None else {}),
            **{name: found for name, found in person_json(person).items() if name in ("hands", "face")},
            "keypoints": _shown(person, target).to_json(),
        }
        for person in people
    ]
    return {"file": str(path), "width": image.width, "height": image.height, "instances": instances}


def _shown(person: Pose, target: Skeleton) -> Keypoints:
    """In the skeleton that was asked for; hands and faces have their own."""
    return convert(person.keypoints, target) if _is_body(person) else person.keypoints


def _is_body(person: Pose) -> bool:
    return person.keypoints.skeleton not in (HAND_21, FACE_468, FACE_70)


def _world(person: Pose) -> list[dict[str, float | str]]:
    """3-D keypoints in metres about the middle of the hips: x to the image's right, y down, z away."""
    places = [] if person.world is None else person.world.tolist()
    told = zip(person.keypoints.skeleton.names, places, strict=True)
    return [
        {"name": name, **dict(zip("xyz", (round(v, 4) for v in place), strict=True))} for name, place in told
    ]


def _details_told(best: dict[str, Any]) -> str:
    seen = [hand["kind"].replace("_", " ") for hand in best["hands"]] + (["face"] if best["face"] else [])
    return f", {' and '.join(seen)}" if seen else ""


def _summary(row: dict[str, Any]) -> str:
    people = row["instances"]
    if not people:
        return f"{row['file']}: nobody"
    best = people[0]
    sure = sum(point["score"] >= 0.5 for point in best["keypoints"])
    others = f", {len(people) - 1} more" if len(people) > 1 else ""
    return (
        f"{row['file']}: score {best['score']:.2f}, {sure} of {len(best['keypoints'])} keypoints sure"
        f"{_details_told(best)}{others}"
    )


def _drawing(image: Image, people: tuple[Pose, ...], target: Skeleton) -> Picture:
    """All the people; the mask and the box of the most prominent one."""
    picture = image.pixels
    if people and people[0].mask is not None:
        picture = draw_mask(picture, people[0].mask)
    for rank, person in enumerate(people):
        picture = draw_keypoints(picture, _shown(person, target))
        for hand in person.hands if _is_body(person) else ():
            picture = draw_keypoints(picture, hand.keypoints)
        if person.face is not None and _is_body(person):
            picture = draw_keypoints(picture, convert(person.face, FACE_36))
        if rank == 0:
            picture = draw_box(picture, person.box, label=f"{person.score:.2f}")
    return picture
