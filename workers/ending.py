"""The end of an item, in a thread of its own: encoded, uploaded, recorded while the next one is drawn."""

import threading
import time
from collections.abc import Callable, Collection
from contextvars import Context
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from flixpose.adapters.jobs import JobStore
from flixpose.errors import DatabaseUnavailable
from flixpose.structures.batch import Claim
from flixpose.structures.job import Result
from workers.limits import too_slow
from workers.recorder import End, Recorder, expected


class Traffic(Protocol):
    """What a chunk asks of the store that its items write to."""

    def flush(self) -> None:
        """Return when everything that was put is there; raises what went wrong."""
        ...

    def take_noted(self) -> Collection[str]:
        """The folders noted since the last call."""
        ...

    def hand_over(self) -> Context:
        """The context in which another thread ends the item in hand."""
        ...


@dataclass
class _Item:
    claim: Claim
    began: float
    write: Callable[[], Result]
    thread: threading.Thread | None = None
    failure: DatabaseUnavailable | None = None
    _told: threading.Lock = field(default_factory=threading.Lock)

    def tell(self) -> bool:
        """Whether nobody told its end before: its thread does, or whoever has waited enough for it."""
        return self._told.acquire(blocking=False)


class Ending:
    """Ends items in the block, one at a time, so that memory holds two pictures; at the block's end all.

    Args:
        limit_s: seconds from an item's begin to its end. A thread that takes longer is left to itself.

    Raises DatabaseUnavailable, at `begin` or at the block's end: what was not recorded was given back.
    """

    def __init__(
        self, store: JobStore, traffic: Traffic, recorder: Recorder, limit_s: float | None = None
    ) -> None:
        self._store = store
        self._traffic = traffic
        self._recorder = recorder
        self._limit_s = limit_s
        self._item: _Item | None = None

    def __enter__(self) -> "Ending":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._wait()
        except DatabaseUnavailable:
            if kind is None:
                raise

    def begin(self, claim: Claim, began: float, write: Callable[[], Result]) -> None:
        """Begin to end an item, when the one before has ended.

        Args:
            began: `time.perf_counter()` of the item's begin.
        """
        self._wait()
        item = _Item(claim, began, write)
        context = self._traffic.hand_over()
        item.thread = threading.Thread(target=context.run, args=(self._end, item), name="ending", daemon=True)
        self._item = item
        item.thread.start()

    def fail(self, claim: Claim, began: float, failure: Exception) -> None:
        """An item that came to nothing."""
        self._recorder.record(End(claim, expected(failure, claim), (), began))

    def drain(self) -> None:
        """Return when all items that were begun are recorded. Raises DatabaseUnavailable."""
        self._wait()
        self._recorder.drain()

    def _wait(self) -> None:
        item, self._item = self._item, None
        if item is None or item.thread is None:
            return
        left = None if self._limit_s is None else max(0.0, item.began + self._limit_s - time.perf_counter())
        item.thread.join(left)
        if item.thread.is_alive() and item.tell():
            self.fail(item.claim, item.began, too_slow(item.claim, self._limit_s))
        if item.failure:
            self._store.release(item.claim)
            raise item.failure

    def _end(self, item: _Item) -> None:
        try:
            result = item.write()
            self._traffic.flush()
            noted = self._traffic.take_noted()
            if item.tell():
                self._recorder.record(End(item.claim, result, noted, item.began))
        except DatabaseUnavailable as failure:  # is no fault of the item's: it costs no attempt
            item.failure = failure
        except Exception as failure:
            if item.tell():
                self._fail(item, failure)
        finally:
            self._traffic.take_noted()

    def _fail(self, item: _Item, failure: Exception) -> None:
        try:
            self.fail(item.claim, item.began, failure)
        except DatabaseUnavailable as away:
            item.failure = away
