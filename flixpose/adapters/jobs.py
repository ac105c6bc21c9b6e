"""Batches and items in the database: who may work on what, and what came of it.

Truth is here and only ids travel on the queue. A worker owns an item from `claim` to `finish`, `fail` or
`release`; whether it still does is decided by compare-and-set on the claim's token, so a message delivered
twice, a worker thought dead, and a cut connection can neither do an item twice nor lose it.
"""

import contextlib
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exc, func, select, true, update

from flixpose.adapters.database import CLOCK_SLACK_S, Database, ago, insert_new
from flixpose.adapters.finishing import finish_all
from flixpose.adapters.ingest import insert_jobs, insert_rejected, job_from_row, set_total
from flixpose.adapters.items import item_rows
from flixpose.adapters.tables import IS_QUEUED, IS_RUNNING, IS_UNPUBLISHED, batches, items, outbox
from flixpose.adapters.transitions import (
    ItemKey,
    change_state,
    count_finished,
    enqueue,
    keys_of,
    leave_running,
    record_events,
)
from flixpose.adapters.webhooks import owe_webhook
from flixpose.errors import (
    BadManifest,
    Conflict,
    FlixposeError,
    NotFound,
    Rejected,
    StoreUnavailable,
    WorkerLost,
)
from flixpose.structures.batch import (
    FINAL_STATES,
    LANES,
    BatchRef,
    BatchState,
    BatchStatus,
    Claim,
    ItemRow,
    ItemState,
    Lane,
    OutboxMessage,
    RejectedRow,
    Waiting,
)
from flixpose.structures.job import Job, Result

RETRIED: tuple[ItemState, ...] = ("failed", "dead", "cancelled")

_SWEEP = 500  # items swept in one transaction


