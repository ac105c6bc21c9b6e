"""The service from Python: submit a manifest, ask how far it is, wait, fetch.

client = Client(load_settings())
batch = client.submit(Path("catalogue.csv"), key="spring").batch_id
client.wait(batch)
client.fetch(batch, Path("out"))
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

from flixpose import resources
from flixpose.adapters.database import Database
from flixpose.adapters.delivery import Delivered, deliver, wanted, write_results
from flixpose.adapters.inputs import Inputs, split_uri
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.manifest import Manifest, open_manifest
from flixpose.adapters.photos import put_photo
from flixpose.adapters.plates import Plates
from flixpose.adapters.spool import Spool
from flixpose.adapters.stores import open_store
from flixpose.adapters.webhooks import Policy
from flixpose.errors import FlixposeError
from flixpose.settings import Settings
from flixpose.stages.render import load_presets
from flixpose.structures.batch import BatchStatus, ItemRow, Lane, RejectedRow
from flixpose.structures.job import Job

_THREADS = 8
_SLICE = 256  # rows
_KEPT = 20_000  # pictures whose place in the store is remembered, for persons come again and again
_MOST_MANIFEST_BYTES = 512_000_000

RESERVED = ("results.csv", "index.html", "page", "logs", "audit")  # names beside the items' folders

Report = Callable[[int, int | None, str], None]


class Reader(Protocol):
    def __call__(self, uri: str, *, max_bytes: int) -> bytes: ...


def _quiet(_done: int, _total: int | None, _note: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Link:
    """A short-lived URL of one object of an item."""

    ref: str
    name: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a manifest.

    Attributes:
        created: False where the same key and manifest had been submitted before.
        accepted: rows that are items to be draped.
        rejected: rows that are not, each with its line and error code; they are failed items of the batch.
    """

    batch_id: str
    created: bool
    accepted: int
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What `fetch` wrote.

    Attributes:
        failures: (ref, failure) of items whose objects could not be fetched.
    """

    files: Delivered
    results: Path
    failures: tuple[tuple[str, FlixposeError], ...]


class Client:
    """Talks to the database and the store; the relay and the workers do the rest."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = open_store(settings.store_url, settings)
        # Whoever submits may read his own files, whatever the workers may.
        self._local = Inputs(None, (), lambda: None)
        self.jobs = JobStore(Database(settings.database_url), max_attempts=settings.max_attempts)

    def submit(
        self,
        manifest: Path,
        *,
        key: str | None = None,
        lane: Lane = "bulk",
        webhook: str | None = None,
        report: Report = _quiet,
    ) -> Submission:
        """Upload the manifest's local pictures and make a batch of it.

        Pictures go to `inputs/<sha256>.<ext>` in the store, each content once. Rows whose pictures cannot be
        read are rejected, with their lines; the others go on. Memory does not grow with the rows.

        Args:
            key: names the submission: the same key with the same rows and pictures gives the same batch.
            lane: `rush` overtakes `bulk`.
            webhook: URL to be told when the batch has ended.
            report: called with (pictures done, of how many where that is known, a note).

        Raises:
            BadManifest: the file as a whole cannot be read. Conflict: the key is taken by other rows.
            ForbiddenUri: the webhook may not be called. StoreUnavailable, DatabaseUnavailable.
        """
        opened = self._open(manifest)
        return self._submit(opened, self._local.read, key, lane, webhook, report)

    def submit_uri(
        self, uri: str, *, key: str, lane: Lane = "bulk", webhook: str | None = None
    ) -> Submission:
        """The same for a manifest that lies where the service may read; so must its pictures.

        Relative paths in it start at its folder.

        Raises: as `submit`, and MissingInput, ForbiddenUri, ImageTooLarge for the manifest.
        """
        data = self.store.read(uri, max_bytes=_MOST_MANIFEST_BYTES)
        with tempfile.TemporaryDirectory(prefix="flixpose-") as folder:
            copy = Path(folder) / uri.rsplit("/", 1)[-1]
            copy.write_bytes(data)
            opened = replace(self._open(copy), base=uri.rpartition("/")[0])
            return self._submit(opened, self.store.read, key, lane, webhook, _quiet)

    def _open(self, path: Path) -> Manifest:
        presets = load_presets(resources.CONFIGS / "presets")
        plates = Plates(self.jobs.database).resolve
        return open_manifest(path, presets=presets, reserved=RESERVED, plates=plates)

    def _submit(
        self,
        manifest: Manifest,
        read: Reader,
        key: str | None,
        lane: Lane,
        webhook: str | None,
        report: Report,
    ) -> Submission:
        if webhook is not None:
            Policy.of(self.settings).check(webhook)
        with Spool() as spool:
            self._fill(spool, manifest, read, report)
            batch = self.jobs.create_batch(
                spool.jobs(),
                key=key,
                manifest_sha256=spool.sha256,
                rejected=spool.rejected(),
                chunk_size=self.settings.chunk_size,
                lane=lane,
                webhook=webhook,
            )
            return Submission(batch.id, batch.created, spool.accepted, tuple(spool.rejected()))

    def _fill(self, spool: Spool, manifest: Manifest, read: Reader, report: Report) -> None:
        """Slice by slice: the slice's pictures are uploaded, then its rows are taken."""
        found: dict[str, str | FlixposeError] = {}
        done = 0
        rows = manifest.rows()
        with ThreadPoolExecutor(_THREADS) as threads:
            while slice_ := list(islice(rows, _SLICE)):
                jobs = [row[1] for row in slice_ if not isinstance(row, RejectedRow)]
                local = {uri for job in jobs for uri in job.photos if uri.startswith("file:")} - found.keys()
                if len(found) > _KEPT:
                    found = {}
                    local = {uri for job in jobs for uri in job.photos if uri.startswith("file:")}
                new = sorted(local)
                for uri, answer in zip(new, threads.map(partial(self._put, read), new), strict=True):
                    found[uri] = answer
                    done += 1
                    report(done, None, uri.rsplit("/", 1)[-1])
                for row in slice_:
                    spool.add(*_resolved(row, found))

    def status(self, batch_id: str) -> BatchStatus:
        """Raises NotFound, DatabaseUnavailable."""
        return self.jobs.batch_status(batch_id)

    def items(self, batch_id: str) -> Iterator[ItemRow]:
        """The batch's items, in the manifest's order."""
        return self.jobs.items(batch_id)

    def wait(
        self,
        batch_id: str,
        *,
        report: Callable[[BatchStatus], None] = lambda status: None,
        poll_s: float = 0.5,
    ) -> BatchStatus:
        """Return when every item is in a final state; `report` is called with each status on the way."""
        while True:
            status = self.status(batch_id)
            report(status)
            if status.state == "finished":
                return status
            time.sleep(poll_s)

    def fetch(self, batch_id: str, out: Path, *, layers: bool = False, report: Report = _quiet) -> Fetched:
        """Write the files of all finished items into `out`, and `out`/results.csv.

        Raises:
            NotFound, OutputUnwritable, DatabaseUnavailable. An item whose objects cannot be had is listed in
            `failures`, and the others go on.
        """
        total = self.status(batch_id).total
        files, failures = Delivered(), []
        with ThreadPoolExecutor(_THREADS) as threads:
            answers = threads.map(lambda row: self._deliver(row, out, layers), self.items(batch_id))
            for done, (row, answer) in enumerate(answers, 1):
                if isinstance(answer, Delivered):
                    files += answer
                else:
                    failures.append((row.ref or f"line {row.line}", answer))
                report(done, total, row.ref or "")
        return Fetched(files, write_results(self.items(batch_id), out), tuple(failures))

    def links(self, batch_id: str, *, seconds: int = 900, layers: bool = False) -> Iterator[Link]:
        """Short-lived URLs of the objects of all finished items, for people without an account.

        Raises: NotFound, UsageError (more than an hour), StoreUnavailable, DatabaseUnavailable.
        """
        self.status(batch_id)
        for row in self.items(batch_id):
            for artifact in wanted(row, layers=layers):
                url = self.store.link(artifact.key, seconds=seconds)
                yield Link(row.ref or "", artifact.name, url, artifact.sha256)

    def close(self) -> None:
        self.jobs.database.close()

    def _deliver(self, row: ItemRow, out: Path, layers: bool) -> tuple[ItemRow, Delivered | FlixposeError]:
        try:
            return row, deliver(row, self.store, out, layers=layers)
        except FlixposeError as failure:
            if failure.code == "output_unwritable":
                raise
            return row, failure

    def _put(self, read: Reader, uri: str) -> str | FlixposeError:
        """The picture's URI in the store, or why it cannot be served."""
        try:
            data = read(uri, max_bytes=self.settings.max_bytes)
            return put_photo(self.store, data, split_uri(uri)[2])
        except FlixposeError as failure:
            if failure.retry:
                raise
            return failure


def _resolved(
    row: tuple[int, Job] | RejectedRow, found: Mapping[str, str | FlixposeError]
) -> tuple[int, Job | RejectedRow]:
    """The row with the store's URIs; rejected if a picture of its cannot be served."""
    if isinstance(row, RejectedRow):
        return row.line, row
    line, job = row
    uris = [found.get(uri, uri) for uri in job.photos]
    failure = next((uri for uri in uris if isinstance(uri, FlixposeError)), None)
    if failure:
        message = f"Line {line}: {failure.message} {failure.advice}"
        return line, RejectedRow(line, failure.code, message, ref=job.ref, sku=job.sku)
    person, product, *others = map(str, uris)
    more = tuple(replace(other, product=uri) for other, uri in zip(job.more, others, strict=True))
    return line, replace(job, product=product, person=person, more=more)
