"""The served path over real servers and real processes: every item ends exactly once, whatever happens."""

import json
from pathlib import Path

import pytest
import redis

from flixpose.embedded.redis import RedisServer, start_redis, wait_for_redis
from tests.workers.fakes import RUNNER
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services


def test_a_batch_goes_through_and_each_item_says_what_came_of_it(service: Service) -> None:
    batch = service.submit(["ok", "bad", "review", "boom", "ok"])
    service.relay()
    service.worker()
    status = service.wait(batch)
    assert {state: n for state, n in status.counts.items() if n} == {
        "done": 2,
        "review": 1,
        "failed": 1,
        "dead": 1,
    }
    rows = {row.sku: row for row in service.store.items(batch)}
    assert rows["bad"].error_code == "no_person"
    assert rows["boom"].error_code == "internal" and rows["boom"].attempt == 3
    check_nothing_lost(service)
    lines = [json.loads(line) for line in service.logs().splitlines() if line.startswith("{")]
    booms = [line for line in lines if "RuntimeError: no idea" in line.get("traceback", "")]
    assert [line["attempt"] for line in booms] == [1, 2, 3]
    assert all(line["batch"] == batch and line["item"] == rows["boom"].id for line in booms)


def test_the_rush_lane_overtakes_the_bulk_lane(service: Service, redis_server: RedisServer) -> None:
    bulk = service.submit(["slow"] * 6, chunk_size=1)
    rush = service.submit(["slow"] * 3, chunk_size=1, lane="rush")
    service.relay()
    with redis.Redis.from_url(redis_server.url) as queue:
        service.until(lambda: queue.llen("flixpose.bulk") == 6 and queue.llen("flixpose.rush") == 3)
    service.worker()
    service.wait(rush)
    assert service.store.batch_status(bulk).finished <= 2
    service.wait(bulk)
    check_nothing_lost(service)


def test_a_queue_that_was_emptied_is_filled_again(service: Service, redis_server: RedisServer) -> None:
    batch = service.submit(["ok"] * 8)
    service.relay()
    with redis.Redis.from_url(redis_server.url) as queue:
        service.until(lambda: queue.llen("flixpose.bulk") == 2)
        queue.flushall()
        service.until(lambda: queue.llen("flixpose.bulk") == 2)
        queue.flushall()
    service.worker()
    assert service.wait(batch).counts["done"] == 8
    check_nothing_lost(service)


def test_a_stopped_worker_puts_the_rest_of_its_chunk_back(service: Service) -> None:
    batch = service.submit(["slow"] * 6, chunk_size=6)
    relay = service.relay(())
    worker = service.worker()
    service.until(lambda: len(service.started()) == 2)
    relay.kill()  # nobody can publish: what follows works only if the message went back
    worker.stop()
    counts = service.store.batch_status(batch).counts
    assert counts["running"] == 0 and 2 <= counts["done"] < 6 and counts["queued"] == 6 - counts["done"]
    service.worker()
    assert service.wait(batch).counts["done"] == 6
    assert len(service.started()) == 6
    check_nothing_lost(service)


def test_redis_killed_and_started_again_empty_loses_nothing(tmp_path: Path, postgres_url: str) -> None:
    first = start_redis(tmp_path / "redis0", tmp_path / "redis.log")
    wait_for_redis(first)
    service = Service(tmp_path, postgres_url, first.url)
    second = None
    try:
        batch = service.submit(["slow"] * 12, chunk_size=2)
        service.relay()
        service.worker()
        service.until(lambda: len(service.started()) >= 2)
        first.process.kill()
        second = start_redis(tmp_path / "redis1", tmp_path / "redis.log", again=first)
        wait_for_redis(second)
        assert service.wait(batch).counts["done"] == 12
        check_nothing_lost(service)
    finally:
        service.close()
        if second:
            second.stop()


def test_a_worker_that_cannot_work_ends_and_takes_no_item_with_it(service: Service) -> None:
    batch = service.submit(["ok"] * 4)
    service.relay()
    service.variables["FLIXPOSE_RUNNER"] = "tests.workers.fakes:nowhere"
    broken = service.worker()
    service.until(lambda: not broken.running)
    assert "FLIXPOSE_RUNNER=tests.workers.fakes:nowhere" in broken.log.read_text()
    assert service.store.batch_status(batch).counts["queued"] == 4
    service.variables["FLIXPOSE_RUNNER"] = RUNNER
    service.worker()
    assert service.wait(batch).counts["done"] == 4
