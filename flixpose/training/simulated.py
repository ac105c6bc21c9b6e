"""Product photos of simulated scenes, to be mixed into drawn ones."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from flixpose.studio.garments.sample import Sample
from flixpose.studio.simulated.samples import placed, read_sample, scene_samples
from flixpose.training.batches import Photos
from flixpose.training.samples import draw_many

_FILL = 0.8  # longer side of the garment, share of the square that it is cut out into


def read_scenes(folder: Path, *, side: int, share: float) -> Photos:
    """The product and the ghost photo of every scene below a folder, in squares of `side` pixels.

    Raises MissingInput: there is no finished scene, or a picture of one is missing.
    """
    found = scene_samples(folder)

    def draw(seed: int, size: tuple[int, int]) -> Sample:
        return _cut(read_sample(*found[seed]), size)

    samples = draw_many(draw, range(len(found)), side)
    told = sorted({(scene / "scene.json").read_bytes() for scene, _ in found})
    digest = hashlib.sha256(b"".join(told)).hexdigest()
    return Photos(samples, np.ones(len(found), bool), share, digest, simulated=True)


def _cut(sample: Sample, size: tuple[int, int]) -> Sample:
    """The garment in the middle of a square."""
    x, y, width, height = cv2.boundingRect((sample.mask > 127).astype(np.uint8))
    scale = _FILL * min(size) / max(width, height, 1)
    shift = np.array(size) / 2 - scale * np.array([x + width / 2, y + height / 2])
    return placed(sample, np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]]), size)
