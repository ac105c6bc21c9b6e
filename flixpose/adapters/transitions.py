"""Changes of state, each with its event and its count; nothing else writes `items.state` after ingest.

Locks are taken in one order everywhere (items, then shared rows, then the batch), so that transactions that
meet wait for each other and do not deadlock.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, case, func, insert, select, update

from flixpose.adapters.database import ago
from flixpose.adapters.tables import batches, events, items, outbox
from flixpose.errors import FlixposeError
from flixpose.structures.batch import FINAL_STATES, TRANSITIONS, Claim, ItemState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ItemKey:
    """What an event has to name."""

    item_id: str
    batch_id: str
    attempt: int


def keys_of(connection: Connection, found: Select[Any]) -> list[ItemKey]:
    """Keys of the items that a query over `items` finds."""
    return [ItemKey(row.id, row.batch_id, row.attempt) for row in connection.execute(found)]


def change_state(
    connection: Connection,
    keys: Sequence[ItemKey],
    before: ItemState,
    after: ItemState,
    *,
    actor: str,
    values: Mapping[str, Any] | None = None,
    error: FlixposeError | None = None,
    code: str | None = None,
    message: str | None = None,
) -> None:
    """Items that the caller holds locked in state `before`; counts them into their batches.

    Args:
        code, message: of the event, where there is no error to tell them.
    """
    _check(before, after)
    if not keys:
        return
    changing = update(items).where(items.c.id.in_([key.item_id for key in keys]), items.c.state == before)
    connection.execute(changing.values(**_values(after, error), **(values or {})))
    record_events(connection, keys, before, after, actor=actor, error=error, code=code, message=message)
    for batch_id, number in sorted(Counter(key.batch_id for key in keys).items()):
        count_finished(connection, batch_id, {before: -number, after: number})


def leave_running(
    connection: Connection,
    claim: Claim,
    after: ItemState,
    *,
    values: Mapping[str, Any] | None = None,
    error: FlixposeError | None = None,
    message: str | None = None,
) -> bool:
    """Compare-and-set on the claim's token; False when the claim is no longer ours. The caller counts."""
    _check("running", after)
    ours = (items.c.id == claim.item_id) & (items.c.state == "running") & (items.c.claim_token == claim.token)
    changing = update(items).where(ours).values(**_values(after, error), **(values or {}))
    if not connection.execute(changing).rowcount:
        return False
    key = ItemKey(claim.item_id, claim.batch_id, claim.attempt)
    record_events(connection, [key], "running", after, actor=claim.worker, error=error, message=message)
    return True


def record_events(
    connection: Connection,
    keys: Sequence[ItemKey],
    before: ItemState | None,
    after: ItemState,
    *,
    actor: str,
    error: FlixposeError | None = None,
    code: str | None = None,
    message: str | None = None,
) -> None:
    """One event an item."""
    common = {"at": ago(0), "from_state": before, "to_state": after, "actor": actor}
    common |= {"code": error.code if error else code}
    common |= {"message": clean(error.message if error else message)}
    if keys:
        rows = [{"item_id": k.item_id, "batch_id": k.batch_id, "attempt": k.attempt} for k in keys]
        connection.execute(insert(events).values(common), rows)


def enqueue(connection: Connection, keys: Sequence[ItemKey], *, delay_s: float = 0.0) -> None:
    """Owe the queue messages with these (queued) items."""
    by_batch: dict[str, list[str]] = {}
    for key in keys:
        by_batch.setdefault(key.batch_id, []).append(key.item_id)
    for batch_id, ids in by_batch.items():
        size = connection.scalar(select(batches.c.chunk_size).where(batches.c.id == batch_id)) or 1
        for chunk in chunks(ids, size):
            (message_id,) = new_messages(connection, batch_id, 1, delay_s=delay_s)
            connection.execute(update(items).where(items.c.id.in_(chunk)).values(outbox_id=message_id))


def new_messages(connection: Connection, batch_id: str, number: int, *, delay_s: float = 0.0) -> list[int]:
    """Ids of `number` new messages without members, due after `delay_s`."""
    due = {"created_at": ago(0), "not_before": ago(-delay_s)} if delay_s else {"created_at": ago(0)}
    lane = select(batches.c.lane).where(batches.c.id == batch_id).scalar_subquery()
    adding = insert(outbox).values({**due, "lane": lane}).returning(outbox.c.id)
    return sorted(connection.scalars(adding, [{"batch_id": batch_id}] * number).all())


def count_finished(connection: Connection, batch_id: str, change: Mapping[ItemState, int]) -> None:
    """Add to the batch's counters, and close or reopen it. Last in a transaction: all wait here."""
    counts = {state: batches.c[state] + change.get(state, 0) for state in FINAL_STATES}
    total = sum(counts.values())
    closed = case((total >= batches.c.total, func.coalesce(batches.c.finished_at, ago(0))), else_=None)
    connection.execute(update(batches).where(batches.c.id == batch_id).values(**counts, finished_at=closed))


def clean(text: str | None) -> str | None:
    """Text that every database takes: PostgreSQL refuses NUL, and both refuse lone surrogates."""
    return text and text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _check(before: ItemState, after: ItemState) -> None:
    if after not in TRANSITIONS[before]:
        raise ValueError(f"an item cannot go from {before} to {after}")


def _values(after: ItemState, error: FlixposeError | None) -> dict[str, Any]:
    values: dict[str, Any] = {"state": after, "finished_at": ago(0) if after in FINAL_STATES else None}
    if error is not None:
        values |= {"error_code": error.code, "error_message": clean(error.message)}
        values |= {"error_advice": clean(error.advice)}
    elif after in ("done", "review"):
        values |= {"error_code": None, "error_message": None, "error_advice": None}
    return values
