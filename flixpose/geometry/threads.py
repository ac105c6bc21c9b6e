"""Who computes on how many threads.

Work is shared out here, in pieces that stay in the cache. The linear algebra libraries keep to one thread: at
some hundred unknowns their own threads gain next to nothing, and they spin while they wait for one another;
beside busy workers half a millisecond becomes fourteen.

A picture is made in hundreds of steps of less than a millisecond, between which threads hand the interpreter
to and fro. So OpenCV keeps to one thread while one is drawn, and what is shared out then comes in pieces of
several milliseconds that are mostly OpenCV's. A second thread takes a tenth off the clock, a quarter where a
garment is cut out, and adds a twentieth to the processor's time; small windows gain nothing by it. Where
several pictures are drawn at a time, each has its share of the threads.

The helpers are there once for all. Whoever shares out work does as much of it as he can himself, and waits
for no helper that has not begun: work shared out within such work comes to no deadlock.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache
from operator import length_hint
from threading import Lock
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_TURN_S = 5e-4  # after which a thread that computes in Python hands the interpreter on, if another waits
_QUIET = 1 << 18  # multiplications; OpenBLAS takes more threads for a larger product
_LOCK, _TORCH = Lock(), Lock()
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")
_One = TypeVar("_One")
_Other = TypeVar("_Other")


def for_each(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    """All items, on as many threads as there are to be had, the calling one among them."""
    threads = _threads()
    threads = min(threads, length_hint(items, threads))
    left, turn, end = iter(items), Lock(), object()

    def take() -> Any:
        with turn:  # a generator serves one thread at a time
            return next(left, end)

    def drain() -> None:
        for item in iter(take, end):  # shared: whoever is free takes the next
            work(item)

    if threads <= 1:
        for item in left:
            work(item)
        return
    others = [_begun(drain) for _ in range(threads - 1)]
    try:
        drain()
    finally:
        others = [other for other in others if not other.cancel()]
        wait(others)
    for other in others:
        other.result()


def gathered(work: Callable[[_Item], _Found], items: Sequence[_Item]) -> list[_Found]:
    """What comes of each item, in their order; worked on as by `for_each`.

    Raises: what the first of the items that fail raises.
    """
    found: dict[int, _Found] = {}
    failed: dict[int, Exception] = {}

    def one(number: int) -> None:
        try:
            found[number] = work(items[number])
        except Exception as failure:
            failed[number] = failure

    for_each(one, range(len(items)))
    if failed:
        raise failed[min(failed)]
    return [found[number] for number in range(len(items))]


def at_once(one: Callable[[], _One], other: Callable[[], _Other]) -> tuple[_One, _Other]:
    """What comes of both; worked on as by `for_each`. Raises: as `gathered`."""
    both: Sequence[Callable[[], Any]] = (one, other)
    first, second = gathered(lambda work: work(), both)
    return first, second


def _begun(work: Callable[[], _Found]) -> "Future[_Found]":
    """Handed to the helpers; it sees the context of whoever hands it over."""
    return _helpers(os.getpid()).submit(copy_context().run, work)


@lru_cache(maxsize=1)
def _helpers(_process: int) -> ThreadPoolExecutor:
    """Those of a process: none of them comes along when it forks."""
    return ThreadPoolExecutor(max(os.cpu_count() or 1, 2) - 1, thread_name_prefix="helper")


@dataclass
class _Pictures:
    """How many are being drawn, and how many threads there may be at most.

    Attributes:
        threads, turn: OpenCV's threads and the interpreter's turns, seconds, as they were before.
    """

    drawn: int = 0
    threads: int = 1
    turn: float = 0.005
    most: int | None = None


_PICTURES = _Pictures()


def at_most(threads: int | None) -> None:
    """So many threads are to be had in this process, which is not alone on the machine; None: as ever."""
    _PICTURES.most = threads


def _threads() -> int:
    """How many work is shared out to: each picture has its share."""
    with _LOCK:
        threads = _PICTURES.threads if _PICTURES.drawn else cv2.getNumThreads()
        most = threads if _PICTURES.most is None else min(threads, _PICTURES.most)
        return max(most // max(_PICTURES.drawn, 1), 1)


@contextmanager
def drawing() -> Iterator[None]:
    """A picture is drawn: OpenCV keeps to the calling thread until the last of such blocks ends.

    Threads take shorter turns, or one that has only to start OpenCV's next step waits for up to 5 ms.
    """
    with _LOCK:
        if not _PICTURES.drawn:
            _PICTURES.threads, _PICTURES.turn = max(cv2.getNumThreads(), 1), sys.getswitchinterval()
            cv2.setNumThreads(1)
            sys.setswitchinterval(_TURN_S)
        _PICTURES.drawn += 1
    try:
        yield
    finally:
        with _LOCK:
            _PICTURES.drawn -= 1
            if not _PICTURES.drawn:
                cv2.setNumThreads(_PICTURES.threads)
                sys.setswitchinterval(_PICTURES.turn)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch keeps to the calling thread until the block ends."""
    import torch

    with _TORCH:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """left @ right, (N, K) and (K, M), in pieces so small that the library wakes no thread of its own.

    Woken once, such a thread spins for a tenth of a second after.
    """
    step = max(1, _QUIET // max(right.size, 1))
    if len(left) <= step:
        return np.asarray(left @ right)
    return np.concatenate([left[start : start + step] @ right for start in range(0, len(left), step)])


def solve_dense(matrix: NDArray[Any], right: NDArray[Any]) -> NDArray[Any] | None:
    """x with matrix @ x = right, float64 (N, N) and (N, K); None where the matrix is singular."""
    import torch

    with one_torch_thread():
        solved, info = torch.linalg.solve_ex(torch.from_numpy(matrix), torch.from_numpy(right))
    return solved.numpy() if int(info) == 0 and np.isfinite(solved.numpy()).all() else None
