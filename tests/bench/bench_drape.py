"""A drape with everything loaded: seconds an item of `drape --manifest`, and what each stage takes of it."""

import csv
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from flixpose import resources
from flixpose.errors import WeightsMissing
from flixpose.local_batch import open_batch
from flixpose.pipeline import Tools, run
from flixpose.settings import load_settings
from flixpose.structures.job import Job, Result
from tests.bench.rows import Row

_GOAL_S = 2.0  # an item on two cores


def rows(quick: bool) -> list[Row]:
    """No rows without the weights."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            took, reports = _drape(_manifest(Path(folder), 4 if quick else None), Path(folder) / "out")
        except WeightsMissing:
            return []
    item = statistics.mean(took)
    return [
        Row("drape --manifest, warm: seconds an item", round(item, 3), "s", f"≤ {_GOAL_S}", item <= _GOAL_S),
        Row("drape --manifest, warm: slowest item", round(max(took), 3), "s", "reported", True),
        *(
            Row(f"drape --manifest, warm: share of {stage}", share, "%", "reported", True)
            for stage, share in _shares(took, reports)
        ),
    ]


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
