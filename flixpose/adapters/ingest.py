"""Jobs into items: a stream of any length, in the caller's transaction, with memory for one slice of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, func, insert, select, update

from flixpose.adapters.database import ago
from flixpose.adapters.tables import batches, items
from flixpose.adapters.transitions import ItemKey, chunks, clean, new_messages, record_events
from flixpose.structures.batch import RejectedRow
from flixpose.structures.job import FurtherProduct, Job

_SLICE = 1024

T = TypeVar("T")


def item_id(batch_id: str, line: int) -> str:
    """An item is named after its batch and its line in the manifest."""
    return f"{batch_id}-{line}"


def insert_jobs(
    connection: Connection, batch_id: str, jobs: Iterable[tuple[int, Job]], chunk_size: int, attempts: int
) -> None:
    """Queued items and the messages that carry them."""
    for rows in _slices(jobs, max(_SLICE // chunk_size, 1) * chunk_size):
        chunked = list(chunks(rows, chunk_size))
        messages = new_messages(connection, batch_id, len(chunked))
        values = [
            _job_row(batch_id, line, job, message_id, attempts)
            for message_id, chunk in zip(messages, chunked, strict=True)
            for line, job in chunk
        ]
        connection.execute(insert(items), values)


def insert_rejected(
    connection: Connection, batch_id: str, rejected: Iterable[RejectedRow], attempts: int
) -> None:
    """Rejected manifest rows as failed items; they carry no ref, which another row may rightly have."""
    for rows in _slices(rejected, _SLICE):
        values = [_rejected_row(batch_id, row, attempts) for row in rows]
        connection.execute(insert(items).values(finished_at=ago(0)), values)
        keys = [ItemKey(value["id"], batch_id, 0) for value in values]
        record_events(connection, keys, None, "failed", actor="ingest", message="rejected manifest row")


def set_total(connection: Connection, batch_id: str) -> None:
    """Count what was inserted; a batch of rejected rows only is finished at once."""
    of_batch = select(func.count()).where(items.c.batch_id == batch_id)
    total = connection.scalar(of_batch)
    failed = connection.scalar(of_batch.where(items.c.state == "failed"))
    values = {"total": total, "failed": failed, "finished_at": ago(0) if total == failed else None}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(values))


def job_from_row(row: Any) -> Job:
    """The job of a row of `items` that is no rejected one."""
    return Job(
        sku=row.sku,
        product=row.product,
        person=row.person,
        ref=row.ref,
        kind=row.kind,
        view=row.view,
        preset=row.preset,
        plate=row.plate,
        person_set=row.person_set_id,
        garment_set=row.garment_set_id,
        light=row.light,
        tuck=row.tuck,
        more=tuple(FurtherProduct(**other) for other in row.more or ()),
    )


def _job_row(batch_id: str, line: int, job: Job, message_id: int, attempts: int) -> dict[str, Any]:
    return {
        "id": item_id(batch_id, line),
        "batch_id": batch_id,
        "line": line,
        "ref": job.ref,
        "sku": job.sku,
        "product": job.product,
        "person": job.person,
        "kind": job.kind,
        "view": job.view,
        "preset": job.preset,
        "plate": job.plate,
        "person_set_id": job.person_set,
        "garment_set_id": job.garment_set,
        "light": job.light,
        "tuck": job.tuck,
        "more": [asdict(other) for other in job.more] or None,
        "state": "queued",
        "attempt": 0,
        "attempts_allowed": attempts,
        "outbox_id": message_id,
    }


def _rejected_row(batch_id: str, row: RejectedRow, attempts: int) -> dict[str, Any]:
    return {
        "id": item_id(batch_id, row.line),
        "batch_id": batch_id,
        "line": row.line,
        "sku": clean(row.sku),
        "state": "failed",
        "attempt": 0,
        "attempts_allowed": attempts,
        "error_code": row.code,
        "error_message": clean(row.message),
    }


def _slices(values: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    iterator = iter(values)
    while rows := list(islice(iterator, size)):
        yield rows