class JobStore:
    """The service's memory. Safe to share between threads; a method is one transaction, a sweep is several.

    Args:
        max_attempts: after so many an item is dead.
        retry_delay_s: pause before the second attempt; four times as long before each further one.

    Every method raises DatabaseUnavailable when the database cannot be reached or has another schema.
    """

    def __init__(self, database: Database, *, max_attempts: int = 3, retry_delay_s: float = 5.0) -> None:
        self.database = database
        self.max_attempts = max_attempts
        self.retry_delay_s = retry_delay_s

    def create_batch(
        self,
        jobs: Iterable[tuple[int, Job]],
        *,
        key: str | None,
        manifest_sha256: str,
        rejected: Iterable[RejectedRow] = (),
        chunk_size: int = 16,
        lane: Lane = "bulk",
        webhook: str | None = None,
    ) -> BatchRef:
        """Batch, items and outbox in one transaction; nothing at all when `jobs` raises.

        Args:
            jobs: (line in the manifest, job), consumed as a stream.
            key: names the submission: the same key and manifest give the same batch again.
            rejected: rows that are no jobs; read after `jobs`, so it may be a list that fills meanwhile.
            chunk_size: items in one message.
            lane: `rush` overtakes `bulk`.
            webhook: URL to be told when the batch has ended.

        Raises:
            Conflict: the key is taken by another manifest.
            BadManifest: a `ref` comes twice.
        """
        batch_id = _new_batch_id()
        with self.database.transaction() as connection:
            names = {"id": batch_id, "key": key, "manifest_sha256": manifest_sha256}
            counts = dict.fromkeys(("total", *FINAL_STATES), 0)
            values = {**names, **counts, "chunk_size": chunk_size, "lane": lane, "created_at": ago(0)}
            if not insert_new(connection, batches, values):
                return _existing_batch(connection, str(key), manifest_sha256)
            try:
                insert_jobs(connection, batch_id, jobs, chunk_size, self.max_attempts)
                insert_rejected(connection, batch_id, rejected, self.max_attempts)
            except exc.IntegrityError as failure:
                raise BadManifest(
                    "Two rows have the same ref or the same line; nothing was taken."
                ) from failure
            set_total(connection, batch_id)
            if webhook is not None:
                owe_webhook(connection, batch_id, webhook)
            return BatchRef(batch_id, created=True)

    def unpublished(self, limit: int = 100) -> list[OutboxMessage]:
        """What is owed to the queue and due: the rush lane first, the oldest first."""
        with self.database.transaction(write=False) as connection:
            lanes: dict[int, Lane] = {}
            for lane in LANES:
                due = select(outbox.c.id).where(IS_UNPUBLISHED, outbox.c.lane == lane, self._is_due())
                rest = due.order_by(outbox.c.id).limit(limit - len(lanes))
                lanes |= dict.fromkeys(connection.scalars(rest), lane)
            members = select(items.c.outbox_id, items.c.id).where(items.c.outbox_id.in_(lanes), IS_QUEUED)
            by_message: dict[int, list[str]] = {id_: [] for id_ in lanes}
            for message_id, item_id in connection.execute(members.order_by(items.c.line)):
                by_message[message_id].append(item_id)
        return [OutboxMessage(id_, tuple(ids), lanes[id_]) for id_, ids in by_message.items()]

    def mark_published(self, ids: Sequence[int]) -> None:
        """These messages are on the queue."""
        if ids:
            marking = update(outbox).where(outbox.c.id.in_(ids)).values(published_at=ago(0))
            self.database.run(lambda connection: connection.execute(marking))

    def peek(self, item_ids: Sequence[str]) -> list[Waiting]:
        """Those of the items that are queued, in the manifest's order; nobody owns them by this."""
        asked = select(items).where(items.c.id.in_(item_ids), IS_QUEUED).order_by(items.c.line)
        with self.database.transaction(write=False) as connection:
            return [Waiting(row.id, row.attempt, job_from_row(row)) for row in connection.execute(asked)]

    def claim(self, item_ids: Sequence[str], worker: str) -> list[Claim]:
        """Those of the items that were queued, now running and this worker's; the others are not given."""
        token = secrets.token_hex(8)
        return self.database.run(lambda connection: _claim(connection, list(item_ids), worker, token))

    def renew(self, claims: Sequence[Claim]) -> list[Claim]:
        """Those that still hold, as if made now: for items that waited for others of the same worker."""
        ids, tokens = [claim.item_id for claim in claims], {claim.token for claim in claims}
        mine = update(items).where(items.c.id.in_(ids), items.c.claim_token.in_(tokens), IS_RUNNING)
        renewing = mine.values(claimed_at=ago(0)).returning(items.c.id)
        held = self.database.run(lambda connection: set(connection.scalars(renewing)))
        return [claim for claim in claims if claim.item_id in held]

    def finish(self, claim: Claim, result: Result, *, uploads: Collection[str] = ()) -> bool:
        """Record the result and close the item by its verdict, in one transaction.

        A result that the tables do not take is a fault of ours: the item fails with the code `internal`.

        Args:
            uploads: folders that were noted for this result's objects, see `adapters.uploads`.

        Returns:
            False when nothing was recorded: the claim is no longer ours, or the tables did not take it.

        Raises:
            StoreUnavailable: the objects were cleared away, for the attempt took too long.
        """
        try:
            return self.database.run(lambda c: finish_all(c, [(claim, result, uploads)]))[0]
        except exc.DBAPIError as refusal:
            said = str(refusal.orig).strip().splitlines()[0]
            message = f"{claim.job.ref}: the result cannot be recorded ({said})."
            self.fail(claim, FlixposeError(message, subject=claim.job.ref))
            return False

    def finish_all(self, finished: Sequence[tuple[Claim, Result, Collection[str]]]) -> list[bool]:
        """`finish` for several items, in one transaction; in one each where that is not taken.

        Args:
            finished: claim, result, folders that were noted for its objects.

        Raises:
            StoreUnavailable: the objects of the only item were cleared away.
        """
        if len(finished) > 1:
            with contextlib.suppress(exc.DBAPIError, StoreUnavailable):
                return self.database.run(lambda connection: finish_all(connection, finished))
        return [self.finish(claim, result, uploads=uploads) for claim, result, uploads in finished]

    def fail(self, claim: Claim, error: FlixposeError) -> ItemState:
        """Queued again where a retry may help and attempts are left; else failed, or dead if none are.

        A further attempt is due after a pause, see `retry_delay_s`.

        Returns:
            The item's state now, whoever brought it there.
        """
        return self.database.run(lambda connection: self._fail(connection, claim, error))

    def release(self, claim: Claim) -> None:
        """Back to queued, the attempt not counted; nothing where the claim is no longer ours."""

        def work(connection: Connection) -> None:
            values = {"attempt": claim.attempt - 1}
            if leave_running(connection, claim, "queued", values=values, message="released"):
                enqueue(connection, [_key(claim)])

        self.database.run(work)

    def requeue_stale(self, older_than_s: float) -> int:
        """Items running for longer go back to the queue, or are dead when attempts are used up; how many."""
        return self._sweep(lambda connection: _requeue_stale(connection, older_than_s))

    def requeue_unclaimed(self, older_than_s: float, lane: Lane | None = None) -> int:
        """Messages (of the lane) published so long ago with items still queued are owed again; how many.

        For when the queue was lost. While it is only long, every call adds a copy of what waits in it.
        """
        waiting = select(items.c.outbox_id).where(IS_QUEUED, items.c.outbox_id.is_not(None))
        owed = (
            update(outbox)
            .where(
                (outbox.c.published_at <= ago(older_than_s)) | (outbox.c.published_at > ago(-CLOCK_SLACK_S)),
                outbox.c.id.in_(waiting),
                true() if lane is None else outbox.c.lane == lane,
            )
            .values(published_at=None)
        )
        return self.database.run(lambda connection: connection.execute(owed).rowcount)

    def retry(self, batch_id: str, *, keep: Sequence[str] = (), states: Sequence[ItemState] = RETRIED) -> int:
        """Items in these states, except with error codes in `keep`, are queued anew; how many."""
        return self._sweep(lambda connection: self._retry(connection, batch_id, keep, states))

    def cancel(self, batch_id: str) -> int:
        """Queued items are cancelled; running ones end as they will. Returns how many."""

        def work(connection: Connection) -> int:
            found = (
                select(items).where(items.c.batch_id == batch_id, IS_QUEUED).limit(_SWEEP).with_for_update()
            )
            keys = keys_of(connection, found)
            change_state(connection, keys, "queued", "cancelled", actor="cancel")
            return len(keys)

        return self._sweep(work)

    def batch_status(self, batch_id: str) -> BatchStatus:
        """How far the batch is; costs the same at any size. Raises NotFound."""
        with self.database.transaction(write=False) as connection:
            row = connection.execute(select(batches).where(batches.c.id == batch_id)).one_or_none()
            if row is None:
                raise NotFound(f"There is no batch {batch_id!r}.", subject=batch_id)
            return _batch_status(connection, row)

    def batches(self) -> list[BatchStatus]:
        """All of them, the oldest first."""
        with self.database.transaction(write=False) as connection:
            rows = connection.execute(select(batches).order_by(batches.c.created_at, batches.c.id)).all()
            return [_batch_status(connection, row) for row in rows]

    def items(self, batch_id: str | None, *, state: ItemState | None = None) -> Iterator[ItemRow]:
        """The batch's items in the manifest's order (of all batches if None), as a stream."""
        return item_rows(self.database, batch_id, state=state)

    def item(self, item_id: str) -> ItemRow:
        """Raises NotFound."""
        for row in item_rows(self.database, None, item_id=item_id):
            return row
        raise NotFound(f"There is no item {item_id!r}.", subject=item_id)

    def _is_due(self) -> ColumnElement[bool]:
        """Or due later than any pause lasts: noted before the clock was set back."""
        longest = self.retry_delay_s * 4**self.max_attempts + CLOCK_SLACK_S
        when = outbox.c.not_before
        return when.is_(None) | (when <= ago(0)) | (when > ago(-longest))

    def _fail(self, connection: Connection, claim: Claim, error: FlixposeError) -> ItemState:
        allowed = connection.scalar(select(items.c.attempts_allowed).where(items.c.id == claim.item_id)) or 0
        state: ItemState = "failed"
        if error.retry:
            state = "queued" if claim.attempt < allowed else "dead"
        if not leave_running(connection, claim, state, error=error):
            return _state_of(connection, claim.item_id)
        if state == "queued":
            enqueue(
                connection,
                [_key(claim)],
                delay_s=self.retry_delay_s * 4 ** min(claim.attempt - 1, self.max_attempts),
            )
        else:
            count_finished(connection, claim.batch_id, {state: 1})
        return state

    def _retry(
        self, connection: Connection, batch_id: str, keep: Sequence[str], states: Sequence[ItemState]
    ) -> int:
        moved = 0
        wanted = items.c.error_code.is_(None) | items.c.error_code.not_in((*keep, Rejected.code))
        for state in states:
            ended = select(items).where(items.c.batch_id == batch_id, items.c.state == state)
            found = ended.where(items.c.product.is_not(None), wanted)
            keys = keys_of(connection, found.limit(_SWEEP).with_for_update())
            allowed = items.c.attempt + self.max_attempts
            change_state(
                connection, keys, state, "queued", actor="retry", values={"attempts_allowed": allowed}
            )
            enqueue(connection, keys)
            moved += len(keys)
        return moved

    def _sweep(self, work: Callable[[Connection], int]) -> int:
        """`work` in transactions of its own until it finds nothing."""
        total = 0
        while moved := self.database.run(work):
            total += moved
        return total


