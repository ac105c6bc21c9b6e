"""Objects on their way: noted before the first byte, ended by the transaction that records them.

An attempt that dies between its first object and its record leaves objects under final keys that nobody
knows of. Its note stays as well, and the sweep takes away what no drape ever recorded.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import ColumnElement, Connection, delete, select

from flixpose.adapters.database import CLOCK_SLACK_S, Database, ago, upsert
from flixpose.adapters.tables import artifacts, uploads
from flixpose.errors import StoreUnavailable
from flixpose.ports import BlobStore

RESULTS = "results"  # the folder of final keys
_SWEEP = 50
_THREADS = 8
_MOST_AHEAD = 256_000_000  # bytes of photos that wait to be read


@dataclass(eq=False)
class _Item:
    """What is on its way for one item."""

    noted: set[str] = field(default_factory=set)
    puts: list[Future[str]] = field(default_factory=list)


class NotingStore:
    """A `BlobStore` that notes a result's folder in the database before the first object goes there.

    A result's objects are put by several threads at once, and photos can be fetched before they are read.
    For each item: `take_noted`, then its reads and puts, `flush`, `take_noted`. Whose puts they are
    tells the context (`contextvars`), so that another thread may end an item: see `hand_over`.

    Args:
        max_bytes: the largest photo that is fetched ahead.
    """

    def __init__(self, blobs: BlobStore, database: Database, *, max_bytes: int = 64_000_000) -> None:
        self._blobs = blobs
        self.database = database
        self._max_bytes = max_bytes
        self._item: ContextVar[_Item] = ContextVar("item")
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
        self._ahead: dict[str, Future[bytes | None]] = {}

    def put(self, key: str, data: bytes, *, media_type: str, sha256: str) -> str:
        """A result's object is on its way when this returns; see `flush`. Others are there."""
        put = partial(self._blobs.put, key, data, media_type=media_type, sha256=sha256)
        if not key.startswith(f"{RESULTS}/"):
            return put()
        item = self._current()
        item.puts.append(self._threads.submit(self._put, key.rpartition("/")[0], item.noted, put))
        return self._blobs.uri(key)

    def flush(self) -> None:
        """Return when everything that was put for this item is there.

        Raises: StoreUnavailable, DatabaseUnavailable.
        """
        item = self._current()
        puts, item.puts = item.puts, []
        for put in puts:
            put.result()

    def take_noted(self) -> frozenset[str]:
        """The folders noted since the last call: at the begin and the end of one item."""
        item = self._current()
        self._item.set(_Item())
        for put in item.puts:  # it failed meanwhile
            put.cancel()
        with self._lock:
            return frozenset(item.noted)

    def hand_over(self) -> Context:
        """The context in which another thread ends the item in hand; in this one a new item begins."""
        context = copy_context()
        self._item.set(_Item())
        return context

    def note(self, prefix: str) -> None:
        """Note a result's folder, also where its objects are there already and shall stay."""
        self._note(prefix, self._current().noted)

    def read_ahead(self, uris: Sequence[str]) -> None:
        """Begin to fetch what is read next; what was fetched before and is not among `uris` is forgotten."""
        before = self._ahead
        self._ahead = {
            uri: before.get(uri) or self._threads.submit(self._fetch, uri) for uri in dict.fromkeys(uris)
        }

    def read(self, uri: str, *, max_bytes: int) -> bytes:
        fetched = self._ahead.get(uri)
        if fetched is not None and max_bytes == self._max_bytes:
            try:
                data = fetched.result()
            except Exception:
                self._ahead.pop(uri, None)  # the next attempt asks again
                raise
            if data is not None:
                return data
        return self._blobs.read(uri, max_bytes=max_bytes)

    def _fetch(self, uri: str) -> bytes | None:
        """None where enough is waiting already."""
        if _waiting(list(self._ahead.values())) > _MOST_AHEAD:
            return None
        return self._blobs.read(uri, max_bytes=self._max_bytes)

    def _current(self) -> _Item:
        item = self._item.get(None)
        if item is None:
            item = _Item()
            self._item.set(item)
        return item

    def _put(self, prefix: str, noted: set[str], put: Callable[[], str]) -> str:
        self._note(prefix, noted)
        return put()

    def _note(self, prefix: str, noted: set[str]) -> None:
        if not prefix.startswith(f"{RESULTS}/"):
            return
        with self._lock:
            if prefix not in noted:
                self.database.run(lambda connection: begin_upload(connection, prefix))
                noted.add(prefix)

    def get(self, key: str) -> bytes:
        return self._blobs.get(key)

    def exists(self, key: str) -> bool:
        return self._blobs.exists(key)

    def holds(self, key: str, *, sha256: str, size: int) -> bool:
        return self._blobs.holds(key, sha256=sha256, size=size)

    def delete(self, key: str) -> None:
        self._blobs.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._blobs.keys(prefix)

    def clear_partial(self, older_than_s: float) -> int:
        return self._blobs.clear_partial(older_than_s)

    def uri(self, key: str) -> str:
        return self._blobs.uri(key)

    def link(self, key: str, *, seconds: int) -> str:
        return self._blobs.link(key, seconds=seconds)


