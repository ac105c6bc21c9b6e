"""`flixpose landmarks`: garments' kind, mask and landmarks in product photos."""

from pathlib import Path
from typing import Any

import click

from flixpose.bootstrap import garment_reader
from flixpose.cli.main import EXIT_SOME_FAILED, report_failure
from flixpose.cli.photos import limits_of, png_paths, print_rows
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError
from flixpose.garment.kinds import KINDS
from flixpose.imaging.decode import read_image
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.imaging.overlay import Picture, draw_box, draw_keypoints, draw_mask
from flixpose.settings import load_settings
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

_SURE = 0.5


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--kind", type=click.Choice(list(KINDS)), metavar="KIND", help="The kind, where it is known.")
@click.option("--json", "json_file", metavar="FILE", help="Write the garments found as JSON; - prints it.")
@click.option("--overlay", type=click.Path(path_type=Path), metavar="DIR", help="Write drawings into DIR.")
@click.option("--mask", type=click.Path(path_type=Path), metavar="DIR", help="Write 8-bit masks into DIR.")
def command(
    images: tuple[Path, ...],
    kind: str | None,
    json_file: str | None,
    overlay: Path | None,
    mask: Path | None,
) -> int:
    """Find the garment in product photos: its kind, mask and landmarks.

    Coordinates are pixels, (0.5, 0.5) the centre of the first one; left and right are the wearer's. Masks
    have the photo's size and carry its name. A photo without a garment, or one that cannot be read, is
    reported, the others go on, and the exit code is 3.

    The kinds: short_sleeve_top, long_sleeve_top, short_sleeve_outwear, long_sleeve_outwear, vest, sling,
    shorts, trousers, skirt, short_sleeve_dress, long_sleeve_dress, vest_dress, sling_dress.

    \b
    Example:
      flixpose landmarks shirt.jpg --overlay out
      flixpose landmarks photos/*.jpg --json landmarks.json --mask masks
    """
    settings = load_settings()
    reader = garment_reader(settings)
    drawings, masks = png_paths(images, overlay), png_paths(images, mask)
    rows: list[dict[str, Any]] = []
    failed = 0
    with progress("landmarks", len(images)) as advance:
        for done, path in enumerate(images, 1):
            try:
                image = read_image(path, limits=limits_of(settings))
                garment = reader(image, kind=kind)
                if path in drawings:
                    write_atomic(drawings[path], encode_png(_drawing(image, garment)))
                if path in masks:
                    write_atomic(masks[path], encode_png(garment.mask.alpha))
                rows.append(_row(path, image, garment))
            except FlixposeError as failure:
                failed += 1
                report_failure(failure, as_json=json_file is not None)
            advance(done=done, note=path.name)
    print_rows(rows, json_file, _summary)
    return EXIT_SOME_FAILED if failed else 0


def _row(path: Path, image: Image, garment: Garment) -> dict[str, Any]:
    instance = {
        "box": garment.box.to_json(),
        "score": round(garment.score, 4),
        "kind": garment.kind,
        "view": garment.view,
        "landmarks": garment.landmarks.to_json(),
    }
    return {"file": str(path), "width": image.width, "height": image.height, "instances": [instance]}


def _summary(row: dict[str, Any]) -> str:
    (found,) = row["instances"]
    sure = sum(point["score"] >= _SURE for point in found["landmarks"])
    return (
        f"{row['file']}: {found['kind']}, {found['view']}, score {found['score']:.2f}, "
        f"{sure} of {len(found['landmarks'])} landmarks sure"
    )


def _drawing(image: Image, garment: Garment) -> Picture:
    picture = draw_mask(image.pixels, garment.mask)
    picture = draw_keypoints(picture, garment.landmarks)
    return draw_box(picture, garment.box, label=f"{garment.kind} {garment.score:.2f}")