def _claim(connection: Connection, item_ids: Sequence[str], worker: str, token: str) -> list[Claim]:
    asked = items.c.id.in_(item_ids)
    # Locked in one order: two workers with the same message wait for each other, and never both.
    keys = keys_of(connection, select(items).where(asked, IS_QUEUED).order_by(items.c.id).with_for_update())
    ids = [key.item_id for key in keys]
    values = {"state": "running", "worker": worker, "claim_token": token, "claimed_at": ago(0)}
    claiming = update(items).where(items.c.id.in_(ids), IS_QUEUED)
    connection.execute(claiming.values(**values, attempt=items.c.attempt + 1, finished_at=None))
    started = [ItemKey(key.item_id, key.batch_id, key.attempt + 1) for key in keys]
    record_events(connection, started, "queued", "running", actor=worker)
    # By token and not by `ids`: when the first commit's answer was lost, these are ours already.
    ours = select(items).where(asked, items.c.claim_token == token, IS_RUNNING).order_by(items.c.line)
    return [
        Claim(row.id, row.batch_id, row.attempt, job_from_row(row), worker, token)
        for row in connection.execute(ours)
    ]


def _requeue_stale(connection: Connection, older_than_s: float) -> int:
    # A claim from the future is one of before the clock was set back.
    since = (items.c.claimed_at <= ago(older_than_s)) | (items.c.claimed_at > ago(-CLOCK_SLACK_S))
    late = select(items).where(IS_RUNNING, since).order_by(items.c.id)
    rows = connection.execute(late.limit(_SWEEP).with_for_update(skip_locked=True)).all()
    again = [_row_key(row) for row in rows if row.attempt < row.attempts_allowed]
    dead = [_row_key(row) for row in rows if row.attempt >= row.attempts_allowed]
    error = WorkerLost(f"No end was heard of the last attempt for {older_than_s:g} s.")
    change_state(connection, again, "running", "queued", actor="sweeper", error=error)
    enqueue(connection, again)
    change_state(connection, dead, "running", "dead", actor="sweeper", error=error)
    return len(rows)


