"""The disk below PostgreSQL or Redis runs full while items run: all wait, and go on when there is room."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flixpose.embedded.postgres import start_postgres, wait_for_postgres
from flixpose.embedded.redis import start_redis, wait_for_redis
from tests.workers.disks import fill, small_disk
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services

_RELAY = ("--stale-after", "5", "--unclaimed-after", "0.5", "--sweep-every", "0.3")


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder of a small disk, whose size is the fixture's parameter."""
    folder = tmp_path / "small"
    with small_disk(folder, request.param) as small:
        if not small:
            pytest.skip("this user may not mount a small disk")
        yield folder


@pytest.mark.parametrize("disk", ["160m"], indirect=True)
def test_a_full_disk_below_postgresql(disk: Path, tmp_path: Path, redis_url: str) -> None:
    server = start_postgres(disk / "postgres", tmp_path / "postgres.log", keep=True)
    wait_for_postgres(server)
    service = Service(tmp_path, server.create_database("service"), redis_url)
    try:
        batch = service.submit(["ok"] * 400, chunk_size=8)
        service.relay(_RELAY)
        service.worker(2)
        service.until(lambda: len(service.started()) >= 20)
        fill(disk / "ballast")
        service.until(lambda: "database_unavailable" in service.logs())
        time.sleep(1.0)
        begun = len(service.started())
        assert begun < 400
        (disk / "ballast").unlink()
        if not server.process.running:  # it could not even write its log ahead
            server = start_postgres(
                disk / "postgres", tmp_path / "postgres.log", keep=True, address=server.address
            )
            wait_for_postgres(server)
        assert service.wait(batch, 120).counts["done"] == 400
        check_nothing_lost(service)
        assert "No space left on device" in (tmp_path / "postgres.log").read_text()
    finally:
        service.close()
        server.stop()


@pytest.mark.parametrize("disk", ["1m"], indirect=True)
def test_a_full_disk_below_redis(disk: Path, tmp_path: Path, postgres_url: str) -> None:
    server = start_redis(disk / "redis", tmp_path / "redis.log", keep=True)
    wait_for_redis(server)
    service = Service(tmp_path, postgres_url, server.url)
    try:
        first = service.submit(["slow"] * 12, chunk_size=2)
        service.relay(_RELAY)
        service.worker(2)
        service.until(lambda: len(service.started()) >= 3)
        fill(disk / "ballast")
        second = service.submit(["ok"] * 12, chunk_size=2)  # the database takes it; the queue cannot
        service.until(lambda: "broker_unavailable" in service.logs())
        time.sleep(1.0)
        (disk / "ballast").unlink()
        for batch in (first, second):
            assert service.wait(batch, 120).counts["done"] == 12
        check_nothing_lost(service)
        assert "No space left on device" in service.logs()
    finally:
        service.close()
        server.stop()
