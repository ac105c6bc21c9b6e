"""Results are recorded behind the work's back: while the next item is draped, by a thread of its own.

What has come to an end meanwhile goes into one transaction, so that quick items share its cost while a slow
one is recorded at once.
"""

import logging
import queue
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType

from flixpose.adapters.finishing import STATE_OF_VERDICT
from flixpose.adapters.jobs import JobStore
from flixpose.errors import DatabaseUnavailable, FlixposeError
from flixpose.settings import redact
from flixpose.structures.batch import Claim
from flixpose.structures.job import Result
from workers import logs, metrics

_MOST = 32  # ends in one transaction, and as many waiting for the next

log = logging.getLogger("flixpose.chunk")


class Unexpected(FlixposeError):
    """A fault that nobody foresaw. Tried again, since it may be the machine's; then the item is dead."""

    code = "internal"
    retry = True


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended.

    Attributes:
        uploads: folders that were noted for the result's objects.
        began: `time.perf_counter()` of the attempt's begin.
    """

    claim: Claim
    outcome: Result | FlixposeError
    uploads: Collection[str]
    began: float


class Recorder:
    """Records ends in its own thread while the block runs; at the block's end everything is recorded.

    Raises DatabaseUnavailable, at `record` or at the block's end: what could not be recorded is left running,
    for the sweeper.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._ends: queue.Queue[End | None] = queue.Queue(_MOST)
        self._failure: DatabaseUnavailable | None = None
        self._thread = threading.Thread(target=self._run, name="recorder")

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ends.put(None)
        self._thread.join()
        if kind is None:
            self.check()

    def record(self, end: End) -> None:
        """Takes it; waits where too many are waiting already."""
        self.check()
        self._ends.put(end)

    def drain(self) -> None:
        """Return when all that was taken is recorded. Raises DatabaseUnavailable."""
        self._ends.join()
        self.check()

    def check(self) -> None:
        """Raises DatabaseUnavailable if something could not be recorded."""
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        open_ = True
        while open_:
            ends = self._take()
            open_ = None not in ends
            try:
                if self._failure is None:
                    self._record([end for end in ends if end])
            except DatabaseUnavailable as failure:
                self._failure = failure
            finally:
                for _ in ends:
                    self._ends.task_done()

    def _take(self) -> list[End | None]:
        """At least one, and what waits behind it."""
        ends = [self._ends.get()]
        while ends[-1] and len(ends) < _MOST:
            try:
                ends.append(self._ends.get_nowait())
            except queue.Empty:
                break
        return ends

    def _record(self, ends: list[End]) -> None:
        results = [(end, end.outcome) for end in ends if isinstance(end.outcome, Result)]
        try:
            recorded = self._store.finish_all([(end.claim, result, end.uploads) for end, result in results])
        except DatabaseUnavailable:
            raise
        except Exception as failure:  # of one result among several, or one that was cleared away
            if len(results) == 1:
                self._fail(results[0][0], expected(failure, results[0][0].claim))
            else:
                for end, _ in results:
                    self._record([end])
        else:
            for (end, result), ours in zip(results, recorded, strict=True):
                _tell(end, STATE_OF_VERDICT[result.quality.verdict] if ours else "lost")
                metrics.drape(result)
        for end in ends:
            if isinstance(end.outcome, FlixposeError):
                self._fail(end, end.outcome)

    def _fail(self, end: End, failure: FlixposeError) -> None:
        state = self._store.fail(end.claim, failure)
        log.warning("%s: %s", failure.code, failure.message, extra=logs.of(end.claim, code=failure.code))
        metrics.failure(failure.code, again=state == "queued")
        _tell(end, state)


def expected(failure: Exception, claim: Claim) -> FlixposeError:
    """The failure in our words; one that nobody foresaw is logged with its traceback."""
    if isinstance(failure, FlixposeError):
        return failure
    log.error("unexpected failure", exc_info=failure, extra=logs.of(claim, code=Unexpected.code))
    said = redact(f"{type(failure).__name__}: {failure}")
    return Unexpected(f"{claim.job.ref}: {said}.", subject=claim.job.ref)


def _tell(end: End, state: str) -> None:
    seconds = time.perf_counter() - end.began
    metrics.item(state, seconds)
    log.info("item %s", state, extra=logs.of(end.claim, state=state, milliseconds=round(1000 * seconds)))
