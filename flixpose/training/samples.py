"""Drawn samples as arrays, and the shard files in which a drawing process hands them to the training loop."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DrawingFailed
from flixpose.garment.shared_points import INDEX, KIND_NAMES, POINTS, as_seen

HELD_OUT = 2_000_000_000  # seeds from here on are never trained on
UNKNOWN = -1  # a point's visibility where nobody says whether and where it is
_PER_RUN = 10_000_000  # seeds of one run
_NICE = 5
_WAIT_S = 0.2


class Sample(Protocol):
    """What the drawn studio gives: see `flixpose.studio.garments`."""

    @property
    def image(self) -> NDArray[np.uint8]: ...
    @property
    def mask(self) -> NDArray[np.uint8]: ...
    @property
    def kind(self) -> str: ...
    @property
    def view(self) -> str: ...
    @property
    def landmarks(self) -> Any: ...


Draw = Callable[[int, tuple[int, int]], Sample]
Side = Callable[[int], int]


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """N drawn photos of side S.

    Attributes:
        images: (N, S, S, 3) uint8 RGB. masks: (N, S, S) uint8.
        points: (N, points, 3) float32 x, y (pixels, house's frame) and COCO's visibility or UNKNOWN, named as
            seen.
        kinds: (N,) int64 rows of KIND_NAMES. backs: (N,) bool.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    points: NDArray[np.float32]
    kinds: NDArray[np.int64]
    backs: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)


def studio() -> Draw:
    """The drawn studio, imported when it is needed."""
    from flixpose.studio.garments import draw_sample

    return draw_sample


def draw_many(draw: Draw, seeds: Iterator[int] | range, side: int) -> Samples:
    """Draw one sample a seed."""
    drawn = [draw(seed, (side, side)) for seed in seeds]
    return Samples(
        np.stack([sample.image for sample in drawn]),
        np.stack([sample.mask for sample in drawn]),
        np.stack([_points(sample) for sample in drawn]),
        np.array([KIND_NAMES.index(sample.kind) for sample in drawn], np.int64),
        np.array([sample.view == "back" for sample in drawn]),
    )


def _points(sample: Sample) -> NDArray[np.float32]:
    points = np.zeros((len(POINTS), 3), np.float32)
    for name, (x, y, visibility) in as_seen(sample.landmarks, sample.view).items():
        points[INDEX[name]] = x, y, visibility
    return points


def seeds_of(run: int, shard: int, size: int) -> range:
    """The seeds of a shard; runs of different seeds share none."""
    first = run * _PER_RUN + shard * size
    return range(first, first + size)


def save(path: Path, samples: Samples) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **{slot: getattr(samples, slot) for slot in samples.__slots__})
    partial.replace(path)


def load(path: Path) -> Samples:
    with np.load(path) as arrays:
        return Samples(**{slot: arrays[slot] for slot in Samples.__slots__})


def shard_path(folder: Path, shard: int) -> Path:
    return folder / f"shard-{shard:06d}.npz"


def _keep_drawing(
    folder: Path, run: int, size: int, side: Side, share: tuple[int, int], wanted: "Synchronized[int]"
) -> None:
    """In a process of its own, while its parent lives: draw shard after shard, no further than `wanted`."""
    os.nice(_NICE)
    cv2.setNumThreads(1)
    parent = os.getppid()
    shard, workers = share
    while os.getppid() == parent:
        if shard > wanted.value:
            time.sleep(_WAIT_S)
            continue
        path = shard_path(folder, shard)
        if not path.exists():
            save(path, draw_many(studio(), seeds_of(run, shard, size), side(shard)))
        shard += workers


class Pool:
    """The newest shards, in memory; older files are removed."""

    def __init__(self, folder: Path, window: int, drawers: list[Any], wanted: "Synchronized[int]") -> None:
        self._folder = folder
        self._window = window
        self._drawers = drawers
        self._wanted = wanted
        self._shards: dict[int, Samples] = {}

    def at(self, newest: int) -> list[Samples]:
        """The window that ends with `newest`; waits until it is drawn. Raises DrawingFailed."""
        first = newest - self._window + 1
        with self._wanted.get_lock():
            self._wanted.value = max(self._wanted.value, newest + self._window // 2)
        for old in [shard for shard in self._shards if shard < first]:
            del self._shards[old]
            shard_path(self._folder, old).unlink(missing_ok=True)
        for shard in range(first, newest + 1):
            if shard not in self._shards:
                self._shards[shard] = load(self._wait(shard))
        return [self._shards[shard] for shard in range(first, newest + 1)]

    def _wait(self, shard: int) -> Path:
        path = shard_path(self._folder, shard)
        while not path.exists():
            if not all(drawer.is_alive() for drawer in self._drawers):
                raise DrawingFailed(f"the drawing process ended before {path.name}.", subject=path.name)
            time.sleep(_WAIT_S)
        return path


@contextmanager
def drawing(
    folder: Path, *, run: int, size: int, side: Side, window: int, first: int, workers: int
) -> Iterator[Pool]:
    """A pool that `workers` processes fill from shard `first` on; they end with the block.

    Args:
        side: of a shard's photos, by its number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spawn = multiprocessing.get_context("spawn")
    wanted = spawn.Value("i", first + window - 1)
    drawers = [
        spawn.Process(
            target=_keep_drawing,
            args=(folder, run, size, side, (first + number, workers), wanted),
            daemon=True,
        )
        for number in range(workers)
    ]
    for drawer in drawers:
        drawer.start()
    try:
        yield Pool(folder, window, drawers, wanted)
    finally:
        for drawer in drawers:
            drawer.terminate()
            drawer.join()
