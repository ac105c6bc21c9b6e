"""Progress on long work: a bar on a terminal, a plain line now and then elsewhere. All on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_SECONDS_BETWEEN_LINES = 5.0

Advance = Callable[..., None]


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Advance]:
    """Yield `advance(done=n, note="…")`, which sets how many of `total` are done.

    Example:
        with progress("draping", len(items)) as advance:
            for n, item in enumerate(items, 1):
                work(item)
                advance(done=n, note=item.ref)
    """
    if sys.stderr.isatty():
        with _bar(title, total) as advance:
            yield advance
    else:
        yield _lines(title, total)


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total, note="")

        def advance(*, done: int, note: str = "") -> None:
            bar.update(task, completed=done, note=note)

        yield advance


def _lines(title: str, total: int | None) -> Advance:
    last = 0.0

    def advance(*, done: int, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            print(
                f"{title}: {done}{'' if total is None else f' of {total}'} {note}".rstrip(),
                file=sys.stderr,
                flush=True,
            )

    return advance
