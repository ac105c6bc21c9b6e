"""A lock lets one work at a time, gives up waiting, and dies with its holder."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from flixpose.adapters.database import Database
from flixpose.adapters.locks import locked


def test_one_at_a_time(database: Database) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(n: int) -> None:
        with locked(database, "result", "picture", wait_s=30):
            inside.append(n)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(n)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert most == [1] * 8


def test_whoever_asks_for_several_names_waits_for_all_and_nobody_for_ever(database: Database) -> None:
    began = time.monotonic()
    turns: list[str] = []

    def work(names: str) -> None:
        for _ in range(6):
            with locked(database, "analysis", *names, wait_s=30):
                turns.append(names)
                time.sleep(0.005)
                assert turns[-1] == names

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, ("abc", "cba", "bac")))
    assert len(turns) == 18 and time.monotonic() - began < 25, "two that hold half each wait until the limit"


def test_other_names_do_not_wait_and_nobody_waits_for_ever(database: Database) -> None:
    began = time.monotonic()
    with (
        locked(database, "result", "a", wait_s=30),
        locked(database, "analysis", "a", wait_s=30),
        ThreadPoolExecutor(1) as pool,
    ):
        assert time.monotonic() - began < 5

        def wait() -> float:
            start = time.monotonic()
            with locked(database, "result", "a", wait_s=0.3):
                return time.monotonic() - start

        assert 0.2 < pool.submit(wait).result() < 10


def test_a_failure_inside_lets_the_next_one_in(database: Database) -> None:
    for _ in range(2):
        try:
            with locked(database, "result", "a", wait_s=5):
                raise OSError("inside")
        except OSError as failure:
            assert str(failure) == "inside"


def hold(url: str, held: str) -> None:
    """In a process of its own, until it is killed."""
    with locked(Database(url), "result", "a", wait_s=30):
        Path(held).touch()
        time.sleep(120)


def test_a_killed_holder_lets_the_next_one_in(database: Database, database_url: str, tmp_path: Path) -> None:
    held = tmp_path / "held"
    holder = get_context("spawn").Process(target=hold, args=(database_url, str(held)))
    holder.start()
    while not held.exists():
        time.sleep(0.02)
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join()
    began = time.monotonic()
    with locked(database, "result", "a", wait_s=60):
        assert time.monotonic() - began < 20
