"""The served path over real servers and real processes: every item ends exactly once, whatever happens."""

import json
from collections import Counter
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from flixpose.embedded.redis import RedisServer, start_redis, wait_for_redis
from tests.workers.fakes import RUNNER
from tests.workers.service import Service

pytestmark = pytest.mark.services


def check_every_item_ended_once(service: Service, batch_id: str) -> None:
    """Each item in one final state, entered once, and as many drapes as items that got a verdict."""
    with service.store.database.transaction(write=False) as connection:

        def scalar(sql: str) -> object:
            return connection.execute(text(sql), {"batch": batch_id}).scalar()

        open_items = scalar(
            "SELECT count(*) FROM items WHERE batch_id=:batch AND state IN ('queued','running')"
        )
        assert open_items == 0
        ends = connection.execute(
            text(
                "SELECT item_id, count(*) FROM events WHERE batch_id=:batch AND item_id IS NOT NULL "
                "AND to_state IN ('done','review','failed','dead','cancelled') GROUP BY item_id"
            ),
            {"batch": batch_id},
        ).all()
        assert {count for _, count in ends} == {1}
        assert len(ends) == scalar("SELECT total FROM batches WHERE id=:batch")
        drapes = scalar(
            "SELECT count(*) FROM drapes d JOIN items i ON i.id=d.item_id WHERE i.batch_id=:batch"
        )
        assert drapes == scalar(
            "SELECT count(*) FROM items WHERE batch_id=:batch AND state IN ('done','review')"
        )


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
    check_every_item_ended_once(service, batch)
    lines = [json.loads(line) for line in service.logs().splitlines() if line.startswith("{")]
    booms = [line for line in lines if "RuntimeError: no idea" in line.get("traceback", "")]
    assert [line["attempt"] for line in booms] == [1, 2, 3]
    assert all(line["batch"] == batch and line["item"] == rows["boom"].id for line in booms)


def test_a_killed_worker_loses_no_item(service: Service) -> None:
    batch = service.submit(["slow"] * 12, chunk_size=3)
    service.relay()
    for kills in range(2):
        worker = service.worker()
        service.until(lambda: len(service.started()) >= 2 + 3 * kills)  # noqa: B023 - called at once
        worker.kill()
    service.worker()
    status = service.wait(batch)
    assert status.counts["done"] == 12
    check_every_item_ended_once(service, batch)
    again = Counter(service.started())
    assert len(again) == 12 and sum(again.values()) <= 14  # only what was in hand is done again


def test_an_item_that_crashes_its_process_ends_dead_and_the_others_are_done(service: Service) -> None:
    batch = service.submit(["ok", "crash", "ok"], chunk_size=3)
    service.relay()
    service.worker()
    status = service.wait(batch)
    assert {state: n for state, n in status.counts.items() if n} == {"done": 2, "dead": 1}
    assert {row.error_code for row in service.store.items(batch)} == {None, "worker_lost"}
    check_every_item_ended_once(service, batch)


def test_a_queue_that_was_emptied_is_filled_again(service: Service, redis_server: RedisServer) -> None:
    batch = service.submit(["ok"] * 8)
    service.relay()
    with redis.Redis.from_url(redis_server.url) as queue:
        service.until(lambda: queue.llen("flixpose") == 2)
        queue.flushall()
        service.until(lambda: queue.llen("flixpose") == 2)
        queue.flushall()
    service.worker()
    assert service.wait(batch).counts["done"] == 8
    check_every_item_ended_once(service, batch)


def test_a_stopped_worker_puts_the_rest_of_its_chunk_back(service: Service) -> None:
    batch = service.submit(["slow"] * 6, chunk_size=6)
    relay = service.relay(())
    worker = service.worker()
    service.until(lambda: len(service.started()) == 2)
    relay.stop()  # nobody can publish: what follows works only if the message went back
    worker.stop()
    counts = service.store.batch_status(batch).counts
    assert counts["running"] == 0 and counts["done"] in (2, 3) and counts["queued"] == 6 - counts["done"]
    service.worker()
    assert service.wait(batch).counts["done"] == 6
    assert len(service.started()) == 6
    check_every_item_ended_once(service, batch)


def test_a_message_delivered_to_two_workers_is_done_once(service: Service) -> None:
    batch = service.submit(["slow"] * 4)
    service.relay()
    service.worker(processes=2)
    service.until(lambda: len(service.started()) >= 1)
    service.store.requeue_unclaimed(0)
    service.wait(batch)
    assert Counter(service.started()).most_common(1)[0][1] == 1
    check_every_item_ended_once(service, batch)


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
        check_every_item_ended_once(service, batch)
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
