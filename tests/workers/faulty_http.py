"""An HTTP proxy in front of an S3 endpoint that goes wrong when it is told to.

Faults are chosen by a function of the request and of how often this very request (method and path) has come
before, so that a run is the same every time, whatever the threads do.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["500", "503", "slow", "reset", "lost", "corrupt", "cut", "no_key", "no_bucket", "bad_digest"]
Plan = Callable[[str, str, int], Fault | None]  # method, path, how often before

_SLOW_S = 1.0
_DROPPED = {"transfer-encoding", "connection", "content-length", "server", "date"}


class FaultyProxy:
    """Serves on loopback until closed; `seen` counts the faults that happened."""

    def __init__(self, endpoint: str, plan: Plan) -> None:
        parts = urlsplit(endpoint)
        self.target = str(parts.hostname), int(parts.port or 80)
        self.plan = plan
        self.seen: Counter[str] = Counter()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            before = self._requests[method, path]
            self._requests[method, path] += 1
            fault = self.plan(method, path, before)
            if fault:
                self.seen[fault] += 1
            return fault


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyProxy
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.fault(self.command, urlsplit(self.path).path)
        if fault == "reset":
            self._reset()
        elif fault in ("500", "503"):
            self._refuse(int(fault), "InternalError" if fault == "500" else "SlowDown")
        elif fault == "bad_digest":  # as a store says to whom other bytes came than were sent
            self._refuse(400, "BadDigest")
        elif fault in ("no_key", "no_bucket"):
            self._refuse(404, "NoSuchKey" if fault == "no_key" else "NoSuchBucket")
        else:
            answer, data = self._forward(body)
            if fault == "lost":  # done over there, but nobody hears of it
                self._reset()
            else:
                self._answer(answer, data, fault)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(*self.owner.target, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers.pop("Expect", None)
        connection.request(self.command, self.path, body=body or None, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def _answer(self, answer: HTTPResponse, data: bytes, fault: Fault | None) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _DROPPED:
                self.send_header(name, value)
        length = answer.headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "corrupt" and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        half = len(data) // 2
        self.wfile.write(data[:half])
        if fault == "cut":
            self._reset()
            return
        if fault == "slow":
            self.wfile.flush()
            time.sleep(_SLOW_S)
        self.wfile.write(data[half:])

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """A TCP reset in place of an answer."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True
