"""What it costs to use a picture again, and to meet a person who was looked at before."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flixpose import bootstrap, resources
from flixpose.adapters.analyses import KeptPoses
from flixpose.adapters.database import Database
from flixpose.adapters.served import Draper, with_memory
from flixpose.imaging.decode import decode_image
from flixpose.settings import load_settings
from flixpose.structures.job import Job
from tests.bench.rows import Row

PERSON = resources.SAMPLES / "persons" / "malik.jpg"
PRODUCT = resources.SAMPLES / "products" / "tank.jpg"


def rows(quick: bool) -> list[Row]:
    """Over SQLite and a folder; a drape of the samples for comparison."""
    times = 3 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.sqlite")
        database.migrate()
        found = _measure(database, Path(folder), times)
        database.close()
    return found


def _measure(database: Database, folder: Path, times: int) -> list[Row]:
    tools = bootstrap.build(load_settings(), store_url=(folder / "store").as_uri())
    draper = Draper(with_memory(tools, database), database, layers=True)
    job = Job("FX", PRODUCT.as_uri(), PERSON.as_uri(), "one", kind="vest")
    draper(replace(job, preset="myntra"))  # loads the nets
    first = _seconds(lambda: draper(job), 1)
    again = _seconds(lambda: draper(job), times)
    image = decode_image(PERSON.read_bytes(), name=PERSON.name)
    eyes = bootstrap.build(load_settings(), store_url=(folder / "other").as_uri()).poses
    assert eyes.model
    looked = _seconds(lambda: eyes([replace(image, sha256="0" * 64)]), 1)
    known = _seconds(lambda: KeptPoses(tools.poses, database, tools.blobs)([image]), times)
    return [
        Row(
            "a picture made before, used again",
            again * 1000,
            "ms",
            f"< {first * 100:.0f} (a tenth)",
            again < first / 10,
        ),
        Row("the same picture made", first * 1000, "ms", "", True),
        Row(
            "a person looked at before, from database and store",
            known * 1000,
            "ms",
            "less than a look",
            known < looked,
        ),
        Row("a look at the person", looked * 1000, "ms", "", True),
    ]


def _seconds(work: Callable[[], object], times: int) -> float:
    """Median of CPU and waiting together."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
