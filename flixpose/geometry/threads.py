"""Who computes on how many threads.

Work is shared out here, in pieces that stay in the cache. The linear algebra libraries keep to one thread: at
some hundred unknowns their own threads gain next to nothing, and they spin while they wait for one another;
beside busy workers half a millisecond becomes fourteen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from operator import length_hint
from threading import Lock
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_LOCK = Lock()
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def for_each(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    """All items, on as many threads as OpenCV may use, the calling one among them."""
    threads = max(cv2.getNumThreads(), 1)
    threads = min(threads, length_hint(items, threads))
    left, turn, end = iter(items), Lock(), object()

    def take() -> Any:
        with turn:  # a generator serves one thread at a time
            return next(left, end)

    def drain() -> None:
        for item in iter(take, end):  # shared: whoever is free takes the next
            work(item)

    if threads <= 1:
        drain()
        return
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(drain) for _ in range(threads - 1)]
        drain()
        for done in others:
            done.result()


def gathered(work: Callable[[_Item], _Found], items: Sequence[_Item]) -> list[_Found]:
    """What comes of each item, in their order; worked on as by `for_each`."""
    found: dict[int, _Found] = {}

    def one(number: int) -> None:
        found[number] = work(items[number])

    for_each(one, range(len(items)))
    return [found[number] for number in range(len(items))]


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch keeps to the calling thread until the block ends."""
    import torch

    with _LOCK:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def solve_dense(matrix: NDArray[Any], right: NDArray[Any]) -> NDArray[Any] | None:
    """x with matrix @ x = right, float64 (N, N) and (N, K); None where the matrix is singular."""
    import torch

    with one_torch_thread():
        solved, info = torch.linalg.solve_ex(torch.from_numpy(matrix), torch.from_numpy(right))
    return solved.numpy() if int(info) == 0 and np.isfinite(solved.numpy()).all() else None
