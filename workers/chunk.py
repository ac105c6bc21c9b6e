"""One chunk of items: claim, look, drape, record. No Celery here.

Items are claimed in small windows, just before their work: what a killed process leaves behind is one window
of running items, and the others are still queued for whoever gets the message next. The photos of a window
are looked at together. An item that was begun before is always claimed, looked at and ended alone, so that
one that kills its process takes no attempt from its neighbours twice.

While one item is drawn, the one before is encoded, uploaded and recorded, and photos are fetched for those
that come.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from flixpose.adapters.jobs import JobStore
from flixpose.errors import DatabaseUnavailable
from flixpose.structures.batch import Claim, Waiting
from flixpose.structures.job import Job, Result
from workers.ending import Ending, Traffic
from workers.limits import OutOfTime, limited, too_slow
from workers.recorder import Recorder

Runner = Callable[[Job], Result]

_AHEAD_S = 0.25  # items are claimed for so much work at once, if a window is not longer
_READ_AHEAD = 2  # items beyond those claimed whose photos are fetched
_RENEW_S = 0.5  # a claim so old is renewed before its item begins, lest it counts as lost while it waits

log = logging.getLogger("flixpose.chunk")


@runtime_checkable
class Work(Protocol):
    """What is done with jobs.

    Attributes:
        window: jobs that are looked at together.
    """

    window: int

    def ahead(self, jobs: Sequence[Job]) -> None:
        """Look at the photos of the jobs that are drawn next, and forget those of the last call."""
        ...

    def draw(self, job: Job) -> Callable[[], Result]:
        """Draw one; what is given back writes it, in whatever thread, and must be called."""
        ...


@dataclass
class AtOnce:
    """`Work` that does all of a job in one step."""

    run: Runner
    window: int = 1

    def ahead(self, jobs: Sequence[Job]) -> None:
        """There is nothing to look at."""

    def draw(self, job: Job) -> Callable[[], Result]:
        result = self.run(job)
        return lambda: result


class ReadingTraffic(Traffic, Protocol):
    """And of the one that they read from."""

    def read_ahead(self, uris: Sequence[str]) -> None:
        """Begin to fetch what will be read soon."""
        ...


@dataclass
class Bench:
    """What one process works with, chunk after chunk.

    Attributes:
        worker: names this process in the database.
        limit_s: seconds an item may take; and looking at a window.
    """

    store: JobStore
    traffic: ReadingTraffic
    work: Work
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
        with (
            Recorder(self.store) as recorder,
            Ending(self.store, self.traffic, recorder, self.limit_s) as ending,
        ):
            while waiting and not stopping():
                count, again = self._count(waiting), waiting[0].attempt > 0
                if again:
                    ending.drain()
                claims = self.store.claim([one.item_id for one in waiting[:count]], self.worker)
                waiting = waiting[count:]
                after = waiting[: max(_READ_AHEAD, self.work.window)]
                self._drape_claimed(claims, [one.job for one in after], ending, stopping)
                if again:
                    ending.drain()
            self.work.ahead(())
        return not waiting

    def _count(self, waiting: Sequence[Waiting]) -> int:
        """How many to claim together."""
        most = max(self.work.window, int(_AHEAD_S / max(self._pace_s, 1e-3)))
        fresh = next((n for n, one in enumerate(waiting) if one.attempt), len(waiting))
        return max(1, min(most, fresh))

    def _drape_claimed(
        self, claims: Sequence[Claim], after: Sequence[Job], ending: Ending, stopping: Callable[[], bool]
    ) -> None:
        """What is not draped in the end is given back."""
        claimed = time.perf_counter()
        try:
            self._look_ahead(claims, after)
            while claims and not stopping():
                began = time.perf_counter()
                if began > claimed + _RENEW_S:
                    claimed, claims = began, self.store.renew(claims)
                if claims:
                    self._drape(claims, after, ending)
                    claims = claims[1:]
                self._pace_s += 0.3 * (time.perf_counter() - began - self._pace_s)
        finally:
            for claim in claims:
                self.store.release(claim)

    def _look_ahead(self, claims: Sequence[Claim], after: Sequence[Job]) -> None:
        """A photo that is at fault spoils nothing: its item comes to it again, alone."""
        if self.work.window == 1:
            return
        self._fetch(claims, after)
        try:
            with limited(self.limit_s, OutOfTime):
                self.work.ahead([claim.job for claim in claims])
        except DatabaseUnavailable:
            raise
        except (Exception, OutOfTime) as failure:
            log.warning("looking at %d items together failed", len(claims), exc_info=failure)

    def _drape(self, claims: Sequence[Claim], after: Sequence[Job], ending: Ending) -> None:
        """The first of them."""
        claim, began = claims[0], time.perf_counter()
        self._fetch(claims, after)
        self.traffic.take_noted()
        try:
            with limited(self.limit_s, lambda: too_slow(claim, self.limit_s)):
                write = self.work.draw(claim.job)
        except DatabaseUnavailable:  # is no fault of the item's: it costs no attempt
            raise
        except Exception as failure:
            ending.fail(claim, began, failure)
        else:
            ending.begin(claim, began, write)

    def _fetch(self, claims: Sequence[Claim], after: Sequence[Job]) -> None:
        coming = [*(claim.job for claim in claims), *after]
        self.traffic.read_ahead([uri for job in coming for uri in job.photos])
