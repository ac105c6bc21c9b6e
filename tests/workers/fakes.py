"""Quick stand-ins for the pipeline, found by worker processes through FLIXPOSE_RUNNER.

What a job's `sku` begins with says what happens to it: `ok`, `review`, `bad` (a deliberate failure), `boom`
(an unforeseen one), `slow` (takes a while), `crash` (kills its process).
"""

import hashlib
import os
import signal
import time
from pathlib import Path

from flixpose.errors import NoPerson
from flixpose.settings import Settings
from flixpose.structures.job import Artifact, Figure, Job, Quality, Reason, Result
from workers.chunk import Runner

RUNNER = "tests.workers.fakes:runner"
LOG_VARIABLE = "FLIXPOSE_TEST_RUNS"  # a file that gets the ref of every run, when it begins
SLOW_S = 0.3


def runner(settings: Settings) -> Runner:
    return run


def run(job: Job) -> Result:
    if log := os.environ.get(LOG_VARIABLE):
        with Path(log).open("a") as lines:
            lines.write(f"{job.ref}\n")
    what = job.sku.split("-")[0]
    if what == "bad":
        raise NoPerson(f"{job.person}: nobody found.", subject=job.person)
    if what == "boom":
        raise RuntimeError("no idea")
    if what == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "slow":
        time.sleep(SLOW_S)
    return result(job, "review" if what == "review" else "pass")


def result(job: Job, verdict: str = "pass") -> Result:
    """A complete result with the report that the database wants."""
    digest = hashlib.sha256(repr(job).encode()).hexdigest()
    reasons = (Reason("low_score", "person_score", 0.4, 0.5),) if verdict == "review" else ()
    quality = Quality((Figure("person_score", 0.9, ""),), verdict, reasons)  # type: ignore[arg-type]
    artifact = Artifact("result", f"results/{digest[:2]}/{digest}/result.jpg", "image/jpeg", digest, 3)
    return Result(job, (artifact,), quality, _report(job))


def _report(job: Job) -> dict[str, object]:
    model = {
        "name": "fake",
        "version": "1",
        "task": "all",
        "licence": "Apache-2.0",
        "origin": "",
        "sha256": "",
    }
    point = {"name": "nose", "x": 10.5, "y": 20.5, "score": 0.9}
    found = {"model": "fake", "skeleton": "fake_1", "score": 0.9, "box": [0.0, 0.0, 100.0, 200.0]}
    garment = {"kind": "skirt", "kind_score": 0.9, "view": "front", "view_score": 0.9}
    inputs = {
        role: {"sha256": hashlib.sha256(uri.encode()).hexdigest(), "width": 100, "height": 200, "uri": uri}
        for role, uri in (("person", job.person), ("product", job.product))
    }
    return {
        "flixpose": "0.1.0",
        "inputs": inputs,
        "models": [model],
        "person": {**found, "keypoints": [point]},
        "garment": {**found, **garment, "landmarks": [point]},
        "parts": [],
        "milliseconds": {"all": 1.0},
    }
