"""Reading garments, by net and by silhouette alone: landmarks, kinds and masks on real photos, and the time.

Needs photos under FLIXPOSE_SHARED; gives no rows without them.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from flixpose.bootstrap import garment_reader
from flixpose.evaluation.garment import evaluate_landmarks, evaluate_masks
from flixpose.garment.net_eyes import load_eyes
from flixpose.garment.silhouette import SilhouetteReader
from flixpose.imaging.decode import read_image
from flixpose.models import GARMENT_NET
from flixpose.ports import GarmentReader
from flixpose.resources import PACKAGE
from flixpose.settings import load_settings
from tests.bench.rows import Row

_PHOTO = "zheng-chon_21514384_52353349_1000.jpg"


def rows(quick: bool) -> list[Row]:
    shared = os.environ.get("FLIXPOSE_SHARED")
    if not shared:
        return []
    photos, pairs = Path(shared) / "photos", Path(shared) / "pairs"
    net, silhouette = garment_reader(load_settings()), SilhouetteReader()
    measured = [*_landmarks("net", net, photos, (95.0, 85.0, 92.0)), *_speed(net, silhouette, photos)]
    measured += _landmarks("silhouette", silhouette, photos, (90.0, 70.0, 85.0))
    if not quick:
        measured += [_masks("net", net, pairs), _masks("silhouette", silhouette, pairs)]
    return measured


def _landmarks(
    name: str, reader: GarmentReader, photos: Path, goals: tuple[float, float, float]
) -> Iterator[Row]:
    figures = evaluate_landmarks(reader, photos)
    values = (100 * figures.pck(0.05), 100 * figures.pck(0.02), 100 * figures.kind)
    titles = ("PCK@0.05", "PCK@0.02", "kind right")
    for title, value, goal in zip(titles, values, goals, strict=True):
        yield Row(f"garment by {name}: {title}", value, "%", f"≥ {goal:.0f}", value >= goal)
    nme = 100 * figures.nme
    yield Row(f"garment by {name}: NME", nme, "%", "≤ 1.7", nme <= 1.7)
    yield Row(f"garment by {name}: left-right swaps", figures.swaps, "", "0", figures.swaps == 0)


def _masks(name: str, reader: GarmentReader, pairs: Path) -> Row:
    mean = float(np.mean(list(evaluate_masks(reader, pairs).values())))
    return Row(f"garment by {name}: mask IoU, 80 garments", mean, "", "≥ 0.95", mean >= 0.95)


def _speed(net: GarmentReader, silhouette: GarmentReader, photos: Path) -> Iterator[Row]:
    image = read_image(photos / "garments" / _PHOTO)
    eyes = load_eyes(PACKAGE / GARMENT_NET.member)[0]
    for name, look, goal in (
        ("net and decoding", lambda: eyes.look(image), 60),
        ("whole reading by net", lambda: net(image), 400),
        ("whole reading by silhouette", lambda: silhouette(image), 250),
    ):
        took = _median_ms(look)
        yield Row(f"garment, {name}: a photo of 1000 × 1334", took, "ms", f"≤ {goal}", took <= goal)


def _median_ms(look: Callable[[], object]) -> float:
    look()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        look()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))
