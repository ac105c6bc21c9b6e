"""How the service stands, for dashboards and scalers: a few numbers that cost the same at any size."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from flixpose.adapters.database import Database, ago
from flixpose.adapters.tables import IS_QUEUED, IS_RUNNING, IS_UNPUBLISHED, batches, items, outbox
from flixpose.structures.batch import FINAL_STATES, LANES, Lane


class QueueState(NamedTuple):
    """Attributes:
    states: items by state.
    lanes: queued items by lane, of batches that are not finished.
    age_s: since when the oldest queued item waits; 0 where none does.
    outbox: messages owed to the queue.
    """

    states: Mapping[str, int]
    lanes: Mapping[Lane, int]
    age_s: float
    outbox: int


def queue_state(database: Database) -> QueueState:
    """Raises DatabaseUnavailable."""
    with database.transaction(write=False) as connection:
        running = connection.scalar(select(func.count()).select_from(items).where(IS_RUNNING)) or 0
        sums = [func.coalesce(func.sum(batches.c[name]), 0) for name in ("total", *FINAL_STATES)]
        total, *ended = connection.execute(select(*sums)).one()
        states: dict[str, int] = dict(zip(FINAL_STATES, map(int, ended), strict=True))
        queued = max(0, int(total) - sum(states.values()) - running)
        owed = connection.scalar(select(func.count()).select_from(outbox).where(IS_UNPUBLISHED)) or 0
        return QueueState(
            {**states, "running": running, "queued": queued}, _lanes(connection), _age_s(connection), owed
        )


def _lanes(connection: Connection) -> dict[Lane, int]:
    left = batches.c.total - sum((batches.c[state] for state in FINAL_STATES), start=0)
    open_ = select(batches.c.lane, func.sum(left)).where(batches.c.finished_at.is_(None))
    found = {lane: int(number) for lane, number in connection.execute(open_.group_by(batches.c.lane))}
    return {lane: found.get(lane, 0) for lane in LANES}


def _age_s(connection: Connection) -> float:
    """By the oldest message that still carries a queued item."""
    oldest = select(items.c.outbox_id).where(IS_QUEUED, items.c.outbox_id.is_not(None))
    first = connection.scalar(oldest.order_by(items.c.outbox_id).limit(1))
    if first is None:
        return 0.0
    row = connection.execute(
        select(outbox.c.created_at, ago(0).label("now")).where(outbox.c.id == first)
    ).one()
    return max(0.0, float((row.now - row.created_at).total_seconds()))
