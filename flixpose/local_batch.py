"""A manifest in one process: the service's pipeline, tables and states, with SQLite and a folder as stores.

The folder holds `flixpose.sqlite`, the objects below `objects/`, and for people one folder a row. Whatever
stops the process, the next start goes on: the database says what is finished.
"""

import fcntl
import hashlib
import json
import secrets
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from flixpose import __version__, bootstrap
from flixpose.adapters.database import Database
from flixpose.adapters.inputs import split_uri
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.manifest import Manifest, open_manifest
from flixpose.adapters.reuse import find_result
from flixpose.adapters.served import Draper, with_memory
from flixpose.adapters.stores import LocalStore
from flixpose.errors import Conflict, FlixposeError, OutputUnwritable
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.pipeline import Tools
from flixpose.settings import Settings
from flixpose.structures.batch import BatchStatus, Claim, RejectedRow
from flixpose.structures.job import Artifact, Job, Result

Runner = Callable[[Job], Result]
MakeRunner = Callable[[Tools], Runner]
Heard = Callable[[int, str], None]  # (items finished, ref of the newest)

DATABASE, OBJECTS, LOG, LOCK, RESULTS = (
    "flixpose.sqlite",
    "objects",
    "flixpose.log",
    "flixpose.lock",
    "results.csv",
)
RESERVED = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", OBJECTS, LOG, LOCK, RESULTS)

_WORKER = "local"
_IDLE_S = 0.1
_MESSAGES = 50


