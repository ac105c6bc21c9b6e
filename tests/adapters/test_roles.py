"""The database roles of docs/operations.md: the service's role can do its work, and nothing to the record."""

import re
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.locks import locked
from flixpose.adapters.tables import metadata
from flixpose.adapters.uploads import begin_upload, sweep_uploads
from flixpose.adapters.watch import queue_state
from flixpose.adapters.webhooks import Policy, call_due
from flixpose.errors import DatabaseUnavailable
from tests.adapters.samples import jobs, result

pytestmark = pytest.mark.services
_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def test_the_service_s_role_works_and_cannot_change_the_record(postgres_url: str) -> None:
    owner = Database(postgres_url)
    owner.migrate()
    block = _DOCUMENT.read_text().split("```sql")[1].split("```")[0].replace("'…'", "'pw'")
    roles = {
        f"flixpose_{who}": f"role_{make_url(postgres_url).database}_{who}" for who in ("service", "reader")
    }
    grants = block.split("as flixpose_owner:")[1]
    statements = [f"CREATE ROLE {role} LOGIN PASSWORD 'pw'" for role in roles.values()]
    statements += [
        re.sub(r"flixpose_\w+", lambda m: roles[m[0]], one) for one in grants.split(";") if one.strip()
    ]
    with owner.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))
    try:
        _work(Database(make_url(postgres_url).set(username=roles["flixpose_service"], password="pw")))
    finally:
        with owner.transaction() as connection:
            for role in roles.values():
                connection.execute(text(f"DROP OWNED BY {role}"))
                connection.execute(text(f"DROP ROLE {role}"))
        owner.close()


def _work(database: Database) -> None:
    database.check_schema()
    store = JobStore(database, retry_delay_s=0)
    batch = store.create_batch(jobs(4), key="k", manifest_sha256="", webhook="https://x/").id
    ids = [id_ for message in store.unpublished() for id_ in message.item_ids]
    store.mark_published([message.id for message in store.unpublished()])
    claims = store.renew(store.claim(ids, "w"))
    with database.transaction() as connection:
        begin_upload(connection, "results/ab")
    assert store.finish(claims[0], result(claims[0].job), uploads=["results/ab"])
    store.release(claims[1])
    store.requeue_stale(0)
    store.cancel(batch)
    store.retry(batch)
    store.requeue_unclaimed(0)
    store.cancel(batch)
    with locked(database, "result", "ab" * 32, wait_s=1):
        pass
    assert sweep_uploads(database, None, 0) == 0  # type: ignore[arg-type] - there is nothing to look at
    assert queue_state(database).states["done"] == 1
    assert call_due(database, Policy("", ())) == ["given_up"]
    for table in metadata.tables:
        with pytest.raises(DatabaseUnavailable, match="denied"), database.transaction() as connection:
            verb = "TRUNCATE" if table in ("uploads", "outbox") else "DELETE FROM"
            connection.execute(text(f"{verb} {table}"))
    with pytest.raises(DatabaseUnavailable, match="denied"), database.transaction() as connection:
        connection.execute(text("UPDATE events SET actor = 'me'"))
    database.close()
