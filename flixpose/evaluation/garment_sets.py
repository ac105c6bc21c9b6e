"""Annotated photos for `flixpose.evaluation.garment` from the studios: drawn ones, simulated mannequins."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flixpose.errors import MissingInput
from flixpose.evaluation.garment import Entry
from flixpose.imaging.decode import read_image
from flixpose.structures.image import Image, Mask
from flixpose.studio.garments import draw_sample
from flixpose.studio.simulated.passes import garment_mask
from flixpose.studio.simulated.tips import READ

DRAWN_SIZE = (480, 640)
CHECKED = 2_002_000_000  # seeds from here on are neither trained on nor calibrated on


def drawn_entries(seeds: range, size: tuple[int, int] = DRAWN_SIZE) -> Iterator[tuple[Entry, Image]]:
    """The drawn photos of some seeds, `size` = (width, height)."""
    for seed in seeds:
        sample = draw_sample(seed, size)
        name = f"drawn {seed}"
        entry = {
            "file": name,
            "kind": sample.kind,
            "view": sample.view,
            "display": sample.display,
            "landmarks": {name: (x - 0.5, y - 0.5) for name, (x, y, _) in sample.landmarks.items()},
            "occluded": [name for name, (_, _, seen) in sample.landmarks.items() if seen < 2],
            "mask": Mask(sample.mask),
        }
        yield entry, Image(sample.image, None, "", name)


def scene_entries(scenes: Path) -> Iterator[tuple[Entry, Image]]:
    """The product photos of a folder of simulated scenes, on the mannequin and as a ghost.

    Raises MissingInput: there is none.
    """
    folders = sorted(path.parent for path in scenes.glob("*/scene.json"))
    if not folders:
        raise MissingInput(f"there are no scenes in {scenes}.", subject=str(scenes))
    for folder in folders:
        truth = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
        for picture in READ:
            yield _entry(folder, picture, truth), read_image(folder / f"{picture}.png")


def _entry(folder: Path, picture: str, truth: dict[str, Any]) -> Entry:
    marks = truth["landmarks"][picture]
    return {
        "file": f"scene {folder.name}, {picture}",
        "kind": truth["kind"],
        "view": truth.get("view", "front"),
        "landmarks": {name: (x - 0.5, y - 0.5) for name, (x, y, _) in marks.items()},
        "occluded": [name for name, (_, _, seen) in marks.items() if seen < 2],
        "mask": Mask(garment_mask(folder / f"{picture}_parts.png")),
    }
