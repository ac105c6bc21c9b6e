"""The migrations make what the code speaks, on both databases, and guard what must not change."""

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import exc, insert, inspect, text

from flixpose.adapters import tables
from flixpose.adapters.database import SCHEMA, Database, ago, alembic_config
from flixpose.adapters.jobs import JobStore
from flixpose.cli.migrate import command
from flixpose.errors import DatabaseUnavailable


def test_tables_and_migrations_agree(database: Database) -> None:
    with database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        # What alembic does not compare.
        inspector = inspect(connection)
        for table in tables.metadata.tables.values():
            checks = {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
            assert checks == {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
            assert {
                i["name"] for i in inspector.get_indexes(table.name) if not i.get("duplicates_constraint")
            } == {index.name for index in table.indexes}
        assert {"item_latest", "low_confidence", "review_queue"} <= set(inspector.get_view_names())
        newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    assert newest == SCHEMA


def test_events_are_append_only(database: Database) -> None:
    with database.transaction() as connection:
        batch = dict.fromkeys(("total", "done", "review", "failed", "dead", "cancelled", "chunk_size"), 1)
        connection.execute(
            insert(tables.batches).values(id="b", manifest_sha256="", created_at=ago(0), **batch)
        )
        connection.execute(insert(tables.events).values(at=ago(0), batch_id="b", actor="test"))
    for change in ("UPDATE events SET actor = 'me'", "DELETE FROM events"):
        with (
            pytest.raises((exc.DBAPIError, DatabaseUnavailable), match="append-only"),
            database.transaction() as c,
        ):
            c.execute(text(change))
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT actor FROM events")) == "test"


def test_rows_of_the_first_schema_are_kept(database_url: str) -> None:
    """A database made by the first release, with an item that waits for review, is brought up to date."""
    from alembic import command as alembic

    database = Database(database_url)
    with database.transaction() as connection:
        alembic.upgrade(alembic_config(connection), "0001")
        for row in (
            "INSERT INTO batches VALUES ('b', 'k', 'aa', 16, 1, 0, 1, 0, 0, 0, '2026-01-01', '2026-01-01')",
            "INSERT INTO items (id, batch_id, line, ref, sku, product, person, preset, state, attempt, "
            "attempts_allowed) "
            "VALUES ('b-2', 'b', 2, 'r', 's', 'file:///p', 'file:///q', 'master', 'review', 1, 3)",
            "INSERT INTO drapes (item_id, attempt, verdict, software, worker, created_at) "
            "VALUES ('b-2', 1, 'review', '0', 'w', '2026-01-01')",
        ):
            connection.execute(text(row))
    assert database.migrate() == ("0001", SCHEMA)
    database.check_schema()
    store = JobStore(database)
    assert store.batch_status("b").counts["review"] == 1
    job = store.item("b-2").job
    assert job is not None and (job.plate, job.person_set, job.garment_set) == (None, None, None)
    with database.transaction(write=False) as connection:
        assert connection.scalar(text("SELECT reused FROM drapes")) in (False, 0)
        assert connection.scalar(text("SELECT item_id FROM review_queue")) == "b-2"
    database.close()


def test_several_may_migrate_at_once(database_url: str) -> None:
    found: list[tuple[str | None, str]] = []

    def migrate() -> None:
        database = Database(database_url)
        found.append(database.migrate())
        database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [(SCHEMA, SCHEMA)] * 3 + [(None, SCHEMA)]


def test_a_new_sqlite_file_that_another_one_writes_is_waited_for(tmp_path: Path) -> None:
    """Only then can it be told to write ahead; SQLite itself would not wait."""
    writer = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None, check_same_thread=False)
    writer.execute("CREATE TABLE t (x)")
    writer.execute("BEGIN IMMEDIATE")
    threading.Timer(0.4, writer.close).start()
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    assert database.migrate() == (None, SCHEMA)
    database.close()


def test_a_database_without_or_with_another_schema_asks_for_migrate(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(DatabaseUnavailable) as failure:
        database.check_schema()
    assert "flixpose migrate" in failure.value.advice
    database.migrate()
    database.check_schema()
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(DatabaseUnavailable, match="0000") as failure:
        database.check_schema()
    assert "flixpose migrate" in failure.value.advice
    database.close()


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:hunter2@127.0.0.1:9/d", "sqlite:////dev/null/x.sqlite"]
)
def test_a_database_that_does_not_answer_says_so_without_the_password(url: str) -> None:
    database = Database(url)
    for act in (database.check_schema, database.migrate):
        with pytest.raises(DatabaseUnavailable) as failure:
            act()
        assert failure.value.retry and "hunter2" not in str(failure.value)


def test_the_verb_migrates_and_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", f"sqlite:///{tmp_path}/new/folder/f.sqlite")
    outputs = [CliRunner().invoke(command, catch_exceptions=False).output for _ in range(2)]
    assert "went from nothing" in outputs[0] and "up to date" in outputs[1]