def _waiting(fetched: Sequence[Future[bytes | None]]) -> int:
    """Bytes that have come."""
    come = [one for one in fetched if one.done() and not one.cancelled() and one.exception() is None]
    return sum(len(one.result() or b"") for one in come)


def begin_upload(connection: Connection, prefix: str) -> None:
    """Note the folder; waits while a sweep is busy in it."""
    upsert(connection, uploads, {"prefix": prefix, "begun_at": ago(0)}, ("begun_at",))


def end_uploads(connection: Connection, prefixes: Collection[str], keys: Collection[str]) -> None:
    """Take the notes away, in the transaction that records `keys`.

    Raises:
        StoreUnavailable: a sweep took the attempt for dead and its objects away.
    """
    for prefix in sorted(prefixes):
        if connection.execute(delete(uploads).where(uploads.c.prefix == prefix)).rowcount:
            continue
        # Another attempt with the very same objects may have recorded them first.
        known = select(artifacts.c.key).where(artifacts.c.key.in_(keys)).limit(1)
        if connection.execute(known).first() is None:
            raise StoreUnavailable(f"{prefix}: the attempt took so long that its objects were cleared away.")


def sweep_uploads(database: Database, blobs: BlobStore, older_than_s: float) -> int:
    """Remove what attempts left that began longer ago and never came to their record; how many objects.

    Raises: DatabaseUnavailable, StoreUnavailable.
    """
    old = select(uploads.c.prefix).where(_begun_before(older_than_s)).limit(_SWEEP)
    with database.transaction(write=False) as connection:
        prefixes = connection.scalars(old.order_by(uploads.c.begun_at)).all()
    removed = 0
    for prefix in prefixes:
        with database.transaction() as connection:
            removed += _sweep(connection, blobs, prefix, older_than_s)
    return removed


def _begun_before(seconds: float) -> ColumnElement[bool]:
    """Or in the future: before the database's clock was set back."""
    return (uploads.c.begun_at <= ago(seconds)) | (uploads.c.begun_at > ago(-CLOCK_SLACK_S))


def _sweep(connection: Connection, blobs: BlobStore, prefix: str, older_than_s: float) -> int:
    """In one transaction, whose lock on the note keeps a new attempt waiting until all is clean."""
    ours = select(uploads).where(uploads.c.prefix == prefix, _begun_before(older_than_s))
    if connection.execute(ours.with_for_update(skip_locked=True)).first() is None:
        return 0
    found = list(blobs.keys(prefix))
    recorded = set(connection.scalars(select(artifacts.c.key).where(artifacts.c.key.in_(found))))
    orphans = [key for key in found if key not in recorded]
    for key in orphans:
        blobs.delete(key)
    connection.execute(delete(uploads).where(uploads.c.prefix == prefix))
    return len(orphans)
