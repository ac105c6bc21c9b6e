"""An S3 endpoint in a process of its own: moto's server on loopback, one bucket, one pair of keys.

Objects are kept in memory (large ones in temporary files) and are gone when it stops: it is for trying out
and for tests; production takes a real object store. Requests must name this run's access key.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flixpose.embedded.process import Leashed, new_secret, start, wait_until

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running S3 endpoint."""

    process: Leashed
    bucket: str
    access_key: str
    secret_key: str
    port_file: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port_file.read_text(encoding='ascii')}"

    @property
    def environment(self) -> dict[str, str]:
        """The standard AWS variables for clients of this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def stop(self) -> None:
        self.process.stop()


def start_s3(folder: Path, log: Path, *, bucket: str = "flixpose") -> S3Server:
    """Start it; `folder` (removed at the end) tells its port. Raises EmbeddedFailed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    access_key, secret_key, port_file = f"AK{new_secret()[:18].upper()}", new_secret(), folder / "port"
    command: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        "flixpose.embedded.s3",
        bucket,
        access_key,
        port_file,
    ]
    process = start("s3", command, log=log, remove=folder, grace_s=3.0)
    return S3Server(process, bucket, access_key, secret_key, port_file)


def wait_for_s3(server: S3Server) -> None:
    """Raises: EmbeddedFailed."""
    wait_until(server.port_file.exists, server.process)


def serve(bucket: str, access_key: str, port_file: Path) -> None:
    """Answer until SIGTERM; writes the port to `port_file` once the bucket is there."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server
    from werkzeug.test import Client

    application = DomainDispatcherApplication(create_backend_app)
    answer = Client(application).put(f"/{bucket}", headers={"Host": "127.0.0.1"})
    if answer.status_code != 200:
        raise SystemExit(
            f"the bucket {bucket!r} could not be made: {answer.status} {answer.get_data(as_text=True)}"
        )
    server = make_server("127.0.0.1", 0, _keyed(application, access_key), threaded=True)
    partial = port_file.with_suffix(".part")
    partial.write_text(str(server.server_port), encoding="ascii")
    partial.replace(port_file)
    server.serve_forever()


Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def _keyed(application: Application, access_key: str) -> Application:
    """Refuse requests that do not name the access key, such as those of another user's browser."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        named = environ.get("HTTP_AUTHORIZATION", "") + environ.get("QUERY_STRING", "")
        if access_key not in named:
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InvalidAccessKeyId</Code></Error>"]
        return application(environ, start_response)

    return guarded


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