def _new_batch_id() -> str:
    """Sortable by time, and short enough to say."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _existing_batch(connection: Connection, key: str, manifest_sha256: str) -> BatchRef:
    row = connection.execute(select(batches).where(batches.c.key == key)).one()
    if row.manifest_sha256 != manifest_sha256:
        raise Conflict(f"The key {key!r} belongs to batch {row.id}, which has another manifest.", subject=key)
    return BatchRef(row.id, created=False)


def _batch_status(connection: Connection, row: Row[Any]) -> BatchStatus:
    running = select(func.count()).where(items.c.batch_id == row.id, IS_RUNNING)
    counts: dict[ItemState, int] = {state: getattr(row, state) for state in FINAL_STATES}
    counts["running"] = connection.scalar(running) or 0
    counts["queued"] = row.total - sum(counts.values())
    state: BatchState = "finished" if row.finished_at else "running"
    return BatchStatus(row.id, state, row.total, counts, row.created_at, row.finished_at, row.key)


def _state_of(connection: Connection, item_id: str) -> ItemState:
    state = connection.scalar(select(items.c.state).where(items.c.id == item_id))
    if state is None:
        raise NotFound(f"There is no item {item_id!r}.", subject=item_id)
    return state


def _key(claim: Claim) -> ItemKey:
    return ItemKey(claim.item_id, claim.batch_id, claim.attempt)


def _row_key(row: Row[Any]) -> ItemKey:
    return ItemKey(row.id, row.batch_id, row.attempt)
