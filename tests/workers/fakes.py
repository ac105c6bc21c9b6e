"""A quick stand-in for the pipeline, found by worker processes through FLIXPOSE_RUNNER.

What a job's `sku` begins with says what happens to it: `ok`, `review`, `bad` (a deliberate failure), `boom`
(an unforeseen one), `slow` (takes a while), `crash` (kills its process), `hang` (in C code that no signal
ends), `sleep` (for ever, but a signal ends it), `eat` (all the memory it can get). Photos in the store are
really read and decoded, and objects are really written.
"""

import errno
import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from flixpose.errors import NoPerson
from flixpose.imaging import files
from flixpose.imaging.decode import Limits, decode_image
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore
from flixpose.settings import Settings
from flixpose.structures.job import Artifact, Job, Result
from tests.adapters import samples
from workers.chunk import Runner, Work

RUNNER = "tests.workers.fakes:runner"
WINDOWED = "tests.workers.fakes:windowed"
LOG_VARIABLE = "FLIXPOSE_TEST_RUNS"  # a file that gets the ref of every run, when it begins
FULL_VARIABLE = "FLIXPOSE_TEST_FULL"  # while this file is there, the disk counts as full
SLOW_S = 0.3
_LIMITS = Limits(max_megapixels=1.0, max_file_mb=1.0)


def runner(settings: Settings, blobs: BlobStore) -> Runner:
    files._write_through = _checked(files._write_through)
    return partial(run, blobs=blobs)


def _checked(write: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
    """Writes as on a full disk while the file named by FULL_VARIABLE is there."""

    def checked(path: Path, data: bytes) -> None:
        if os.path.exists(os.environ.get(FULL_VARIABLE, "")):  # noqa: PTH110 - an empty path is none
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    return checked


def prefix(sku: str, product: str) -> str:
    """The folder of a job's objects."""
    what = (sku.split("-")[0], product.rsplit("/", 1)[-1])
    return f"results/{hashlib.sha256(repr(what).encode()).hexdigest()}"


def run(job: Job, blobs: BlobStore) -> Result:
    begin(job, blobs)
    return end(job, blobs)


class Windowed:
    """`Work` as the pipeline is: items are looked at together, and each ends in a thread of its own.

    Harm comes of the first look, as of a photo that crashes a net. `lateboom` fails in its second half,
    `lateslow` takes for ever there.
    """

    window = 4

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def ahead(self, jobs: Sequence[Job]) -> None:
        if jobs:
            note(f"ahead:{len(jobs)}")
        for job in jobs:
            _harm(job.sku.split("-")[0])

    def draw(self, job: Job) -> Callable[[], Result]:
        begin(job, self._blobs)
        return partial(self._end, job)

    def _end(self, job: Job) -> Result:
        what = job.sku.split("-")[0]
        if what == "lateboom":
            raise RuntimeError("no idea")
        if what == "lateslow":
            time.sleep(3600)
        return end(job, self._blobs)


def windowed(settings: Settings, blobs: BlobStore) -> Work:
    files._write_through = _checked(files._write_through)
    return Windowed(blobs)


def note(line: str) -> None:
    if log := os.environ.get(LOG_VARIABLE):
        with Path(log).open("a") as lines:
            lines.write(f"{line}\n")


def begin(job: Job, blobs: BlobStore) -> None:
    """Whatever happens before there is a picture."""
    note(job.ref)
    what = job.sku.split("-")[0]
    if what == "bad":
        raise NoPerson(f"{job.person}: nobody found.", subject=job.person)
    if what == "boom":
        raise RuntimeError("no idea")
    if what == "slow":
        time.sleep(SLOW_S)
    _harm(what)
    for uri in (job.product, job.person):
        if "/inputs/" in uri:
            decode_image(blobs.read(uri, max_bytes=_LIMITS.max_bytes), name=uri, limits=_LIMITS)


def end(job: Job, blobs: BlobStore) -> Result:
    what = job.sku.split("-")[0]
    result = samples.result(job, "review" if what == "review" else "pass")
    folder = prefix(job.sku, job.product)
    files = {
        "result.jpg": ("image/jpeg", f"picture of {job.product} on {job.person}".encode()),
        "overlay.png": ("image/png", b"overlay"),
        "report.json": ("application/json", json.dumps(result.report).encode()),
    }
    return replace(result, artifacts=tuple(_put(blobs, f"{folder}/{n}", n, *f) for n, f in files.items()))


def _harm(what: str) -> None:
    if what == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        time.sleep(3600)
    if what == "hang":
        _hang()
    if what == "eat":
        _eat()


def _hang() -> None:
    """As C code does that never comes back to Python: even SIGALRM's handler must wait."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(3600)


def _eat() -> None:
    taken = []
    while len(taken) < 128:
        taken.append(b"x" * (32 << 20))


def _put(blobs: BlobStore, key: str, name: str, media_type: str, data: bytes) -> Artifact:
    sha256 = sha256_hex(data)
    blobs.put(key, data, media_type=media_type, sha256=sha256)
    return Artifact(name, key, media_type, sha256, len(data))
