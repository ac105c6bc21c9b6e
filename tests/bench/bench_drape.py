"""A drape with everything loaded: seconds an item of `drape --manifest`, what each stage takes of it, and one
drape beside the least that any drape must do: decode both photos, one bicubic remap, encode a JPEG."""

import csv
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pil

from flixpose import bootstrap, resources
from flixpose.errors import WeightsMissing
from flixpose.fit.doubts import cloth_beyond
from flixpose.fit.keyhole import without_keyhole
from flixpose.fit.mannequin import shows_mannequin
from flixpose.fit.neckline import front_neckline
from flixpose.fit.open_front import inside_between_fronts
from flixpose.fit.regions import soft_matte, split
from flixpose.fit.strips import garment_strip
from flixpose.fit.wedges import with_legs_apart
from flixpose.imaging.decode import decode_image
from flixpose.imaging.encode import encode_jpeg
from flixpose.local_batch import open_batch
from flixpose.pipeline import Photos, Tools, decode_photos, drape, run
from flixpose.settings import load_settings
from flixpose.stages.composite import cut_out
from flixpose.structures.job import Job, Result
from tests.bench.rows import Row

# All that is remembered of a garment alone.
_OF_GARMENTS = (
    *(shows_mannequin, front_neckline, inside_between_fronts, with_legs_apart, without_keyhole),
    *(split, soft_matte, garment_strip, cloth_beyond, cut_out),
)
_GOAL_S = 2.0  # an item on two cores
_SIZE, _TIMES = (1500, 2000), 3.0
_REST_S = 0.2  # before each measurement: threads of an earlier one may spin for a while


def rows(quick: bool) -> list[Row]:
    """No rows without the weights."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            took, reports = _drape(_manifest(Path(folder), 4 if quick else None), Path(folder) / "out")
        except WeightsMissing:
            return []
    item = statistics.mean(took)
    return [
        *_beside_the_least(1 if quick else 5),
        Row("drape --manifest, warm: seconds an item", round(item, 3), "s", f"≤ {_GOAL_S}", item <= _GOAL_S),
        Row("drape --manifest, warm: slowest item", round(max(took), 3), "s", "reported", True),
        *(
            Row(f"drape --manifest, warm: share of {stage}", share, "%", "reported", True)
            for stage, share in _shares(took, reports)
        ),
    ]


def _beside_the_least(rounds: int) -> list[Row]:
    """One drape at 1500×2000 as a multiple of the least, all in one run: decode both, drape, encode.

    The person is analysed before the clock starts, as a plate is. "A known garment" has been read and cut out
    on another person; "a garment read before" is cut out anew; "a new garment" is read by the net as well.
    "Nothing but the drape" is that of a known garment, from pixels to pixels.
    """
    settings = load_settings()
    tools = bootstrap.build(settings, store_url="file:///nowhere")
    anew = replace(tools, garments=bootstrap.garment_reader(settings))
    job = Job("bench", "file:///photo.jpg", "file:///photo.jpg", "bench")
    files = [_enlarged(resources.SAMPLES / name) for name in ("persons/malik.jpg", "products/breton.jpg")]
    person, product = (decode_image(data, name="photo.jpg") for data in files)
    grid = np.mgrid[0 : _SIZE[1], 0 : _SIZE[0]].astype(np.float32) + np.float32(0.3)
    draped = drape(person, product, tools)

    def least() -> None:
        photos = [decode_image(data, name="photo.jpg") for data in files]
        encode_jpeg(cv2.remap(photos[1].pixels, grid[1], grid[0], cv2.INTER_CUBIC))

    def forget() -> None:
        for known in _OF_GARMENTS:
            known.forget()

    def whole(eyes: Tools = tools) -> None:
        on, what = decode_photos(job, Photos(*files), eyes)
        encode_jpeg(drape(on, what, eyes).picture)

    works = {
        "nothing but the drape": (whole, lambda: drape(person, product, tools)),
        "a known garment": (whole, whole),
        "a garment read before": (forget, whole),
        "a new garment": (forget, lambda: whole(anew)),
    }
    rows = []
    for name, clock in (("clock", time.perf_counter), ("processor", time.process_time)):
        took = _bests([(least, least), *works.values()], clock, rounds)
        rows += [_ratio(f"{work}, {name}", own / took[0]) for work, own in zip(works, took[1:], strict=True)]
        rows.append(Row(f"the least at 1500×2000, {name}", round(1000 * took[0], 1), "ms", "reported", True))
    whole()
    stages = {stage: round(ms, 1) for stage, ms in drape(person, product, tools).milliseconds.items()}
    assert draped.picture.shape == (_SIZE[1], _SIZE[0], 3)
    told = [Row(f"one drape at 1500×2000: {name}", ms, "ms", "reported", True) for name, ms in stages.items()]
    return rows + told


def _ratio(name: str, value: float) -> Row:
    what = f"one drape at 1500×2000 / decode, remap, encode: {name}"
    return Row(what, round(value, 2), "×", f"≤ {_TIMES}", value <= _TIMES)


def _enlarged(path: Path) -> bytes:
    with Pil.open(path) as photo:
        target = io.BytesIO()
        photo.convert("RGB").resize(_SIZE, Pil.Resampling.BICUBIC).save(target, "JPEG", quality=92)
    return target.getvalue()


def _bests(
    works: Sequence[tuple[Callable[[], None], Callable[[], None]]], clock: Callable[[], float], rounds: int
) -> list[float]:
    """The least that each took, in turns: what else runs on the machine bears on all alike.

    Args:
        works: with what comes before each, which is not measured.
    """
    took: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for (before, work), found in zip(works, took, strict=True):
            before()
            time.sleep(_REST_S)
            start = clock()
            work()
            found.append(clock() - start)
    return [min(found) for found in took]


def _manifest(folder: Path, count: int | None) -> Path:
    """The first rows of the sample catalogue, with paths that do not depend on the folder."""
    with (resources.SAMPLES / "catalogue.csv").open(newline="") as file:
        found = list(csv.DictReader(file))[:count]
    for row in found:
        row |= {name: str(resources.SAMPLES / row[name]) for name in ("product", "person")}
    path = folder / "catalogue.csv"
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, found[0])
        table.writeheader()
        table.writerows(found)
    return path


def _drape(manifest: Path, out: Path) -> tuple[list[float], list[dict[str, Any]]]:
    """(seconds, report) of each row, nets loaded and caches of photos empty before the clock starts.

    Raises:
        WeightsMissing: there is nothing to measure with.
    """
    finished: list[float] = []
    reports: list[dict[str, Any]] = []

    def make_run(tools: Tools) -> Any:
        tools.poses.model, tools.garments.model  # noqa: B018  (loads the nets)

        def one(job: Job) -> Result:
            result = run(job, tools)
            reports.append(result.report)
            return result

        return one

    with open_batch(manifest, out, load_settings(), layers=False, make_run=make_run) as batch:
        began = time.perf_counter()
        batch.work(1, lambda done, ref: finished.append(time.perf_counter() - began))
    return [end - start for start, end in pairwise(finished)], reports


def _shares(took: list[float], reports: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """(stage, per cent of the whole time), the longest first; "records" is all that is not a stage."""
    whole = 1000 * sum(took)
    stages = {
        stage: sum(report["milliseconds"][stage] for report in reports)
        for stage in reports[0]["milliseconds"]
    }
    stages["records"] = whole - sum(stages.values())
    return sorted(
        ((stage, round(100 * ms / whole, 1)) for stage, ms in stages.items()), key=lambda row: -row[1]
    )
