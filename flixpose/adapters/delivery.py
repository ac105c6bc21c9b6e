"""A batch's objects as files: DIR/<ref>/result.<ext>, report.json, layers, and DIR/results.csv.

Every file appears whole or not at all, with the SHA-256 that the database recorded. What is there already,
and matches, is not fetched again.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flixpose.adapters.stores import check_key
from flixpose.adapters.weights import file_sha256
from flixpose.errors import ForbiddenUri, StoreUnavailable
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.ports import BlobStore
from flixpose.structures.batch import ItemRow
from flixpose.structures.job import Artifact

_COLUMNS = (
    "line",
    "ref",
    "sku",
    "state",
    "verdict",
    "reasons",
    "error_code",
    "error_message",
    "attempts",
    "seconds",
    "result",
    "result_sha256",
    "product",
    "person",
    "preset",
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Numbers of files: fetched now, and there already."""

    fetched: int = 0
    kept: int = 0

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(self.fetched + other.fetched, self.kept + other.kept)


def deliver(row: ItemRow, store: BlobStore, out: Path, *, layers: bool = False) -> Delivered:
    """Write an item's files into `out`/<ref>; nothing where it has none.

    Raises:
        StoreUnavailable, MissingInput: an object is not there, or holds other bytes than were recorded.
        ForbiddenUri: the ref is no name for a folder. OutputUnwritable.
    """
    delivered = Delivered()
    for artifact in wanted(row, layers=layers):
        path = item_folder(row, out) / check_key(artifact.name)
        if path.is_file() and path.stat().st_size == artifact.size and file_sha256(path) == artifact.sha256:
            delivered += Delivered(kept=1)
        else:
            write_atomic(path, _get(store, artifact))
            delivered += Delivered(fetched=1)
    return delivered


def wanted(row: ItemRow, *, layers: bool) -> list[Artifact]:
    """The objects to deliver."""
    return [a for a in row.artifacts if layers or a.name == "report.json" or is_result(a)]


def is_result(artifact: Artifact) -> bool:
    return artifact.name.startswith("result.")


def item_folder(row: ItemRow, out: Path) -> Path:
    """Raises ForbiddenUri for a ref that leads elsewhere."""
    ref = check_key(row.ref or "")
    if "/" in ref:
        raise ForbiddenUri(f"{ref!r} is no name for a folder.", subject=ref)
    return out / ref


def write_results(rows: Iterable[ItemRow], out: Path) -> Path:
    """Write `out`/results.csv, one row an item. Raises OutputUnwritable."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    table.writerows(_cells(row) for row in rows)
    path = out / "results.csv"
    write_atomic(path, text.getvalue().encode())
    return path


def _cells(row: ItemRow) -> Sequence[object]:
    result = next((artifact for artifact in row.artifacts if is_result(artifact)), None)
    job = row.job
    return (
        row.line,
        row.ref,
        row.sku,
        row.state,
        row.verdict,
        " ".join(row.reasons),
        row.error_code,
        row.error_message,
        row.attempt,
        None if row.seconds is None else round(row.seconds, 3),
        f"{row.ref}/{result.name}" if result else None,
        result.sha256 if result else None,
        job.product if job else None,
        job.person if job else None,
        job.preset if job else None,
    )


def _get(store: BlobStore, artifact: Artifact) -> bytes:
    data = store.get(artifact.key)
    if sha256_hex(data) != artifact.sha256:
        raise StoreUnavailable(
            f"{store.uri(artifact.key)} holds other bytes than were recorded.", subject=artifact.key
        )
    return data
