"""One chunk of items: claim, drape, record. No Celery here.

Items are claimed just before their work: what a killed process leaves behind is one running item, or a
quarter of a second's worth of them where items are quick, and the others are still queued for whoever gets
the message next. An item that was begun before is always claimed alone, so that one that kills its process
takes no attempt from its neighbours twice.
"""

import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import ClassVar, Protocol

from flixpose.adapters.jobs import JobStore
from flixpose.errors import DatabaseUnavailable, FlixposeError
from flixpose.structures.batch import Claim, Waiting
from flixpose.structures.job import Job, Result
from workers import guard
from workers.recorder import End, Recorder, expected

Runner = Callable[[Job], Result]

_AHEAD_S = 0.25  # items are claimed for so much work at once
_READ_AHEAD = 2  # items whose photos are fetched while another is draped


class TooSlow(FlixposeError):
    code: ClassVar[str] = "too_slow"
    retry = True
    remedy = "Look at the pictures: something in them takes far too long. Other items are not affected."


class Traffic(Protocol):
    """What a chunk asks of the store that its items read from and write to."""

    def read_ahead(self, uris: Sequence[str]) -> None:
        """Begin to fetch what will be read soon."""
        ...

    def flush(self) -> None:
        """Return when everything that was put is there; raises what went wrong."""
        ...

    def take_noted(self) -> Collection[str]:
        """The folders noted since the last call."""
        ...


@dataclass
class Bench:
    """What one process works with, chunk after chunk.

    Attributes:
        worker: names this process in the database.
        limit_s: seconds an item may take.
    """

    store: JobStore
    traffic: Traffic
    run: Runner
    worker: str
    limit_s: float | None = None
    _pace_s: float = _AHEAD_S  # seconds an item took lately

    def drape_items(self, item_ids: Sequence[str], stopping: Callable[[], bool] = lambda: False) -> bool:
        """Drape those of the items that are queued; each ends recorded, failed, or queued again.

        Args:
            stopping: asked before each item.

        Returns:
            False when stopped before the end: the rest is still queued.

        Raises:
            DatabaseUnavailable: nothing can be claimed or recorded; a running item is left to the sweeper.
        """
        waiting = self.store.peek(item_ids)
        with Recorder(self.store) as recorder:
            while waiting and not stopping():
                count = self._count(waiting)
                claims = self.store.claim([one.item_id for one in waiting[:count]], self.worker)
                waiting = waiting[count:]
                self._drape_claimed(claims, waiting, recorder, stopping)
        return not waiting

    def _count(self, waiting: Sequence[Waiting]) -> int:
        """How many to claim together."""
        most = max(1, int(_AHEAD_S / max(self._pace_s, 1e-3)))
        fresh = next((n for n, one in enumerate(waiting) if one.attempt), len(waiting))
        return max(1, min(most, fresh))

    def _drape_claimed(
        self,
        claims: Sequence[Claim],
        waiting: Sequence[Waiting],
        recorder: Recorder,
        stopping: Callable[[], bool],
    ) -> None:
        coming = [claim.job for claim in claims] + [one.job for one in waiting[:_READ_AHEAD]]
        for n, claim in enumerate(claims):
            if n and stopping():
                self._release(claims[n:])
                return
            began = time.perf_counter()
            soon = coming[n : n + 1 + _READ_AHEAD]
            self.traffic.read_ahead([uri for job in soon for uri in (job.product, job.person)])
            try:
                recorder.record(self._drape(claim, began))
            except DatabaseUnavailable:  # is no fault of the item's: it costs no attempt
                self._release(claims[n:])
                raise
            self._pace_s += 0.3 * (time.perf_counter() - began - self._pace_s)

    def _release(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self.store.release(claim)

    def _drape(self, claim: Claim, began: float) -> End:
        self.traffic.take_noted()
        try:
            with _limited(self.limit_s, claim):
                result = self.run(claim.job)
                self.traffic.flush()
        except DatabaseUnavailable:
            raise
        except Exception as failure:
            return End(claim, expected(failure, claim), (), began)
        return End(claim, result, self.traffic.take_noted(), began)


@contextmanager
def _limited(limit_s: float | None, claim: Claim) -> Iterator[None]:
    """Raise TooSlow inside the block after `limit_s` (in a main thread, where signals arrive)."""
    guard.tell_deadline(limit_s)
    if limit_s is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"{claim.job.ref}: more than {limit_s:.0f} s.", subject=claim.job.ref)

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        guard.tell_deadline(None)
        signal.signal(signal.SIGALRM, before)
