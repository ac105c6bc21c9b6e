"""A quick, bounded stop that loses nothing.

On SIGTERM Celery's warm shutdown takes no further messages and waits for the running ones. Here the main
process also tells the pool's processes (SIGUSR2) to put the rest of their chunk back after the item in hand,
and starts a timer that turns the warm shutdown into a cold one: unacknowledged messages go back to the queue
then.
"""

import os
import signal
import threading
from types import FrameType
from typing import Any

from billiard.process import active_children

GRACE_S = 25.0

_asked = threading.Event()


def stopping() -> bool:
    """Whether this pool process was asked to stop."""
    return _asked.is_set()


def listen(**_: Any) -> None:
    """In a pool process: hear the main process. Comes first: unheard, SIGUSR2 would end the process."""
    signal.signal(signal.SIGUSR2, _hear)


def tell(**_: Any) -> None:
    """In the main process, at its shutdown."""
    for child in active_children():
        os.kill(child.pid, signal.SIGUSR2)
    timer = threading.Timer(GRACE_S, os.kill, (os.getpid(), signal.SIGQUIT))
    timer.daemon = True
    timer.start()


def _hear(number: int, frame: FrameType | None) -> None:
    _asked.set()
