"""Write drawn photos with their truth: `python -m flixpose.studio.drawn_set --out DIR --count N --seed S`.

Layout of DIR (photo number n has seed S + n):

    set.json             seed, size and count that the folder was begun with
    images/00/00000042.jpg
    masks/00/00000042.png     8 bits, the garment alone
    labels/00/00000042.json   kind, view, display, box, landmarks with visibility, points between them
                              (the first pixel's centre is 0.5)
    annotations.json     all of it as COCO keypoints: 13 categories with names and edges, pixel indices
                         (first pixel's centre 0), visibility 0 absent, 1 hidden, 2 seen

A label is written last, so a folder that was left half-way is taken up where it stopped; the same seed and
size give the same files.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from flixpose.cli.main import report_failure
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError, UsageError
from flixpose.garment.between import outline_points
from flixpose.garment.kinds import KINDS
from flixpose.imaging.files import write_atomic
from flixpose.structures.keypoints import Keypoints
from flixpose.studio.garments import Sample, draw_sample

_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]
_PER_FOLDER = 1000
_MOST_CORNERS = 400


def write_set(out: Path, *, count: int, seed: int, size: tuple[int, int]) -> Path:
    """Draw what is missing of the set, then the COCO file; returns its path.

    Raises:
        UsageError: the folder was begun with another seed or size.
    """
    _begin(out, seed=seed, size=size)
    with progress("photos", count) as advance:
        for number in range(count):
            label = _path(out, "labels", number, "json")
            if not label.exists():
                _write_photo(out, number, draw_sample(seed + number, size), label)
            advance(done=number + 1)
    target = out / "annotations.json"
    write_atomic(target, (json.dumps(coco(out, count)) + "\n").encode())
    return target


def coco(out: Path, count: int) -> dict[str, Any]:
    """The first `count` photos of the folder as COCO keypoints."""
    images, annotations = [], []
    for number in range(count):
        label = json.loads(_path(out, "labels", number, "json").read_text(encoding="utf-8"))
        width, height = label["size"]
        entry = {"id": number, "file_name": label["image"], "width": width, "height": height}
        images.append(entry | {"mask": label["mask"], "view": label["view"], "display": label["display"]})
        annotations.append(_annotation(out, number, label))
    return {"images": images, "annotations": annotations, "categories": _categories()}


def _begin(out: Path, *, seed: int, size: tuple[int, int]) -> None:
    asked = {"seed": seed, "size": list(size)}
    path = out / "set.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != asked:
        raise UsageError(
            f"{out} holds another set.",
            advice="Choose another folder, or its seed and size.",
            subject=str(out),
        )
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (json.dumps(asked) + "\n").encode())


def _path(out: Path, what: str, number: int, suffix: str) -> Path:
    return out / what / f"{number // _PER_FOLDER:02d}" / f"{number:08d}.{suffix}"


def _write_photo(out: Path, number: int, sample: Sample, label: Path) -> None:
    image, mask = _path(out, "images", number, "jpg"), _path(out, "masks", number, "png")
    for path in (image, mask, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(image, cv2.imencode(".jpg", sample.image[..., ::-1], _QUALITY)[1].tobytes())
    write_atomic(mask, cv2.imencode(".png", sample.mask)[1].tobytes())
    columns, rows = (np.flatnonzero((sample.mask > 127).any(axis=axis)) for axis in (0, 1))
    box = [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
    truth = {
        "image": image.relative_to(out).as_posix(),
        "mask": mask.relative_to(out).as_posix(),
        "size": [sample.image.shape[1], sample.image.shape[0]],
        "kind": sample.kind,
        "view": sample.view,
        "display": sample.display,
        "box_xyxy": box,
        "outline": _between(sample),
        "landmarks": {k: [round(x, 2), round(y, 2), v] for k, (x, y, v) in sample.landmarks.items()},
    }
    write_atomic(label, (json.dumps(truth) + "\n").encode())


def _between(sample: Sample) -> dict[str, list[float]]:
    """The evenly spaced points between the landmarks."""
    core = {name: (x, y, 1.0) for name, (x, y, _) in sample.landmarks.items()}
    found = outline_points(sample.mask, Keypoints.from_points(KINDS[sample.kind], core))
    return {name: [round(float(v), 2) for v in found[name]] for name in found.present if name not in core}


def _annotation(out: Path, number: int, label: dict[str, Any]) -> dict[str, Any]:
    region = np.asarray(cv2.imread(str(out / label["mask"]), cv2.IMREAD_GRAYSCALE)) > 127
    x0, y0, x1, y1 = label["box_xyxy"]
    marks = label["landmarks"]
    flat = [value for name in KINDS[label["kind"]].names for value in _coco_point(marks.get(name))]
    return {
        "id": number,
        "image_id": number,
        "category_id": list(KINDS).index(label["kind"]) + 1,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": int(region.sum()),
        "iscrowd": 0,
        "segmentation": _polygons(region.astype(np.uint8)),
        "keypoints": flat,
        "num_keypoints": len(marks),
    }


def _coco_point(mark: list[float] | None) -> tuple[float, float, int]:
    if mark is None:
        return 0, 0, 0
    return round(mark[0] - 0.5, 2), round(mark[1] - 0.5, 2), int(mark[2])


def _polygons(region: np.ndarray) -> list[list[int]]:
    """Outer outlines; holes are in the mask alone."""
    contours, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    return [c[:_MOST_CORNERS].reshape(-1).tolist() for c in contours if len(c) >= 3]


def _categories() -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": kind,
            "supercategory": "clothes",
            "keypoints": list(skeleton.names),
            "skeleton": [[skeleton.index[a] + 1, skeleton.index[b] + 1] for a, b in skeleton.edges],
        }
        for number, (kind, skeleton) in enumerate(KINDS.items(), 1)
    ]


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write into.")
@click.option("--count", type=click.IntRange(min=1), default=1000, show_default=True, help="How many photos.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The first photo's seed."
)
@click.option("--width", type=click.IntRange(64, 2048), default=768, show_default=True)
@click.option("--height", type=click.IntRange(64, 2048), default=1024, show_default=True)
def command(out: Path, count: int, seed: int, width: int, height: int) -> None:
    """Write drawn product photos of all 13 kinds with masks and landmarks, as COCO too.

    Stop and start again as you like: what is there is kept.

    \b
    Example:
      python -m flixpose.studio.drawn_set --out out/drawn --count 2000 --seed 7
    """
    click.echo(write_set(out, count=count, seed=seed, size=(width, height)))


if __name__ == "__main__":
    try:
        command(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except FlixposeError as failure:
        report_failure(failure, as_json=False)
        sys.exit(1)
    except click.ClickException as failure:
        failure.show()
        sys.exit(2)
