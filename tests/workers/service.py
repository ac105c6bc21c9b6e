"""A service of real processes for tests: worker and relay beside the session's servers."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.embedded.process import Leashed, start
from flixpose.structures.batch import BatchStatus, Lane
from flixpose.structures.job import Job
from tests.workers.fakes import LOG_VARIABLE, RUNNER

_ROOT = Path(__file__).resolve().parents[2]
NONE: Mapping[str, str] = {}
_QUICK = ("--stale-after", "6", "--unclaimed-after", "0.5", "--sweep-every", "0.3")


class Service:
    """Starts workers and relays over one database and one queue; the fixture stops them."""

    def __init__(
        self, folder: Path, database_url: str, broker_url: str, variables: Mapping[str, str] = NONE
    ) -> None:
        self.folder, self.root = folder, _ROOT
        self.runs = folder / "runs.txt"
        self.variables = {
            "FLIXPOSE_DATABASE_URL": database_url,
            "FLIXPOSE_BROKER_URL": broker_url,
            "FLIXPOSE_STORE_URL": (folder / "store").as_uri(),
            "FLIXPOSE_RUNNER": RUNNER,
            LOG_VARIABLE: str(self.runs),
            "FLIXPOSE_RETRY_DELAY_S": "0.1",
            **variables,
        }
        database = Database(database_url)
        database.migrate()
        self.store = JobStore(database, retry_delay_s=0.1)
        self._children: list[Leashed] = []

    def worker(self, processes: int = 1, *options: str, **variables: str) -> Leashed:
        return self._start("worker", ["workers", "--processes", str(processes), *options], variables)

    def relay(self, options: Sequence[str] = _QUICK) -> Leashed:
        return self._start("relay", ["workers.relay", *options], NONE)

    def submit(
        self,
        skus: Iterable[str],
        *,
        chunk_size: int = 4,
        photo: str = "file:///{sku}.png",
        key: str | None = None,
        lane: Lane = "bulk",
        webhook: str | None = None,
    ) -> str:
        """One batch; each item's ref is its place and sku, its product photo `photo`."""
        jobs = [
            (n, Job(sku, photo.format(sku=sku, n=n), "file:///anna.png", ref=f"{n}-{sku}"))
            for n, sku in enumerate(skus, 2)
        ]
        return self.store.create_batch(
            jobs, key=key, manifest_sha256="0" * 64, chunk_size=chunk_size, lane=lane, webhook=webhook
        ).id

    def wait(self, batch_id: str, timeout_s: float = 90.0) -> BatchStatus:
        """Until the batch is finished."""
        self.until(lambda: self.store.batch_status(batch_id).state == "finished", timeout_s)
        return self.store.batch_status(batch_id)

    def until(self, holds: Callable[[], bool], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.05)

    def started(self) -> list[str]:
        """The refs of all runs so far, as they began."""
        return self.runs.read_text().split() if self.runs.exists() else []

    def logs(self) -> str:
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for child in reversed(self._children):
            child.stop()
        self.store.database.close()

    def _start(self, name: str, arguments: list[str], variables: Mapping[str, str]) -> Leashed:
        log = self.folder / f"{name}{len(self._children)}.log"
        environment = {**os.environ, **self.variables, **variables}
        command = [sys.executable, "-m", *arguments]
        child = start(name, command, log=log, environment=environment, folder=_ROOT, grace_s=20)
        self._children.append(child)
        return child


@pytest.fixture
def service(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Service]:
    """Over real servers, with a folder as store."""
    running = Service(tmp_path, postgres_url, redis_url)
    yield running
    running.close()


@pytest.fixture
def s3_service(
    tmp_path: Path,
    postgres_url: str,
    redis_url: str,
    s3_env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """Over real servers, with an S3 bucket as store; this process's environment leads to them, too."""
    running = Service(tmp_path, postgres_url, redis_url, s3_env)
    for name, value in running.variables.items():
        monkeypatch.setenv(name, value)
    yield running
    running.close()
