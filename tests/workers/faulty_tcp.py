"""A TCP proxy in front of PostgreSQL that cuts a connection in the middle of a transaction.

It reads what the client says: where a connection speaks `after` is the middle of the transaction ("midway");
its next COMMIT is the end, where the cut comes either before the server hears it ("unheard") or after, so
that only the answer is lost ("unanswered").
"""

import contextlib
import socket
import threading
import time
from typing import Literal

Cut = Literal["midway", "unheard", "unanswered"]


class CuttingProxy:
    """Serves on loopback until closed; makes the cuts of `cuts` in their order, then none."""

    def __init__(self, target: tuple[str, int], cuts: list[Cut], *, after: bytes, every: int = 1) -> None:
        self.target = target
        self.made: list[Cut] = []
        self._owed = list(cuts)
        self._after = after
        self._every = every
        self._passed = 0
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(self.target)
        threading.Thread(target=_pump, args=(server, client), daemon=True).start()
        armed = False
        with contextlib.suppress(OSError):
            while said := client.recv(1 << 16):
                if self._after in said:
                    armed = True
                    if self._next(midway=True):
                        break
                if armed and b"COMMIT" in said:
                    armed = False
                    cut = self._next(midway=False)
                    if cut == "unanswered":
                        _gag(client)
                        server.sendall(said)
                        time.sleep(0.3)  # the server hears and obeys; the pump cannot pass its answer on
                    if cut:
                        break
                server.sendall(said)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _next(self, *, midway: bool) -> Cut | None:
        """The cut that is owed now, at one of every so many commits or in the middle of the one after."""
        with self._lock:
            self._passed += not midway
            wanted = bool(self._owed) and (self._owed[0] == "midway") == midway
            if not wanted or (not midway and self._passed % self._every):
                return None
            self.made.append(self._owed.pop(0))
            return self.made[-1]


def _gag(client: socket.socket) -> None:
    """No more words reach the client."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := source.recv(1 << 16):
            target.sendall(said)
