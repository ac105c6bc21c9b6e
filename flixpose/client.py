"""The service from Python: submit a manifest, ask how far it is, wait, fetch.

client = Client(load_settings())
batch = client.submit(Path("catalogue.csv"), key="spring").batch_id
client.wait(batch)
client.fetch(batch, Path("out"))
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from flixpose import resources
from flixpose.adapters.database import Database
from flixpose.adapters.delivery import Delivered, deliver, write_results
from flixpose.adapters.inputs import Inputs, split_uri
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.manifest import open_manifest
from flixpose.adapters.photos import put_photo
from flixpose.adapters.plates import Plates
from flixpose.adapters.stores import open_store
from flixpose.errors import FlixposeError
from flixpose.settings import Settings
from flixpose.stages.render import load_presets
from flixpose.structures.batch import BatchStatus, ItemRow, RejectedRow
from flixpose.structures.job import Job

_THREADS = 8

RESERVED = ("results.csv", "index.html", "page", "logs", "audit")  # names beside the items' folders

Report = Callable[[int, int | None, str], None]


def _quiet(_done: int, _total: int | None, _note: str) -> None:
    pass


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

    def submit(self, manifest: Path, *, key: str | None = None, report: Report = _quiet) -> Submission:
        """Upload the manifest's local pictures and make a batch of it.

        Pictures go to `inputs/<sha256>.<ext>` in the store, each content once. Rows whose pictures cannot be
        read are rejected, with their lines; the others go on.

        Args:
            key: names the submission: the same key with the same rows and pictures gives the same batch.
            report: called with (pictures done, of how many, a note).

        Raises:
            BadManifest: the file as a whole cannot be read. Conflict: the key is taken by other rows.
            StoreUnavailable, DatabaseUnavailable.
        """
        rejected: list[RejectedRow] = []
        presets = load_presets(resources.CONFIGS / "presets")
        plates = Plates(self.jobs.database).resolve
        opened = open_manifest(manifest, presets=presets, reserved=RESERVED, plates=plates)
        jobs = list(opened.jobs(rejected))
        found = self._upload({uri for _, job in jobs for uri in job.photos}, report)
        accepted, refused = _resolve(jobs, found)
        rejected = sorted([*rejected, *refused], key=lambda row: row.line)
        batch = self.jobs.create_batch(
            accepted,
            key=key,
            manifest_sha256=_digest(accepted, rejected),
            rejected=rejected,
            chunk_size=self.settings.chunk_size,
        )
        return Submission(batch.id, batch.created, len(accepted), tuple(rejected))

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

    def close(self) -> None:
        self.jobs.database.close()

    def _deliver(self, row: ItemRow, out: Path, layers: bool) -> tuple[ItemRow, Delivered | FlixposeError]:
        try:
            return row, deliver(row, self.store, out, layers=layers)
        except FlixposeError as failure:
            if failure.code == "output_unwritable":
                raise
            return row, failure

    def _upload(self, uris: Iterable[str], report: Report) -> dict[str, str | FlixposeError]:
        """Local URI → the store's URI, or why its picture cannot be served."""
        local = sorted(uri for uri in uris if uri.startswith("file:"))
        found: dict[str, str | FlixposeError] = {}
        with ThreadPoolExecutor(_THREADS) as threads:
            for done, (uri, answer) in enumerate(zip(local, threads.map(self._put, local), strict=True), 1):
                found[uri] = answer
                report(done, len(local), uri.rsplit("/", 1)[-1])
        return found

    def _put(self, uri: str) -> str | FlixposeError:
        try:
            data = self._local.read(uri, max_bytes=self.settings.max_bytes)
            return put_photo(self.store, data, split_uri(uri)[2])
        except FlixposeError as failure:
            if failure.retry:
                raise
            return failure


def _resolve(
    jobs: Iterable[tuple[int, Job]], found: Mapping[str, str | FlixposeError]
) -> tuple[list[tuple[int, Job]], list[RejectedRow]]:
    """The jobs with the store's URIs, and the rows of those whose pictures cannot be served."""
    accepted, refused = [], []
    for line, job in jobs:
        uris = [found.get(uri, uri) for uri in job.photos]
        failure = next((uri for uri in uris if isinstance(uri, FlixposeError)), None)
        if failure:
            message = f"Line {line}: {failure.message} {failure.advice}"
            refused.append(RejectedRow(line, failure.code, message, ref=job.ref, sku=job.sku))
        else:
            person, product, *others = map(str, uris)
            more = tuple(replace(other, product=uri) for other, uri in zip(job.more, others, strict=True))
            accepted.append((line, replace(job, product=product, person=person, more=more)))
    return accepted, refused


def _digest(jobs: Sequence[tuple[int, Job]], rejected: Sequence[RejectedRow]) -> str:
    """Tells submissions apart by what they ask for, the pictures' content included."""
    digest = hashlib.sha256()
    rows: list[tuple[int, Job | RejectedRow]] = [*jobs, *((row.line, row) for row in rejected)]
    for line, row in rows:
        digest.update(json.dumps([line, asdict(row)], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()
