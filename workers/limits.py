"""A time limit for what the main thread does."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar

from flixpose.errors import FlixposeError
from flixpose.structures.batch import Claim
from workers import guard


class TooSlow(FlixposeError):
    code: ClassVar[str] = "too_slow"
    retry = True
    remedy = "Look at the pictures: something in them takes far too long. Other items are not affected."


class OutOfTime(BaseException):
    """Passes by everybody who deals with failures of single photos."""


def too_slow(claim: Claim, limit_s: float | None) -> TooSlow:
    return TooSlow(f"{claim.job.ref}: more than {limit_s or 0:.0f} s.", subject=claim.job.ref)


@contextmanager
def limited(limit_s: float | None, failure: Callable[[], BaseException]) -> Iterator[None]:
    """Raise `failure()` inside the block after `limit_s` (in a main thread, where signals arrive)."""
    guard.tell_deadline(limit_s)
    if limit_s is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise failure()

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        guard.tell_deadline(None)
        signal.signal(signal.SIGALRM, before)
