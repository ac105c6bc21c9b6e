"""Real servers for tests: Redis, PostgreSQL and an S3 endpoint from wheels, one of each per test process.

Imported by tests/conftest.py, so that every test can ask for them:
    redis_url: an empty Redis.
    postgres_url: an empty database of its own, for SQLAlchemy.
    s3_env: the AWS variables of an S3 endpoint, set for the test; FLIXPOSE_STORE_URL is a prefix of its own.

A server that cannot start skips the test at home and fails it where CI=true.
"""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import redis

from flixpose.embedded.postgres import PostgresServer, start_postgres, wait_for_postgres
from flixpose.embedded.process import EmbeddedFailed
from flixpose.embedded.redis import RedisServer, start_redis, wait_for_redis
from flixpose.embedded.s3 import S3Server, start_s3, wait_for_s3

_Server = TypeVar("_Server", RedisServer, PostgresServer, S3Server)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """Where the servers of this test process keep their files and logs."""
    with tempfile.TemporaryDirectory(prefix="flixpose tests ", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def redis_server(services_folder: Path) -> Iterator[RedisServer]:
    server = _started(
        lambda: start_redis(services_folder / "redis", services_folder / "redis.log"), wait_for_redis
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[PostgresServer]:
    log = services_folder / "postgres.log"
    server = _started(
        lambda: start_postgres(services_folder / "postgres", log, durable=False), wait_for_postgres
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server(services_folder: Path) -> Iterator[S3Server]:
    server = _started(lambda: start_s3(services_folder / "s3", services_folder / "s3.log"), wait_for_s3)
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(redis_server.url) as connection:
        connection.flushall()
    return redis_server.url


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of this test's own, as SQLAlchemy's URL."""
    name = f"test_{next(_numbers)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def s3_env(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The AWS variables and FLIXPOSE_STORE_URL (a prefix of this test's own), set and returned."""
    store = f"s3://{s3_server.bucket}/test-{next(_numbers)}"
    variables = {**s3_server.environment, "FLIXPOSE_STORE_URL": store}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def _started(start: Callable[[], _Server], wait: Callable[[_Server], None]) -> _Server:
    try:
        server = start()
        wait(server)
    except EmbeddedFailed as failure:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(failure))
        pytest.skip(str(failure))
    return server
