"""Photos of the jobs that come next, decoded in threads and looked at in batches before each is draped.

Nothing is told of failures: whoever drapes comes to the same photo again, and fails by himself with the name
of what is wrong. What the nets say goes into the memory that the drape asks (`memo`, `kept`).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from flixpose.errors import DatabaseUnavailable, FlixposeError
from flixpose.imaging.decode import decode_image
from flixpose.imaging.files import sha256_hex
from flixpose.pipeline import Photos, Tools
from flixpose.ports import GarmentAsk
from flixpose.structures.found import Given
from flixpose.structures.image import Image
from flixpose.structures.job import Job

_THREADS = 2  # that decode, beside the nets
_MOST_BYTES = 256_000_000  # of decoded pixels in waiting

Asked = TypeVar("Asked")

log = logging.getLogger("flixpose.ahead")


@dataclass(frozen=True, slots=True)
class Coming:
    """A job that will be draped, its files, and what humans told of it."""

    job: Job
    photos: Photos
    given: Given

    @property
    def files(self) -> tuple[bytes, ...]:
        """In the order of `Job.photos`."""
        return (self.photos.person, self.photos.product, *self.photos.more)


class Ahead:
    """One window of jobs at a time; used by one thread."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._images: dict[str, Image] = {}  # by content
        self._spent: dict[str, float] = {}  # milliseconds of a job's share, by stage
        self._bytes = 0
        self._lock = threading.Lock()

    def forget(self) -> None:
        """What was decoded; the memory of the nets' answers stays."""
        self._images, self._spent, self._bytes = {}, {}, 0

    def look(self, window: Sequence[Coming]) -> None:
        """Decode the photos and ask the nets about all of them; the window before is forgotten.

        The net for people looks while products are still being decoded.

        Raises: DatabaseUnavailable.
        """
        self.forget()
        if not window:
            return
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
            files = {sha256_hex(data): data for each in _in_turn(window) for data in each}
            decoding = {name: pool.submit(self._decode, data) for name, data in files.items()}
            people = dict.fromkeys(sha256_hex(one.photos.person) for one in window)
            persons = [image for name in people if (image := self._take(name, decoding[name])) is not None]
            with self._timed("pose"):
                _batch_or_each(self._tools.poses, persons)
            for name, future in decoding.items():
                self._take(name, future)
        asks = [ask for one in window for ask in self._asks(one)]
        with self._timed("garment"):
            _batch_or_each(self._tools.garments.read_all, asks)
        self._spent = {stage: took / len(window) for stage, took in self._spent.items()}

    def with_images(self, job: Job, photos: Photos) -> Photos:
        """The same photos, decoded if they all were, with what was spent on them."""
        names = [sha256_hex(data) for data in (photos.person, photos.product, *photos.more)]
        if not all(name in self._images for name in names):
            return photos
        images = [
            replace(self._images[name], name=uri.rsplit("/", 1)[-1])
            for name, uri in zip(names, job.photos, strict=True)
        ]
        return replace(photos, images=tuple(images), spent=self._spent)

    def _decode(self, data: bytes) -> tuple[Image | None, float]:
        """None where there is no room left."""
        with self._lock:
            if self._bytes > _MOST_BYTES:
                return None, 0.0
        began = time.perf_counter()
        image = decode_image(data, name="a photo", limits=self._tools.limits)
        with self._lock:
            self._bytes += image.pixels.nbytes
        return image, 1000 * (time.perf_counter() - began)

    def _take(self, name: str, decoded: Future[tuple[Image | None, float]]) -> Image | None:
        if name not in self._images:
            try:
                image, took = decoded.result()
            except FlixposeError:
                return None
            if image is None:
                return None
            self._images[name] = image
            self._spent["decode"] = self._spent.get("decode", 0.0) + took
        return self._images[name]

    def _asks(self, coming: Coming) -> Iterator[GarmentAsk]:
        """As `pipeline.drape_all` will ask."""
        job, landmarks = coming.job, coming.given.garment
        kind = landmarks.skeleton.name if landmarks is not None else job.kind
        told = [(kind, job.view), *((other.kind, other.view) for other in job.more)]
        for data, (kind, view) in zip(coming.files[1:], told, strict=True):
            image = self._images.get(sha256_hex(data))
            if image is not None:
                yield GarmentAsk(image, kind, view)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._spent[stage] = 1000 * (time.perf_counter() - began)


def _in_turn(window: Sequence[Coming]) -> Iterator[tuple[bytes, ...]]:
    """All people before all products."""
    yield tuple(one.photos.person for one in window)
    yield from (one.files[1:] for one in window)


def _batch_or_each(look: Callable[[Sequence[Asked]], object], asked: Sequence[Asked]) -> None:
    """All at once; one by one where that fails, so that one photo's fault is nobody else's."""
    if not asked:
        return
    try:
        look(asked)
    except DatabaseUnavailable:
        raise
    except Exception as failure:
        if len(asked) == 1:
            return
        log.warning("a batch of %d photos failed (%s): one by one", len(asked), type(failure).__name__)
        for one in asked:
            _batch_or_each(look, [one])
