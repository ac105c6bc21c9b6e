"""What must hold after any fault: asked of the database and the store themselves."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from flixpose.adapters.stores import open_store
from flixpose.adapters.tables import metadata
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore
from flixpose.settings import load_settings
from flixpose.structures.batch import TRANSITIONS
from tests.workers.service import Service

_FINAL = "('done','review','failed','dead','cancelled')"


def check_nothing_lost(service: Service, *, retried: bool = False, corrected: bool = False) -> None:
    """Over all batches of the service's database.

    Every item is in one final state; every drape's objects lie in the store with the recorded SHA-256;
    nothing else lies under a final key; no row is there twice; the batches' counters tell the truth; no
    password is in a log or a table.

    Args:
        retried: items were queued anew after their end, so that they may have ended more than once.
        corrected: people corrected, approved and rejected items, so that some were draped several times.
    """
    settings = load_settings({**service.variables, "HOME": str(service.folder)})
    service.until(lambda: not _uploads_owed(service))
    with service.store.database.transaction(write=False) as connection:
        _check_states(connection, retried)
        _check_counters(connection)
        _check_histories(connection)
        _check_rows(connection, corrected)
        _check_objects(connection, open_store(settings.store_url, settings))
        _check_secrets(connection, service)


def _rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(sql))]


def _uploads_owed(service: Service) -> bool:
    """Whether the sweeper still has to look at what an attempt without an end may have written."""
    with service.store.database.transaction(write=False) as connection:
        return bool(_rows(connection, "SELECT 1 FROM uploads LIMIT 1"))


def _check_states(connection: Connection, retried: bool) -> None:
    assert not _rows(connection, f"SELECT id, state FROM items WHERE state NOT IN {_FINAL}")
    ends = f"SELECT item_id, count(*) FROM events WHERE item_id IS NOT NULL AND to_state IN {_FINAL}"
    counts = dict(_rows(connection, f"{ends} GROUP BY item_id"))
    assert counts.keys() == {id_ for (id_,) in _rows(connection, "SELECT id FROM items")}
    if not retried:
        assert set(counts.values()) <= {1}, {id_: n for id_, n in counts.items() if n > 1}
    last = (
        "SELECT i.id, i.state, e.to_state FROM items i JOIN events e ON e.id = "
        "(SELECT max(id) FROM events WHERE item_id = i.id) WHERE i.state <> e.to_state"
    )
    assert not _rows(connection, last)


def _check_histories(connection: Connection) -> None:
    """Every item's events are a chain of allowed changes, and each verdict by a worker has its drape."""
    state: dict[str, str] = {}
    judged: dict[str, int] = {}
    told = "SELECT item_id, from_state, to_state, code FROM events WHERE item_id IS NOT NULL ORDER BY id"
    for item_id, before, after, code in _rows(connection, told):
        if before is None:
            state[item_id] = after
            continue
        assert state.setdefault(item_id, "queued") == before, (item_id, before, after)
        assert after in TRANSITIONS[before] or (before == after == "queued" and code == "corrected")
        state[item_id] = after
        if before == "running" and (after in ("done", "review") or code == "quality_failed"):
            judged[item_id] = judged.get(item_id, 0) + 1
    drapes = _rows(connection, "SELECT item_id, count(*) FROM drapes GROUP BY item_id")
    assert judged == dict(drapes)


def _check_counters(connection: Connection) -> None:
    for state in ("done", "review", "failed", "dead", "cancelled"):
        wrong = f"SELECT id FROM batches b WHERE {state} <> (SELECT count(*) FROM items i "
        assert not _rows(connection, f"{wrong} WHERE i.batch_id = b.id AND i.state = '{state}')"), state
    assert not _rows(connection, "SELECT id FROM batches WHERE finished_at IS NULL")


def _check_rows(connection: Connection, corrected: bool) -> None:
    """A drape with artifacts for each item that got a verdict, and one only unless people corrected it."""
    drapes = dict(_rows(connection, "SELECT item_id, count(*) FROM drapes GROUP BY item_id"))
    judged = _rows(
        connection,
        "SELECT id FROM items WHERE state IN ('done','review') OR error_code = 'quality_failed'",
    )
    if corrected:
        assert {id_ for (id_,) in judged} <= drapes.keys()
    else:
        assert {id_ for (id_,) in judged} == drapes.keys()
        assert set(drapes.values()) <= {1}
    without = "SELECT id FROM drapes d WHERE NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.drape_id = d.id)"
    assert not _rows(connection, without)


def _check_objects(connection: Connection, blobs: BlobStore) -> None:
    recorded: dict[str, tuple[str, int]] = {}
    for key, sha256, size in _rows(connection, "SELECT key, sha256, size FROM artifacts"):
        assert recorded.setdefault(key, (sha256, size)) == (sha256, size), key
    for key, (sha256, size) in recorded.items():
        data = blobs.get(key)
        assert (sha256_hex(data), len(data)) == (sha256, size), key
    assert set(blobs.keys("results")) == recorded.keys()


def _check_secrets(connection: Connection, service: Service) -> None:
    urls = [urlsplit(service.variables[f"FLIXPOSE_{name}_URL"]) for name in ("DATABASE", "BROKER")]
    secrets = [url.password for url in urls]
    secrets += [service.variables.get(name) for name in ("AWS_SECRET_ACCESS_KEY", "FLIXPOSE_WEBHOOK_SECRET")]
    logs = service.logs()
    tables = {name: str(_rows(connection, f"SELECT * FROM {name}")) for name in metadata.tables}
    for secret in filter(None, secrets):
        assert secret not in logs
        assert not [name for name, content in tables.items() if secret in content]
