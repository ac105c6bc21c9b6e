"""One chunk of items: claim, drape, record. No Celery here.

Items are claimed one at a time, just before their work: what a killed process leaves behind is one running
item, and the others are still queued for whoever gets the message next.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar

from flixpose.adapters.jobs import JobStore
from flixpose.errors import DatabaseUnavailable, FlixposeError
from flixpose.settings import redact
from flixpose.structures.batch import Claim
from flixpose.structures.job import Job, Result
from workers import guard, logs

Runner = Callable[[Job], Result]

log = logging.getLogger("flixpose.chunk")


class Unexpected(FlixposeError):
    """A fault that nobody foresaw. Tried again, since it may be the machine's; then the item is dead."""

    code: ClassVar[str] = "internal"
    retry = True


class TooSlow(FlixposeError):
    code = "too_slow"
    retry = True
    remedy = "Look at the pictures: something in them takes far too long. Other items are not affected."


def drape_items(
    item_ids: Sequence[str],
    *,
    store: JobStore,
    run: Runner,
    worker: str,
    stopping: Callable[[], bool] = lambda: False,
    limit_s: float | None = None,
    noted: Callable[[], Collection[str]] = tuple,
) -> bool:
    """Drape those of the items that are queued; each ends recorded, failed, or queued again.

    Args:
        worker: names this process in the database.
        stopping: asked before each item.
        limit_s: seconds an item may take.
        noted: asked after each item for the folders that were noted for its objects.

    Returns:
        False when stopped before the end: the rest is still queued.

    Raises:
        DatabaseUnavailable: nothing can be claimed or recorded; a running item is left to the sweeper.
    """
    for item_id in item_ids:
        if stopping():
            return False
        for claim in store.claim([item_id], worker):
            _drape_item(claim, store, run, limit_s, noted)
    return True


def _drape_item(
    claim: Claim,
    store: JobStore,
    run: Runner,
    limit_s: float | None,
    noted: Callable[[], Collection[str]],
) -> None:
    noted()
    began = time.perf_counter()
    try:
        with _limited(limit_s, claim):
            result = run(claim.job)
        ours = store.finish(claim, result, uploads=noted())
        _note(claim, result.quality.verdict if ours else "lost", began)
    except DatabaseUnavailable:
        raise
    except FlixposeError as failure:
        log.warning("%s: %s", failure.code, failure.message, extra=logs.of(claim, code=failure.code))
        _note(claim, store.fail(claim, failure), began)
    except Exception as failure:
        log.exception("unexpected failure", extra=logs.of(claim, code=Unexpected.code))
        said = redact(f"{type(failure).__name__}: {failure}")
        _note(claim, store.fail(claim, Unexpected(f"{claim.job.ref}: {said}.", subject=claim.job.ref)), began)


def _note(claim: Claim, state: str, began: float) -> None:
    milliseconds = round((time.perf_counter() - began) * 1000)
    log.info("item %s", state, extra=logs.of(claim, state=state, milliseconds=milliseconds))


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
