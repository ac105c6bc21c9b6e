"""What people do to items: correct points, approve, reject. Each is one transaction with its event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from flixpose.adapters.audit import PointSet, read_set
from flixpose.adapters.corrections import Moves, check_author, in_words, insert_moved
from flixpose.adapters.database import Database
from flixpose.adapters.ingest import job_from_row
from flixpose.adapters.tables import drapes, items
from flixpose.adapters.transitions import ItemKey, change_state, clean, enqueue, record_events
from flixpose.errors import FlixposeError, NotFound, Rejected, UsageError, WrongState
from flixpose.structures.batch import TRANSITIONS, ItemState
from flixpose.structures.job import Job

# (job, "person" or "garment") → id of what a model finds there now, stored.
Look = Callable[[Job, str], str]

_LONGEST_REASON = 1000


@dataclass(frozen=True, eq=False, slots=True)
class Corrected:
    """What became of a correction.

    Attributes:
        sets: the human's new sets, by "person" and "garment".
    """

    item_id: str
    state: ItemState
    sets: Mapping[str, PointSet]


def correct(
    database: Database, item_id: str, moves: Mapping[str, Moves], *, by: str, look: Look, attempts: int = 3
) -> Corrected:
    """Store new sets with the points moved, and queue the item to be draped with them.

    They rest on the sets that the item is to be draped with, else on those of its newest drape, else on what
    a model finds now. Corrections add up.

    Args:
        moves: by "person" and "garment".
        by: the human's name.
        look: asked where nothing was found on the item's photos before.
        attempts: how many the item gets anew.

    Raises:
        NotFound, UnknownPoint, PointOutside, UsageError.
        WrongState: the item is being draped just now, or is a rejected row.
    """
    by = check_author(by)
    bases = _bases(database, item_id, moves, look)
    return database.run(lambda connection: _correct(connection, item_id, moves, bases, by, attempts))


def approve(database: Database, item_id: str, *, by: str) -> ItemState:
    """A human finds the picture good: done, whatever the figures say; the state before.

    Raises:
        NotFound, UsageError. WrongState: there is no picture, or it is done already.
    """
    by = check_author(by)

    def work(connection: Connection) -> ItemState:
        row = _lock(connection, item_id)
        _check_state(row, "done", "approved")
        if row.state == "failed" and row.error_code not in ("quality_failed", Rejected.code):
            raise WrongState(f"{item_id} failed ({row.error_code}): there is no picture.", subject=item_id)
        change_state(connection, [_key(row)], row.state, "done", actor=by, code="approved")
        return _state(row)

    return database.run(work)


def reject(database: Database, item_id: str, reason: str, *, by: str) -> ItemState:
    """A human refuses the picture: failed, with the code `rejected` and his reason; the state before.

    Raises:
        NotFound, UsageError. WrongState: there is no picture.
    """
    by, reason = check_author(by), " ".join(reason.split())
    if not reason or len(reason) > _LONGEST_REASON:
        raise UsageError(f"a reason of 1 to {_LONGEST_REASON} letters is needed.", subject="reason")

    def work(connection: Connection) -> ItemState:
        row = _lock(connection, item_id)
        _check_state(row, "failed", "rejected")
        error = Rejected(f"{row.ref}: {clean(reason)}", subject=row.ref)
        change_state(connection, [_key(row)], row.state, "failed", actor=by, error=error)
        return _state(row)

    return database.run(work)


def _bases(database: Database, item_id: str, moves: Mapping[str, Moves], look: Look) -> dict[str, str]:
    """What a model finds now, for those subjects on which nothing was found before."""
    with database.transaction(write=False) as connection:
        row = _read(connection, select(items).where(items.c.id == item_id), item_id)
        _check_correctable(row)
        missing = [subject for subject in moves if _base_id(connection, row, subject) is None]
    return {subject: look(job_from_row(row), subject) for subject in missing}


def _correct(
    connection: Connection,
    item_id: str,
    moves: Mapping[str, Moves],
    bases: Mapping[str, str],
    by: str,
    attempts: int,
) -> Corrected:
    row = _lock(connection, item_id)
    _check_correctable(row)
    parents = {subject: _base_id(connection, row, subject) or bases[subject] for subject in moves}
    sets = {
        subject: insert_moved(connection, read_set(connection, parents[subject]), moved, by)
        for subject, moved in moves.items()
    }
    values: dict[str, Any] = {f"{subject}_set_id": found.id for subject, found in sets.items()}
    message = "; ".join(in_words(moved) for moved in moves.values())
    _queue(connection, row, values | {"attempts_allowed": items.c.attempt + attempts}, by, message)
    return Corrected(item_id, "queued", sets)


def _queue(connection: Connection, row: Row[Any], values: dict[str, Any], by: str, message: str) -> None:
    keys, code = [_key(row)], "corrected"
    if row.state == "queued":  # it waits already, and whoever claims it will find the new set
        connection.execute(update(items).where(items.c.id == row.id).values(**values))
        record_events(connection, keys, "queued", "queued", actor=by, code=code, message=message)
        return
    change_state(connection, keys, row.state, "queued", actor=by, values=values, code=code, message=message)
    enqueue(connection, keys)


def _base_id(connection: Connection, row: Row[Any], subject: str) -> str | None:
    """The set that a correction rests on."""
    column = f"{subject}_set_id"
    newest = select(drapes.c[column]).where(drapes.c.item_id == row.id).order_by(drapes.c.attempt.desc())
    return getattr(row, column) or connection.scalar(newest.limit(1))


def _lock(connection: Connection, item_id: str) -> Row[Any]:
    return _read(connection, select(items).where(items.c.id == item_id).with_for_update(), item_id)


def _read(connection: Connection, query: Select[Any], item_id: str) -> Row[Any]:
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no item {item_id!r}.", subject=item_id)
    return row


def _check_correctable(row: Row[Any]) -> None:
    if row.product is None:
        message = f"{row.id} is a rejected row of the manifest ({row.error_code})."
        raise WrongState(message, subject=row.id, advice="Correct the row and submit it again.")
    if row.state == "running":
        raise _running(row.id)


def _check_state(row: Row[Any], after: ItemState, verb: str) -> None:
    if row.state == "running":
        raise _running(row.id)
    if row.state in ("queued", "cancelled", "dead") or after not in TRANSITIONS[_state(row)]:
        raise WrongState(f"{row.id} is {row.state} and cannot be {verb}.", subject=row.id)


def _running(item_id: str) -> FlixposeError:
    advice = "Wait until it has ended; `flixpose audit show ITEM` tells."
    return WrongState(f"{item_id} is being draped just now.", subject=item_id, advice=advice)


def _key(row: Row[Any]) -> ItemKey:
    return ItemKey(row.id, row.batch_id, row.attempt)


def _state(row: Row[Any]) -> ItemState:
    state: ItemState = row.state
    return state
