"""Reading garments without weights: landmarks, kinds and masks on real photos, and the time for one.

Needs photos under FLIXPOSE_SHARED; gives no rows without them.
"""

import os
import time
from pathlib import Path

import numpy as np

from flixpose.evaluation.garment import evaluate_landmarks, evaluate_masks
from flixpose.garment.silhouette import SilhouetteReader
from flixpose.imaging.decode import read_image
from tests.bench.rows import Row


def rows(quick: bool) -> list[Row]:
    shared = os.environ.get("FLIXPOSE_SHARED")
    if not shared:
        return []
    reader = SilhouetteReader()
    measured = [*_landmarks(reader, Path(shared) / "photos"), _speed(reader, Path(shared) / "photos")]
    return measured if quick else [*measured, _masks(reader, Path(shared) / "pairs")]


def _landmarks(reader: SilhouetteReader, photos: Path) -> list[Row]:
    figures = evaluate_landmarks(reader, photos)
    near, nearer = 100 * figures.pck(0.05), 100 * figures.pck(0.02)
    return [
        Row("garment by silhouette: PCK@0.05", near, "%", "≥ 90", near >= 90),
        Row("garment by silhouette: PCK@0.02", nearer, "%", "≥ 70", nearer >= 70),
        Row("garment by silhouette: kind right", 100 * figures.kind, "%", "≥ 85", figures.kind >= 0.85),
        Row("garment by silhouette: left-right swaps", figures.swaps, "", "0", figures.swaps == 0),
    ]


def _masks(reader: SilhouetteReader, pairs: Path) -> Row:
    mean = float(np.mean(list(evaluate_masks(reader, pairs).values())))
    return Row("garment by silhouette: mask IoU, 80 garments", mean, "", "≥ 0.95", mean >= 0.95)


def _speed(reader: SilhouetteReader, photos: Path) -> Row:
    image = read_image(photos / "garments" / "zheng-chon_21514384_52353349_1000.jpg")
    reader(image)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        reader(image)
        times.append(1000 * (time.perf_counter() - start))
    took = float(np.median(times))
    return Row("garment by silhouette: one photo of 1000 × 1334", took, "ms", "≤ 250", took <= 250)