@dataclass
class LocalBatch:
    """One manifest on its way into one folder; made by `open_batch`.

    Attributes:
        run: makes a result from a job; its objects are in `objects`.
        stop: set it, and no further item is begun.
    """

    store: JobStore
    batch_id: str
    objects: LocalStore
    out: Path
    run: Runner
    stop: threading.Event = field(default_factory=threading.Event)
    _queue: deque[str] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, workers: int, heard: Heard) -> BatchStatus:
        """Every item to its end, `workers` at a time.

        On an exception (Ctrl-C among them) what was begun is finished; the rest stays queued.

        Raises:
            DatabaseUnavailable, OutputUnwritable: the folder does not take what is written.
        """
        heard(self.status().finished, "")
        with ThreadPoolExecutor(workers, thread_name_prefix=_WORKER) as pool:
            try:
                for future in [pool.submit(self._work, heard) for _ in range(workers)]:
                    future.result()
            finally:
                self.stop.set()
        return self.status()

    def status(self) -> BatchStatus:
        return self.store.batch_status(self.batch_id)

    def _work(self, heard: Heard) -> None:
        try:
            while not self.stop.is_set():
                item_id = self._next()
                for claim in self.store.claim([item_id], _WORKER) if item_id else ():
                    self._drape(claim)
                    heard(self.status().finished, claim.job.ref)
                if item_id is None:
                    if self.status().state == "finished":
                        return
                    self.stop.wait(_IDLE_S)  # another's item may yet be due for another attempt
        except BaseException:
            self.stop.set()
            raise

    def _next(self) -> str | None:
        with self._lock:
            if not self._queue:
                messages = self.store.unpublished(_MESSAGES)
                self.store.mark_published([message.id for message in messages])
                self._queue.extend(id_ for message in messages for id_ in message.item_ids)
            return self._queue.popleft() if self._queue else None

    def _drape(self, claim: Claim) -> None:
        try:
            result = self.run(claim.job)
            write_row(result, self.objects, self.out)
        except FlixposeError as failure:
            if full := _unwritable(failure):
                self.store.release(claim)
                raise full from failure
            self.store.fail(claim, failure)
        except Exception as failure:
            self._log(claim)
            what = f"{claim.job.ref}: {type(failure).__name__}: {failure}."
            self.store.fail(claim, FlixposeError(what, subject=claim.job.ref))
        else:
            self.store.finish(claim, result)

    def _log(self, claim: Claim) -> None:
        """The traceback of a fault of ours, for whoever is to mend it."""
        with self._lock, suppress(OSError), (self.out / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{claim.item_id} {claim.job.ref}\n{traceback.format_exc()}\n")


@contextmanager
def open_batch(
    manifest_file: Path, out: Path, settings: Settings, *, layers: bool, make_run: MakeRunner | None = None
) -> Iterator[LocalBatch]:
    """The manifest's batch in the folder `out`: a new one, or the one of an earlier start.

    Rows of an earlier manifest that were not yet begun are cancelled; rows that it shares with this one are
    not computed again; failures, except of quality, are tried again.

    Args:
        layers: keep and write the layers too.
        make_run: in place of `Draper`.

    Raises:
        BadManifest: the file is no manifest.
        Conflict: another process works in this folder.
        OutputUnwritable, DatabaseUnavailable: the folder cannot be written.
    """
    tools = bootstrap.build(settings, store_url=(out.absolute() / OBJECTS).as_uri())
    manifest = open_manifest(manifest_file, presets=tuple(tools.presets), reserved=RESERVED)
    settings_name = sha256_hex(f"{tools.config_digest} {__version__} {layers}".encode())[:16]
    with _locked(out), _database(out) as database:
        remembering = with_memory(tools, database)
        drape = make_run(tools) if make_run else Draper(remembering, database, layers=layers)
        store = JobStore(database, max_attempts=settings.max_attempts, retry_delay_s=settings.retry_delay_s)
        alike = [batch.id for batch in store.batches() if (batch.key or "").startswith(settings_name)]
        batch_id = _take_up(store, manifest, settings_name)

        def run(job: Job) -> Result:
            limit = tools.limits.max_bytes
            return find_result(job, alike, store, tools.blobs, max_bytes=limit) or drape(job)

        if not isinstance(tools.blobs, LocalStore):
            raise TypeError("a file:// store is a LocalStore")
        tools.blobs.clear_partial(0)  # of a killed process; nobody else works in this folder
        batch = LocalBatch(store, batch_id, tools.blobs, out, run)
        _restore(batch)
        yield batch


def _unwritable(failure: FlixposeError) -> OutputUnwritable | None:
    """That the folder takes nothing more; it would be the same with every further row."""
    for cause in (failure, failure.__cause__):
        if isinstance(cause, OutputUnwritable):
            return cause
    return None


def write_row(result: Result, objects: LocalStore, out: Path) -> None:
    """The row's folder: its objects under their plain names, and the report with the time that it took.

    Raises: OutputUnwritable.
    """
    folder = out / result.job.ref
    for artifact in result.artifacts:
        if artifact.name != "report.json":
            _link(objects, artifact, folder / artifact.name)
    report = (json.dumps(result.report, indent=1) + "\n").encode()
    write_atomic(folder / "report.json", report, parts=objects.partial)
    names = {artifact.name for artifact in result.artifacts}
    for old in folder.glob("result.*"):  # of an earlier preset
        if old.name not in names:
            old.unlink(missing_ok=True)


def _link(objects: LocalStore, artifact: Artifact, target: Path) -> None:
    """The object under another name, without its bytes twice where the file system can."""
    source = objects.path(artifact.key)
    part = objects.partial / f".{secrets.token_hex(6)}.part"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(source):
            return
        part.parent.mkdir(exist_ok=True)
        part.hardlink_to(source)
        part.replace(target)
    except OSError:
        write_atomic(target, objects.get(artifact.key), parts=objects.partial)


def _take_up(store: JobStore, manifest: Manifest, settings_name: str) -> str:
    """Batch id; everything that a killed process left behind is queued again."""
    store.requeue_stale(0)
    rejected: list[RejectedRow] = []
    digest = _digest(manifest)
    batch = store.create_batch(
        manifest.jobs(rejected),
        key=f"{settings_name}-{digest}",
        manifest_sha256=digest,
        rejected=rejected,
        chunk_size=1,
    )
    for other in store.batches():
        if other.id != batch.id and other.state != "finished":
            store.cancel(other.id)
    if not batch.created:
        store.retry(batch.id, keep=("quality_failed",))
        store.requeue_unclaimed(0)
    return batch.id


def _digest(manifest: Manifest) -> str:
    """Names what is to be done: the rows as they are understood now, and the photos as they are now."""
    digest = hashlib.sha256()
    for row in manifest.rows():
        photos = [] if isinstance(row, RejectedRow) else [row[1].product, row[1].person]
        digest.update(f"{row} {[_state_of_file(uri) for uri in photos]}\n".encode())
    return digest.hexdigest()


def _state_of_file(uri: str) -> tuple[int, int] | None:
    """(bytes, time of the last change) of a local file; what is remote is known by its name alone."""
    scheme, _, path = split_uri(uri)
    if scheme != "file":
        return None
    with suppress(OSError):
        found = Path(path).stat()
        return found.st_size, found.st_mtime_ns
    return None


def _restore(batch: LocalBatch) -> None:
    """Files of finished rows that somebody took away since."""
    for row in batch.store.items(batch.batch_id):
        for artifact in row.artifacts:
            target = batch.out / str(row.ref) / artifact.name
            if not target.exists():
                _link(batch.objects, artifact, target)


@contextmanager
def _database(out: Path) -> Iterator[Database]:
    database = Database(URL.create("sqlite", database=str(out.absolute() / DATABASE)))
    try:
        database.migrate()
        yield database
    finally:
        database.close()


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Nobody else in this folder; the lock goes with the process, however that ends."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / LOCK).open("w")
    except OSError as failure:
        raise OutputUnwritable(f"{out} cannot be written: {failure.strerror}.", subject=str(out)) from failure
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            advice = "Wait for it, or use another folder."
            raise Conflict(f"Another flixpose works in {out}.", advice=advice, subject=str(out)) from failure
        yield
