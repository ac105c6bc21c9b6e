"""Make scenes with truth: `python -m flixpose.studio.scenes --out DIR --count 40`.

One folder a scene, 0000, 0001 …, each with

    product.png ghost.png   the garment on its mannequin, and without it
    person.png worn.png     a person in a base layer, and wearing the garment: the truth of a drape
    *_parts.png             garment, hair, skin as red, green, blue (soft)
    *_seen.png              16 bits: where the product photo shows what is here (red, green), and what it is
                            (blue, in eighths): 8 garment, 1 hair, 3 head, 4 body, 5 mannequin, 6 clothes
    *_sewn.png              16 bits: the point of the garment as sewn (its texture coordinate)
    correspondence.npz      product_xy, worn_xy (N, 2) px of cloth points that both pictures show, part (N,)
    scene.json              kind, pose, joints, landmarks (x, y, COCO visibility) of both pictures

and annotations.json over all of them, in COCO's layout. A folder counts as done when its scene.json is there,
so a broken-off run goes on where it stopped; the same seed and number give the same scene.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click
import cv2

from flixpose.cli.main import report_failure
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError
from flixpose.studio.simulated.dressing import dress
from flixpose.studio.simulated.passes import garment_mask
from flixpose.studio.simulated.scene import KINDS, scene
from flixpose.studio.simulated.shoot import shoot


def make(out: Path, number: int, *, seed: int, height: int, samples: int, cores: int) -> dict[str, Any]:
    """Simulate and photograph one scene into its folder, unless it is there; returns its truth.

    Raises:
        UsageError: the extra `studio` is not installed.
    """
    folder = out / f"{number:04d}"
    told = folder / "scene.json"
    if told.exists():
        known: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        return known
    folder.mkdir(parents=True, exist_ok=True)
    planned = scene(seed, number)
    fallen = dress(planned)
    truth = shoot(planned, fallen, folder, height=height, samples=samples, cores=cores)
    fallen.save(folder / "cloth.npz")
    truth = {"seed": seed, "number": number, **truth}
    told.with_suffix(".part").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    told.with_suffix(".part").replace(told)
    return truth


def annotations(out: Path, scenes: list[dict[str, Any]]) -> dict[str, Any]:
    """The landmarks of every product and worn picture as COCO keypoint annotations (pixel indices)."""
    names = sorted({name for truth in scenes for name in truth["landmarks"]["product"]})
    images: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for truth in scenes:
        for picture in ("product", "worn"):
            number = len(images) + 1
            width, height = truth["size"][picture]
            name = f"{truth['number']:04d}/{picture}.png"
            images.append({"id": number, "file_name": name, "width": width, "height": height})
            found.append(_annotation(out, truth, picture, number, names))
    categories = [
        {"id": n, "name": kind, "keypoints": names, "skeleton": []}
        for n, kind in enumerate(sorted(set(KINDS)), 1)
    ]
    for annotation in found:
        annotation["category_id"] = next(c["id"] for c in categories if c["name"] == annotation.pop("kind"))
    return {"images": images, "annotations": found, "categories": categories}


def _annotation(
    out: Path, truth: dict[str, Any], picture: str, number: int, names: list[str]
) -> dict[str, Any]:
    marks = truth["landmarks"][picture]
    points: list[float] = []
    for name in names:
        x, y, visibility = marks.get(name, (0.5, 0.5, 0))
        points += [round(x - 0.5, 2), round(y - 0.5, 2), int(visibility)]
    garment = garment_mask(out / f"{truth['number']:04d}" / f"{picture}_parts.png")
    x, y, width, height = cv2.boundingRect((garment > 127).astype("uint8"))
    return {
        "id": number,
        "image_id": number,
        "kind": truth["kind"],
        "keypoints": points,
        "num_keypoints": len(marks),
        "bbox": [x, y, width, height],
        "area": int((garment > 127).sum()),
        "iscrowd": 0,
    }


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write into.")
@click.option("--count", default=40, show_default=True, help="Scenes.")
@click.option("--first", default=0, show_default=True, help="Number of the first scene.")
@click.option("--seed", default=1, show_default=True)
@click.option("--height", default=512, show_default=True, help="Pixels of every picture.")
@click.option("--samples", default=8, show_default=True, help="Light paths per pixel, before denoising.")
@click.option("--cores", default=1, show_default=True, help="CPU threads of the renderer.")
def command(out: Path, count: int, first: int, seed: int, height: int, samples: int, cores: int) -> None:
    """Simulate garments on mannequins and people, with truth for drapes (needs the extra `studio`).

    \b
    Example:
      python -m flixpose.studio.scenes --out out/scenes --count 40
    """
    scenes = []
    with progress("scenes", count) as advance:
        for done, number in enumerate(range(first, first + count), 1):
            scenes.append(make(out, number, seed=seed, height=height, samples=samples, cores=cores))
            advance(done=done, note=f"{scenes[-1]['kind']}, {scenes[-1]['pose']}")
    table = json.dumps(annotations(out, scenes), indent=1)
    (out / "annotations.json").write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        command(standalone_mode=False)
    except FlixposeError as failure:
        report_failure(failure, as_json=False)
        sys.exit(1)
    except click.ClickException as failure:
        failure.show()
        sys.exit(2)
