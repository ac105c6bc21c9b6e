"""The database goes away: stopped, killed, cut off in the middle of the transaction that records a result."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import make_url

from flixpose.embedded.postgres import PostgresServer, start_postgres, wait_for_postgres
from tests.workers.faulty_tcp import Cut, CuttingProxy
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[list[PostgresServer]]:
    """A server of the test's own, which it may end and start again; the last one in the list runs."""
    servers = [start_postgres(tmp_path / "postgres", tmp_path / "postgres.log", keep=True)]
    wait_for_postgres(servers[0])
    yield servers
    servers[-1].stop()


def start_again(servers: list[PostgresServer], folder: Path) -> None:
    again = start_postgres(
        folder / "postgres", folder / "postgres.log", keep=True, address=servers[-1].address
    )
    wait_for_postgres(again)
    servers.append(again)


def test_postgresql_stopped_and_killed_and_started_again_loses_nothing(
    tmp_path: Path, own_postgres: list[PostgresServer], redis_url: str
) -> None:
    service = Service(tmp_path, own_postgres[0].create_database("service"), redis_url)
    try:
        batch = service.submit(["slow"] * 16, chunk_size=2)
        service.relay(("--stale-after", "3", "--unclaimed-after", "0.5", "--sweep-every", "0.3"))
        service.worker(2)
        for n, end in enumerate((PostgresServer.stop, lambda server: server.process.kill())):
            service.until(lambda: len(service.started()) >= 3 + 5 * n)  # noqa: B023 - called at once
            end(own_postgres[-1])
            time.sleep(1.0)
            start_again(own_postgres, tmp_path)
        assert service.wait(batch).counts["done"] == 16
        check_nothing_lost(service)
        assert "database_unavailable" in service.logs()
    finally:
        service.close()


def test_connections_cut_in_the_transaction_of_a_result_record_it_once(service: Service) -> None:
    parts = urlsplit(service.variables["FLIXPOSE_DATABASE_URL"])
    cuts: list[Cut] = ["unheard", "midway", "unanswered"] * 3
    proxy = CuttingProxy((str(parts.hostname), int(parts.port or 0)), cuts, after=b"result.jpg", every=2)
    url = make_url(service.variables["FLIXPOSE_DATABASE_URL"]).set(port=proxy.port)
    batch = service.submit(["slow"] * 16, chunk_size=8)  # slow, so that each has a commit of its own
    service.relay(("--stale-after", "20"))
    service.worker(1, FLIXPOSE_DATABASE_URL=url.render_as_string(hide_password=False))
    assert service.wait(batch).counts["done"] == 16
    assert set(proxy.made) == {"unheard", "midway", "unanswered"}
    assert max(Counter(service.started()).values()) == 1  # recorded again, but not draped again
    check_nothing_lost(service)
    proxy.close()


def test_a_migration_while_items_run_stops_nobody(service: Service) -> None:
    batch = service.submit(["slow"] * 24, chunk_size=4)
    service.relay()
    service.worker(2)
    address = service.variables["FLIXPOSE_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        for n in range(4):
            service.until(lambda: len(service.started()) >= 4 + 4 * n)  # noqa: B023 - called at once
            # As migrations do: everything in one transaction that holds its locks until the end.
            connection.execute(f"ALTER TABLE items ADD COLUMN later_{n} TEXT")
            connection.execute(f"CREATE INDEX later_{n} ON items (later_{n})")
            connection.execute(f"ALTER TABLE drapes ADD COLUMN later_{n} INTEGER NOT NULL DEFAULT 0")
            time.sleep(0.3)
            connection.commit()
    service.store.database.migrate()  # and the true ones find that there is nothing to do
    assert service.wait(batch).counts["done"] == 24
    assert len(service.started()) == 24
    check_nothing_lost(service)
