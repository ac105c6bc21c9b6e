"""The database: engine, transactions, the clock, and the schema's version. SQLite and PostgreSQL.

All times come from the database's own clock, so that several machines agree on what is late.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, exc, literal, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from flixpose import resources
from flixpose.adapters.tables import UtcTime
from flixpose.errors import DatabaseUnavailable
from flixpose.settings import redact

# The revision in migrations/versions that this code speaks; a test keeps it the newest one.
SCHEMA = "0004"

# A time that lies further ahead than it can was written before the database's clock was set back.
CLOCK_SLACK_S = 5.0

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_TRIES = 4
_MIGRATION_LOCK = 0x666C6978  # "flix": any number that nothing else in the database locks
_UNDEFINED = ("42P01", "42703")  # PostgreSQL: no such table, no such column
_MIGRATE_ADVICE = "Run `flixpose migrate`."

T = TypeVar("T")


class ago(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The database's clock, `seconds` ago: `ago(0)` is now, `ago(-5)` five seconds ahead."""

    type = UtcTime()
    inherit_cache = True

    def __init__(self, seconds: float) -> None:
        super().__init__(literal(float(seconds)))


@compiles(ago, "sqlite")
def _ago_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', (-({seconds})) || ' seconds')"


@compiles(ago, "postgresql")
def _ago_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(clock_timestamp() - make_interval(secs => {compiler.process(element.clauses, **options)}))"


class Database:
    """One database and its pool of connections; safe to share between threads, not between processes.

    Args:
        url: SQLAlchemy's, `sqlite:///file` or `postgresql+psycopg://…`.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, and rolls back on any exception.

        Raises:
            DatabaseUnavailable: it cannot be reached, is locked for too long, or has another schema.
        """
        with translated(), self.engine.connect() as connection:
            connection = connection.execution_options(flixpose_write=write)
            with connection.begin():
                yield connection

    def run(self, work: Callable[[Connection], T]) -> T:
        """`work` in a transaction of its own; again, a few times, after a cut or a deadlock.

        `work` must not mind being run twice: a commit whose answer was lost counts as failed.
        """
        for n in range(_TRIES - 1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except DatabaseUnavailable as failure:
                if failure.advice == _MIGRATE_ADVICE:
                    raise
                time.sleep(0.05 * 4**n)
        with self.transaction() as connection:
            return work(connection)

    def check_schema(self) -> None:
        """Raises DatabaseUnavailable unless the database answers and its schema is the one of this code."""
        with self.transaction(write=False) as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found != SCHEMA:
            older = found is None or found < SCHEMA
            where = self.url.render_as_string(hide_password=True)
            raise DatabaseUnavailable(
                f"{where} has schema {found}, but this flixpose needs {SCHEMA}.",
                advice=_MIGRATE_ADVICE
                if older
                else "Install the flixpose that made this schema, or a newer one.",
            )

    def migrate(self) -> tuple[str | None, str]:
        """Bring the schema up to date; does nothing where it is. Returns (revision before, revision after).

        Safe when several processes do it at once.
        """
        from alembic import command
        from alembic.runtime.migration import MigrationContext

        if self.is_sqlite:
            _make_folder(self.engine.url.database)
        with self.transaction() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            before = MigrationContext.configure(connection).get_current_revision()
            command.upgrade(alembic_config(connection), "head")
            after = MigrationContext.configure(connection).get_current_revision()
        return before, str(after)

    def close(self) -> None:
        self.engine.dispose()


def alembic_config(connection: Connection) -> Any:
    """Alembic's configuration for this connection; no alembic.ini is needed."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """INSERT … ON CONFLICT DO NOTHING; whether the row is new."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    adding = make(table).values(dict(values)).on_conflict_do_nothing()
    return connection.execute(adding.returning(*table.primary_key.columns)).first() is not None


def upsert(connection: Connection, table: Table, values: Mapping[str, Any], change: Sequence[str]) -> None:
    """INSERT, or set the columns of `change` in the row that has this primary key already."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    adding = make(table).values(dict(values))
    key = [column.name for column in table.primary_key.columns]
    updates = {name: values[name] for name in change}
    connection.execute(adding.on_conflict_do_update(index_elements=key, set_=updates))


@contextmanager
def translated() -> Iterator[None]:
    """Turns a driver's failures into DatabaseUnavailable; broken constraints pass as they are."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except (exc.OperationalError, exc.InterfaceError, exc.ProgrammingError, exc.TimeoutError) as failure:
        raise _unavailable(failure) from failure
    except exc.DBAPIError as failure:
        if failure.connection_invalidated:
            raise _unavailable(failure) from failure
        raise


def _unavailable(failure: exc.SQLAlchemyError) -> DatabaseUnavailable:
    said = getattr(failure, "orig", None) or failure
    cause = redact(str(said)).strip().splitlines()[0]
    if getattr(said, "sqlstate", None) in _UNDEFINED or cause.startswith(("no such table", "no such column")):
        return DatabaseUnavailable(f"The database's schema is out of date ({cause}).", advice=_MIGRATE_ADVICE)
    return DatabaseUnavailable(f"The database does not answer ({cause}).")


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=12,
        connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "flixpose"},
    )


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=4, max_overflow=60)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Where two open a new database at once, this one statement is refused without the usual wait."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as failure:
            if failure.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: one that reads first and writes later could only fail."""
    write = connection.get_execution_options().get("flixpose_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _make_folder(database: str | None) -> None:
    if database and database != ":memory:":
        try:
            Path(database).absolute().parent.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise DatabaseUnavailable(
                f"{database}: the folder cannot be made ({failure.strerror})."
            ) from failure
