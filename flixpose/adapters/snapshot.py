"""A copy of the whole database in one SQLite file, for looking at it when the servers are gone."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from flixpose.adapters.database import Database
from flixpose.adapters.tables import metadata
from flixpose.errors import OutputUnwritable

_SLICE = 1000

Change = Callable[[str, dict[str, Any]], dict[str, Any]]


def copy_database(source: Database, target: Path, change: Change = lambda table, row: row) -> Path:
    """Write all tables of `source` into the SQLite file `target`, which appears whole or not at all.

    Args:
        change: called with the table's name and each row; what it returns is written.

    Raises:
        DatabaseUnavailable: the source does not answer. OutputUnwritable.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fill(source, part, change)
        part.replace(target)
    except OSError as failure:
        raise OutputUnwritable(
            f"{target} cannot be written: {failure.strerror}.", subject=str(target)
        ) from failure
    finally:
        for leftover in target.parent.glob(f"{part.name}*"):
            leftover.unlink(missing_ok=True)
    return target


def _fill(source: Database, path: Path, change: Change) -> None:
    copy = Database(f"sqlite:///{path}")
    copy.migrate()
    with source.transaction(write=False) as reading, copy.transaction() as writing:
        writing.execute(text("PRAGMA defer_foreign_keys = ON"))  # a set may name a parent that comes later
        for table in metadata.sorted_tables:
            for rows in reading.execute(select(table)).mappings().partitions(_SLICE):
                writing.execute(insert(table), [change(table.name, dict(row)) for row in rows])
    copy.close()
