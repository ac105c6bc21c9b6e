"""Machines fail: workers killed again and again, disks full, clocks set; one message to many; people race."""

import errno
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from tests.workers.fakes import FULL_VARIABLE, RUNNER, WINDOWED
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services


def kill_again_and_again(service: Service, items: int, kills: int, seed: int, runner: str) -> None:
    """A batch of which every seventh item is slow, over workers that live for a moment each."""
    service.variables["FLIXPOSE_RUNNER"] = runner
    chance = random.Random(seed)
    batch = service.submit(["slow" if n % 7 == 0 else "ok" for n in range(items)], chunk_size=8)
    service.relay(("--stale-after", "2", "--unclaimed-after", "0.5", "--sweep-every", "0.3"))
    for _ in range(kills):
        begun = len(service.started())
        worker = service.worker(2)
        service.until(
            lambda: len(service.started()) > begun or service.store.batch_status(batch).state == "finished"  # noqa: B023 - called at once
        )
        time.sleep(chance.uniform(0.0, 0.6))
        worker.kill()
    service.worker(2)
    status = service.wait(batch, 400)
    assert status.counts["done"] + status.counts["dead"] == items
    assert status.counts["dead"] <= kills // 3 * 2, "neighbours paid twice"
    check_nothing_lost(service)


def test_workers_killed_again_and_again_lose_nothing(service: Service) -> None:
    kill_again_and_again(service, items=80, kills=3, seed=1, runner=WINDOWED)


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("runner", [RUNNER, WINDOWED])
@pytest.mark.parametrize("seed", [11, 12])
def test_two_hundred_items_survive_many_kills(service: Service, seed: int, runner: str) -> None:
    kill_again_and_again(service, items=200, kills=12, seed=seed, runner=runner)


def test_a_message_delivered_five_times_at_once_is_done_once(service: Service, redis_url: str) -> None:
    batch = service.submit(["slow"] * 3 + ["ok"] * 9, chunk_size=6)
    with redis.Redis.from_url(redis_url) as queue:
        relay = service.relay(("--unclaimed-after", "600"))
        service.until(lambda: queue.llen("flixpose.bulk") == 2)
        relay.stop()
        for message in queue.lrange("flixpose.bulk", 0, -1):
            for _ in range(4):
                queue.lpush("flixpose.bulk", message)
        assert queue.llen("flixpose.bulk") == 10
    service.worker(3)
    service.relay()
    assert service.wait(batch).counts["done"] == 12
    assert max(Counter(service.started()).values()) == 1
    check_nothing_lost(service)


@dataclass(frozen=True)
class SmallDisk:
    """A store's folder whose disk can be filled and freed; `variables` go to the worker."""

    folder: Path
    fill: Callable[[], object]
    free: Callable[[], object]
    variables: dict[str, str]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A true one, in memory, where this user may mount; else writes of the worker fail as on a full one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    ballast, flag = folder / "ballast", tmp_path / "full"
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield SmallDisk(folder, flag.touch, flag.unlink, {FULL_VARIABLE: str(flag)})
        return
    try:
        yield SmallDisk(folder, lambda: fill(ballast), ballast.unlink, {})
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError as failure:
            assert failure.errno == errno.ENOSPC


def test_a_full_disk_writes_nothing_by_halves_and_goes_on_when_there_is_room(
    service: Service, small_disk: SmallDisk
) -> None:
    service.variables["FLIXPOSE_STORE_URL"] = (small_disk.folder / "store").as_uri()
    before = service.submit(["ok"] * 2, photo="file:///{n}.png")
    service.relay()
    service.worker(1, **small_disk.variables)
    service.wait(before)
    small_disk.fill()
    during = service.submit(["ok"] * 4, photo="file:///later-{n}.png")
    assert service.wait(during).counts["dead"] == 4
    row = next(service.store.items(during))
    assert row.error_code == "store_unavailable" and "No space left" in str(row.error_message)
    check_nothing_lost(service)
    small_disk.free()
    service.store.retry(during)
    assert service.wait(during).counts["done"] == 4
    check_nothing_lost(service, retried=True)


_JUMPY = """
import os, time
_true = time.time
def _jumped():
    try:
        with open(os.environ["FLIXPOSE_TEST_CLOCK"]) as file:
            return _true() + float(file.read() or 0)
    except (OSError, ValueError):
        return _true()
time.time = _jumped
"""


def test_clocks_that_jump_lose_nothing_and_repeat_nothing(service: Service, tmp_path: Path) -> None:
    (tmp_path / "jumpy").mkdir()
    (tmp_path / "jumpy" / "sitecustomize.py").write_text(_JUMPY)
    clock = tmp_path / "clock"
    path = os.pathsep.join(filter(None, (str(tmp_path / "jumpy"), os.environ.get("PYTHONPATH"))))
    jumpy = {"PYTHONPATH": path, "FLIXPOSE_TEST_CLOCK": str(clock)}
    code = "import time, datetime; print(time.time() - datetime.datetime.now().timestamp() > 9)"
    clock.write_text("10")
    shown = subprocess.run([sys.executable, "-c", code], env={**os.environ, **jumpy}, capture_output=True)
    assert shown.stdout == b"True\n"  # the clock of a Python process can be set so
    service.variables.update(jumpy)
    batch = service.submit(["slow"] * 16, chunk_size=4)
    service.relay()
    service.worker(2)
    for n, offset in enumerate((90_000, -90_000, 0)):
        service.until(lambda: len(service.started()) >= 3 + 4 * n)  # noqa: B023 - called at once
        clock.write_text(str(offset))
    assert service.wait(batch).counts["done"] == 16
    assert max(Counter(service.started()).values()) == 1
    check_nothing_lost(service)


def test_a_database_clock_set_back_leaves_nothing_waiting_for_a_day(service: Service) -> None:
    batch = service.submit(["slow"] * 6, chunk_size=3)
    service.relay(("--stale-after", "2", "--unclaimed-after", "1", "--sweep-every", "0.3"))
    worker = service.worker()
    service.until(lambda: len(service.started()) >= 2)
    worker.kill()
    with service.store.database.transaction() as connection:  # as if everything until now was tomorrow
        for column in ("items.claimed_at", "outbox.published_at", "outbox.not_before", "uploads.begun_at"):
            table, name = column.split(".")
            connection.execute(text(f"UPDATE {table} SET {name} = {name} + interval '1 day'"))
    service.worker()
    assert service.wait(batch).counts["done"] == 6
    check_nothing_lost(service)


def test_people_who_cancel_retry_and_resubmit_while_workers_run(service: Service) -> None:
    skus = ["slow", "ok", "bad", "ok", "boom", "ok"] * 4
    first, second = (service.submit(skus, chunk_size=3) for _ in range(2))
    service.relay()
    service.worker(2)
    service.until(lambda: len(service.started()) >= 2)

    def meddle(n: int) -> None:
        chance = random.Random(n)
        for _ in range(6):
            time.sleep(chance.uniform(0.05, 0.3))
            act = service.store.cancel if chance.random() < 0.5 else service.store.retry
            act(chance.choice((first, second)))

    with ThreadPoolExecutor(4) as people:
        list(people.map(meddle, range(4)))
        keyed = people.map(lambda _: service.submit(skus, key="same"), range(4))
        assert len(set(keyed)) == 1
    for batch in (first, second):
        service.store.retry(batch)
        status = service.wait(batch, 120)
        assert status.counts["done"] == 16 and status.counts["failed"] == 4
    service.until(lambda: all(status.state == "finished" for status in service.store.batches()))
    check_nothing_lost(service, retried=True)
