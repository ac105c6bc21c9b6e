"""One at a time by name, over all processes that share a database; a lock dies with its holder.

PostgreSQL: an advisory lock of a transaction that does nothing else, so that connection poolers do no harm.
SQLite: a lock on one of a few files beside the database.
"""

import fcntl
import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import exc, func, select, text

from flixpose.adapters.database import Database
from flixpose.errors import DatabaseUnavailable

_FILES = 64  # names that share one wait for each other without need
_POLL_S = 0.02


@contextmanager
def locked(database: Database, kind: str, *names: str, wait_s: float) -> Iterator[None]:
    """Alone with all of `names` in the block, or after `wait_s` all the same.

    A lock saves work and guards nothing: whoever gets none does by himself what another does too.

    Args:
        kind: names of different kinds never meet; locks of several kinds are taken in one order everywhere,
            and those of one kind in one call.
    """
    digests = [hashlib.sha256(f"{kind}\n{name}".encode()).digest() for name in names]
    if database.is_sqlite:
        with _file_locks(database, kind, sorted({digest[0] % _FILES for digest in digests}), wait_s):
            yield
    else:
        numbers = sorted({int.from_bytes(digest[:8], signed=True) for digest in digests})
        with _advisory_locks(database, numbers, wait_s):
            yield


@contextmanager
def _advisory_locks(database: Database, numbers: Sequence[int], wait_s: float) -> Iterator[None]:
    connection = None
    with suppress(exc.DBAPIError, exc.TimeoutError, DatabaseUnavailable):
        connection = database.engine.connect()
        connection.execute(text(f"SET LOCAL lock_timeout = {round(wait_s * 1000)}"))
        for number in numbers:
            connection.execute(select(func.pg_advisory_xact_lock(number)))
    try:
        yield
    finally:
        if connection is not None:
            with suppress(exc.DBAPIError):
                connection.rollback()
            with suppress(exc.DBAPIError):
                connection.close()


@contextmanager
def _file_locks(database: Database, kind: str, numbers: Sequence[int], wait_s: float) -> Iterator[None]:
    path = Path(database.engine.url.database or "").absolute()
    folder = path.with_name(f".{path.name}.locks")
    deadline = time.monotonic() + wait_s
    with ExitStack() as files:
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            for number in numbers:
                file = files.enter_context((folder / f"{kind}-{number}").open("w"))
                _wait_for(file.fileno(), deadline)
        yield


def _wait_for(file: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                return
        time.sleep(_POLL_S)
