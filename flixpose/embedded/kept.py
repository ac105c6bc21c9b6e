"""The stack of `flixpose up`: as the embedded one, but it keeps its data and its addresses in a folder.

`DIR/up.json` (readable by its owner only) holds ports and passwords, made at the first start; `DIR/redis`,
`DIR/postgres` and `DIR/objects` hold the data, `DIR/logs` everyone's log.
"""

import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from flixpose.embedded.postgres import start_postgres, wait_for_postgres
from flixpose.embedded.process import EmbeddedFailed, Leashed, free_port, new_secret, start, wait_until
from flixpose.embedded.redis import start_redis, wait_for_redis
from flixpose.embedded.stack import exit_on_signals

_BUCKET = "flixpose"
_DATABASE = "flixpose"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a kept stack listens, on loopback, and its passwords."""

    redis_port: int
    redis_password: str
    postgres_port: int
    postgres_password: str
    s3_port: int
    access_key: str
    secret_key: str
    worker_metrics_port: int
    relay_metrics_port: int

    @classmethod
    def new(cls) -> "Addresses":
        ports = iter([free_port() for _ in range(5)])
        key = f"AK{new_secret()[:18].upper()}"
        return cls(
            next(ports), new_secret(), next(ports), new_secret(), next(ports), key, new_secret(), *ports
        )

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.redis_password}@127.0.0.1:{self.redis_port}/0"

    @property
    def postgres(self) -> str:
        return f"flixpose:{self.postgres_password}@127.0.0.1:{self.postgres_port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that lead flixpose, and any S3 client, to this stack."""
        return {
            "FLIXPOSE_DATABASE_URL": f"postgresql://{self.postgres}/{_DATABASE}",
            "FLIXPOSE_BROKER_URL": self.redis_url,
            "FLIXPOSE_STORE_URL": f"s3://{_BUCKET}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.s3_port}",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@dataclass(frozen=True, slots=True)
class KeptStack:
    """Running servers over a folder."""

    folder: Path
    addresses: Addresses
    exits: contextlib.ExitStack

    def run_module(self, name: str, arguments: list[str]) -> Leashed:
        """Run `python -m …` beside the servers, led to them; it is stopped before them."""
        child = start(
            name,
            [sys.executable, "-P", "-m", *arguments],
            log=self.folder / "logs" / f"{name}.log",
            environment=environment(self.addresses),
            grace_s=40.0,
        )
        self.exits.callback(child.stop)
        return child


def environment(addresses: Addresses) -> dict[str, str]:
    """This process's own, led to the stack."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    direct = ",".join(filter(None, (kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1")))
    return {**kept, **addresses.variables, "no_proxy": direct, "NO_PROXY": direct}


@contextlib.contextmanager
def kept_stack(folder: Path) -> Iterator[KeptStack]:
    """Start the servers over `folder`, made if need be; stop them at the end. The data stays.

    Raises:
        EmbeddedFailed: a server did not start, or another `flixpose up` runs over this folder.
    """
    folder = folder.absolute()
    with contextlib.ExitStack() as exits, exit_on_signals():
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        exits.enter_context(_alone(folder))
        addresses = _addresses(folder / "up.json")
        logs = folder / "logs"
        redis = start_redis(folder / "redis", logs / "redis.log", url=addresses.redis_url, keep=True)
        exits.callback(redis.stop)
        postgres = start_postgres(
            folder / "postgres", logs / "postgres.log", keep=True, address=addresses.postgres
        )
        exits.callback(postgres.stop)
        s3 = _start_s3(folder, logs, addresses)
        exits.callback(s3.stop)
        wait_for_redis(redis)
        wait_for_postgres(postgres)
        wait_until(lambda: _answers(addresses), s3)
        postgres.create_database(_DATABASE, exist_ok=True)
        yield KeptStack(folder, addresses, exits)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            raise EmbeddedFailed(
                f"Another `flixpose up` runs over {folder}.", advice="Stop it, or name another folder."
            ) from failure
        yield


def _addresses(file: Path) -> Addresses:
    if file.exists():
        try:
            return Addresses(**json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as failure:
            raise EmbeddedFailed(
                f"{file} is damaged ({failure}).", advice="Restore it: the data's passwords are in it."
            ) from failure
    addresses = Addresses.new()
    part = file.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(asdict(addresses), indent=1), encoding="utf-8")
    part.replace(file)
    return addresses


def _start_s3(folder: Path, logs: Path, addresses: Addresses) -> Leashed:
    module = ["-P", "-m", "flixpose.embedded.folder_s3"]
    command = [sys.executable, *module, str(folder / "objects"), _BUCKET, str(addresses.s3_port)]
    return start("s3", command, log=logs / "s3.log", environment=environment(addresses), grace_s=3.0)


def _answers(addresses: Addresses) -> bool:
    """Whether the S3 endpoint answers this stack's key."""
    url = f"http://127.0.0.1:{addresses.s3_port}/{_BUCKET}"
    request = Request(url, method="HEAD", headers={"Authorization": addresses.access_key})
    try:
        with urlopen(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
