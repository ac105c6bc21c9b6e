"""The whole stack on this machine: Redis, PostgreSQL and S3 together, stopped together.

Private folders hold the servers' files (removed at the end, even when this process is killed); logs stay.
Ports are free ones, so that several stacks run side by side.
"""

import contextlib
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeVar

from flixpose.embedded.postgres import PostgresServer, start_postgres, wait_for_postgres
from flixpose.embedded.process import EmbeddedFailed, Leashed, start
from flixpose.embedded.redis import RedisServer, start_redis, wait_for_redis
from flixpose.embedded.s3 import S3Server, start_s3, wait_for_s3

_TRIES = 3

_Server = TypeVar("_Server", RedisServer, PostgresServer, S3Server)
Starter = Callable[[Path, Path], _Server]


@dataclass(frozen=True, slots=True)
class Stack:
    """Running servers.

    Attributes:
        database_url: an empty database (run `Database.migrate`).
        logs: folder of everyone's log.
    """

    redis: RedisServer
    postgres: PostgresServer
    s3: S3Server
    database_url: str
    logs: Path
    exits: contextlib.ExitStack = field(repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that lead flixpose, and any S3 client, to these servers."""
        return {
            "FLIXPOSE_DATABASE_URL": self.database_url,
            "FLIXPOSE_BROKER_URL": self.redis.url,
            "FLIXPOSE_STORE_URL": f"s3://{self.s3.bucket}",
            **self.s3.environment,
        }

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with `variables`; what would lead S3 clients elsewhere is taken out."""
        kept = {name: value for name, value in base.items() if not name.startswith("AWS_")}
        direct = ",".join(filter(None, (base.get("no_proxy") or base.get("NO_PROXY"), "127.0.0.1")))
        return kept | self.variables | {"no_proxy": direct, "NO_PROXY": direct}

    def run_module(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Leashed:
        """Run `python -m …` beside the servers; it is stopped before them. Output goes to `logs/NAME.log`.

        Raises:
            EmbeddedFailed: it could not be started.
        """
        child = start(
            name,
            [sys.executable, "-P", "-m", *arguments],  # -P: the current folder hides no package
            log=self.logs / f"{name}.log",
            environment=self.environment(environment),
            grace_s=30.0,
        )
        self.exits.callback(child.stop)
        return child


@contextlib.contextmanager
def running_stack(logs: Path) -> Iterator[Stack]:
    """Start all servers at once and wait until each answers; stop them at the end, after what was run beside.

    On SIGTERM and SIGHUP the block is left by SystemExit, so that they, too, stop everything.

    Raises:
        EmbeddedFailed: a server did not start; its message names the log.
    """
    logs = logs.absolute()
    with contextlib.ExitStack() as exits, exit_on_signals():
        private = Path(tempfile.mkdtemp(prefix="flixpose-"))
        exits.callback(shutil.rmtree, private, ignore_errors=True)

        def begin(name: str, start: Starter[_Server], wait: Callable[[_Server], None]) -> "Future[_Server]":
            return threads.submit(_start, start, wait, private / name, logs / f"{name}.log", exits)

        with ThreadPoolExecutor(3) as threads:
            redis = begin("redis", start_redis, wait_for_redis)
            postgres = begin("postgres", start_postgres, wait_for_postgres)
            s3 = begin("s3", start_s3, wait_for_s3)
        database_url = postgres.result().create_database("flixpose")
        yield Stack(redis.result(), postgres.result(), s3.result(), database_url, logs, exits)


def _start(
    start: "Starter[_Server]",
    wait: Callable[[_Server], None],
    folder: Path,
    log: Path,
    exits: contextlib.ExitStack,
) -> _Server:
    """Start one server and wait for it; again when its port was taken by another in the meantime."""
    for n in range(_TRIES):
        server = start(folder.with_name(f"{folder.name}{n}"), log)
        exits.callback(server.stop)
        try:
            wait(server)
            return server
        except EmbeddedFailed:
            if server.process.running or n == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit inside the block, so that `finally` and `with` clean up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, _exit) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
