"""Start a command on a leash (see leash.py), wait until it answers, stop it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flixpose.errors import FlixposeError

_LEASH = Path(__file__).with_name("leash.py")
_POLL_S = 0.02


class EmbeddedFailed(FlixposeError):
    code = "embedded_failed"
    remedy = "Read the log named above; `flixpose doctor` says what is missing."


@dataclass(frozen=True, slots=True)
class Leashed:
    """A running command.

    Attributes:
        pid: of the command itself, not of its leash.
    """

    name: str
    pid: int
    log: Path
    leash: "subprocess.Popen[bytes]"

    @property
    def running(self) -> bool:
        return self.leash.poll() is None

    def stop(self, timeout_s: float = 60.0) -> int:
        """Let go of the leash and wait for the end; the exit status (128 + n for signal n)."""
        assert self.leash.stdin is not None and self.leash.stdout is not None
        self.leash.stdin.close()
        self.leash.stdout.close()
        return self.leash.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL to the command, as a crash would be."""
        os.kill(self.pid, signal.SIGKILL)
        self.leash.wait(10)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stop_signal: str = "TERM",
    grace_s: float = 10.0,
    user: str | None = None,
    remove: Path | None = None,
) -> Leashed:
    """Start `command` on a leash; its output is appended to `log`.

    Args:
        folder: its working folder.
        user: run it as this user (only root may).
        remove: a folder that the leash removes after the end, even when this process was killed.

    Raises:
        EmbeddedFailed: it could not be started.
    """
    options = ["--stop", stop_signal, "--grace", str(grace_s)]
    options += ["--user", user] if user else []
    options += ["--remove", str(remove)] if remove else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        leash = subprocess.Popen(
            [sys.executable, "-I", "-S", _LEASH, *options, "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env=None if environment is None else dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    assert leash.stdout is not None
    line = leash.stdout.readline().strip()
    if not line.isdigit():
        raise EmbeddedFailed(f"{name} could not be started; log: {log}: {tail(log)}", subject=name)
    return Leashed(name, int(line), log, leash)


def wait_until(answers: Callable[[], bool], process: Leashed, timeout_s: float = 30.0) -> None:
    """Wait until `answers()` is true.

    Raises:
        EmbeddedFailed: the command ended, or did not answer in time.
    """
    deadline = time.monotonic() + timeout_s
    while not answers():
        if not process.running:
            raise EmbeddedFailed(
                f"{process.name} ended at its start; log: {process.log}: {tail(process.log)}"
            )
        if time.monotonic() > deadline:
            raise EmbeddedFailed(
                f"{process.name} did not answer in {timeout_s:.0f} s; log: {process.log}: {tail(process.log)}"
            )
        time.sleep(_POLL_S)


def tail(log: Path, lines: int = 3) -> str:
    """The last lines of a log, for a message."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " | ".join(text.strip().splitlines()[-lines:])


def free_port() -> int:
    """A TCP port that is free on loopback at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_secret() -> str:
    """A password for one run."""
    return secrets.token_hex(16)
