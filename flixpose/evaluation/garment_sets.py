"""Annotated photos for `flixpose.evaluation.garment` from the studios: drawn ones, simulated products."""

from collections.abc import Iterator
from pathlib import Path

from flixpose.evaluation.garment import Entry
from flixpose.structures.image import Image, Mask
from flixpose.studio.garments import Sample, draw_sample
from flixpose.studio.simulated.samples import read_sample, scene_samples

DRAWN_SIZE = (480, 640)
CHECKED = 2_002_000_000  # seeds from here on are neither trained on nor calibrated on


def drawn_entries(seeds: range, size: tuple[int, int] = DRAWN_SIZE) -> Iterator[tuple[Entry, Image]]:
    """The drawn photos of some seeds, `size` = (width, height)."""
    for seed in seeds:
        yield _entry(f"drawn {seed}", draw_sample(seed, size))


def scene_entries(scenes: Path) -> Iterator[tuple[Entry, Image]]:
    """The product photos of a folder of simulated scenes, each on the mannequin and then as a ghost.

    Raises MissingInput: there is no finished scene, or a picture of one is missing.
    """
    for folder, picture in scene_samples(scenes):
        yield _entry(f"scene {folder.name}, {picture}", read_sample(folder, picture))


def _entry(name: str, sample: Sample) -> tuple[Entry, Image]:
    entry = {
        "file": name,
        "kind": sample.kind,
        "view": sample.view,
        "display": sample.display,
        "landmarks": {name: (x - 0.5, y - 0.5) for name, (x, y, _) in sample.landmarks.items()},
        "occluded": [name for name, (_, _, seen) in sample.landmarks.items() if seen < 2],
        "mask": Mask(sample.mask),
    }
    return entry, Image(sample.image, None, "", name)
