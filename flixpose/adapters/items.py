"""Items as they stand, read in pages so that a batch of any size streams."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from flixpose.adapters.database import Database
from flixpose.adapters.ingest import job_from_row
from flixpose.adapters.tables import artifacts, drapes, items, reasons
from flixpose.structures.batch import ItemRow, ItemState
from flixpose.structures.job import Artifact

_PAGE = 500


def item_rows(
    database: Database,
    batch_id: str | None,
    *,
    state: ItemState | None = None,
    item_id: str | None = None,
    ref: str | None = None,
) -> Iterator[ItemRow]:
    """Items by batch and line; None asks for any."""
    asked = {items.c.batch_id: batch_id, items.c.state: state, items.c.id: item_id, items.c.ref: ref}
    wanted = [column == value for column, value in asked.items() if value is not None]
    after: tuple[str, int] | None = None
    while True:
        with database.transaction(write=False) as connection:
            query = _query(wanted, after)
            page = connection.execute(query.limit(_PAGE)).all()
            ids = [row.drape_id for row in page if row.drape_id is not None]
            found = _artifacts(connection, ids)
            codes = _reasons(connection, ids)
        for row in page:
            yield _item_row(row, codes.get(row.drape_id, ()), found.get(row.drape_id, ()))
        if len(page) < _PAGE:
            return
        after = page[-1].batch_id, page[-1].line


def _query(wanted: Sequence[ColumnElement[bool]], after: tuple[str, int] | None) -> Select[Any]:
    newest = (
        select(func.max(drapes.c.attempt))
        .where(drapes.c.item_id == items.c.id)
        .correlate(items)
        .scalar_subquery()
    )
    latest = and_(drapes.c.item_id == items.c.id, drapes.c.attempt == newest)
    query = select(items, drapes.c.id.label("drape_id"), drapes.c.verdict).select_from(
        items.outerjoin(drapes, latest)
    )
    query = query.where(*wanted)
    if after is not None:
        last_batch, line = after
        query = query.where(
            (items.c.batch_id > last_batch) | ((items.c.batch_id == last_batch) & (items.c.line > line))
        )
    return query.order_by(items.c.batch_id, items.c.line)


def _artifacts(connection: Connection, drape_ids: Sequence[int]) -> dict[int, tuple[Artifact, ...]]:
    grouped: dict[int, tuple[Artifact, ...]] = {}
    query = select(artifacts).where(artifacts.c.drape_id.in_(drape_ids)).order_by(artifacts.c.name)
    for row in connection.execute(query):
        artifact = Artifact(row.name, row.key, row.media_type, row.sha256, row.size)
        grouped[row.drape_id] = (*grouped.get(row.drape_id, ()), artifact)
    return grouped


def _reasons(connection: Connection, drape_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    grouped: dict[int, tuple[str, ...]] = {}
    query = select(reasons.c.drape_id, reasons.c.code).where(reasons.c.drape_id.in_(drape_ids))
    for drape_id, code in connection.execute(query.distinct().order_by(reasons.c.code)):
        grouped[drape_id] = (*grouped.get(drape_id, ()), code)
    return grouped


def _item_row(row: Any, codes: tuple[str, ...], found: tuple[Artifact, ...]) -> ItemRow:
    finished = row.finished_at is not None and row.claimed_at is not None
    return ItemRow(
        id=row.id,
        batch_id=row.batch_id,
        line=row.line,
        ref=row.ref,
        sku=row.sku,
        job=job_from_row(row) if row.product is not None else None,
        state=row.state,
        attempt=row.attempt,
        verdict=row.verdict,
        reasons=codes,
        artifacts=found,
        error_code=row.error_code,
        error_message=row.error_message,
        error_advice=row.error_advice,
        seconds=(row.finished_at - row.claimed_at).total_seconds() if finished else None,
    )
