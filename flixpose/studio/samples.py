"""Rebuild the sample catalogue: `python -m flixpose.studio.samples --out DIR`.

Products are drawn and need nothing more; persons are rendered by Blender, the optional extra `studio`.
The same version gives the same products byte for byte, and the same figures up to the renderer's rounding.
"""

import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from PIL import Image

from flixpose.cli.main import report_failure
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError
from flixpose.studio.cast import PEOPLE, photograph
from flixpose.studio.catalogue import DESIGNS, ROWS
from flixpose.studio.drawn import draw

_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_OPTIMIZE, 1]


def build_products(out: Path) -> dict[str, Any]:
    """Draw products into `out`/products and their masks into `out`/truth; returns the truth by file name."""
    truth: dict[str, Any] = {}
    with progress("products", len(DESIGNS)) as advance:
        for done, (name, (design, seed)) in enumerate(DESIGNS.items(), 1):
            photo = draw(design, seed=seed)
            cv2.imwrite(str(_inside(out, "products") / f"{name}.jpg"), photo.pixels[..., ::-1], _QUALITY)
            cv2.imwrite(
                str(_inside(out, "truth") / f"{name}.png"), photo.mask, [cv2.IMWRITE_PNG_COMPRESSION, 9]
            )
            truth[f"{name}.jpg"] = {
                "kind": photo.kind,
                "view": photo.view,
                "mask": f"truth/{name}.png",
                "landmarks": {k: [round(x, 2), round(y, 2)] for k, (x, y) in photo.landmarks.items()},
            }
            advance(done=done, note=name)
    return truth


def build_persons(out: Path, *, threads: int = 2) -> dict[str, Any]:
    """Render every person into `out`/persons; returns the true joints by file name.

    Raises:
        UsageError: the extra `studio` is not installed.
    """
    truth: dict[str, Any] = {}
    with progress("persons", len(PEOPLE)) as advance, tempfile.TemporaryDirectory() as scratch:
        for done, name in enumerate(PEOPLE, 1):
            joints = photograph(name, Path(scratch) / "person.png", threads=threads)
            clean = np.asarray(Image.open(Path(scratch) / "person.png").convert("RGB"), np.float32)
            grain = np.random.default_rng(done).normal(0, 1.2, clean.shape)
            pixels = np.clip(np.round(clean + grain), 0, 255).astype(np.uint8)[..., ::-1]
            cv2.imwrite(str(_inside(out, "persons") / f"{name}.jpg"), pixels, _QUALITY)
            truth[f"{name}.jpg"] = {
                "keypoints": {k: [round(x, 2), round(y, 2)] for k, (x, y) in joints.items()}
            }
            advance(done=done, note=name)
    return truth


def write_manifest(out: Path) -> None:
    """catalogue.csv: which product is draped on whom."""
    with (out / "catalogue.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["sku", "product", "person", "kind", "view", "preset", "ref"])
        for sku, product, person, preset in ROWS:
            row = [sku, f"products/{product}.jpg", f"persons/{person}.jpg", DESIGNS[product][0].kind, "front"]
            table.writerow([*row, preset, f"{product}-on-{person}"])


def _inside(out: Path, folder: str) -> Path:
    (out / folder).mkdir(parents=True, exist_ok=True)
    return out / folder


def _update_truth(out: Path, **found: dict[str, Any]) -> None:
    path = out / "truth.json"
    truth = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(truth | found, indent=1) + "\n", encoding="utf-8")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write into.")
@click.option("--only", type=click.Choice(["products", "persons"]), help="Build one half alone.")
@click.option("--threads", default=2, show_default=True, help="CPU threads of the renderer.")
def command(out: Path, only: str | None, threads: int) -> None:
    """Rebuild the sample catalogue.

    \b
    Example:
      python -m flixpose.studio.samples --out out/samples
    """
    out.mkdir(parents=True, exist_ok=True)
    if only != "persons":
        _update_truth(out, products=build_products(out))
    if only != "products":
        _update_truth(out, persons=build_persons(out, threads=threads))
    write_manifest(out)


if __name__ == "__main__":
    try:
        command(standalone_mode=False)
    except FlixposeError as failure:
        report_failure(failure, as_json=False)
        sys.exit(1)
    except click.ClickException as failure:
        failure.show()
        sys.exit(2)
