"""Run one command on a leash: it stops when the owner lets go, and also when the owner dies.

A program of its own, on the standard library alone, because it must outlive a killed owner:

    python -I -S leash.py --stop INT --grace 10 [--user nobody] [--remove DIR] -- COMMAND…

Standard input is the leash: a pipe that only the owner holds. At its end (closed, or the owner was killed)
the command gets the `--stop` signal, and after `--grace` seconds SIGKILL, with its whole process group. Then
DIR is removed, and its parent if nothing else is in it. Standard output is one line, the command's process
id; the command's own output goes to standard error.

With `--user` (for PostgreSQL, which refuses root) the command runs as that user but keeps, on Linux, the
capability to pass folders that are closed to others: an installation under /root works, and no folder's
permissions have to be changed.
"""

import argparse
import contextlib
import ctypes
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITIES = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_LINUX_CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _noted)
    child = _start(options)
    # An owner that died at once is no reason to leave the command running.
    with contextlib.suppress(BrokenPipeError):
        print(child.pid, flush=True)
    while child.poll() is None:
        ready, _, _ = select.select([0, wake_read], [], [])
        signals = os.read(wake_read, 64) if wake_read in ready else b""
        let_go = 0 in ready and not os.read(0, 64)
        if let_go or signal.SIGTERM in signals or signal.SIGINT in signals:
            _stop(child, options.stop, options.grace)
    _end_group(child.pid)
    if options.remove:
        shutil.rmtree(options.remove, ignore_errors=True)
        with contextlib.suppress(OSError):  # the folder around it, once the last one has left
            options.remove.parent.rmdir()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--stop", default="TERM", help="signal that asks the command to end")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds until SIGKILL")
    parser.add_argument("--user", help="run the command as this user")
    parser.add_argument("--remove", type=Path, help="folder to remove at the end")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _noted(number: int, frame: FrameType | None) -> None:
    """A handler must be there for the wake-up pipe to be written."""


def _start(options: argparse.Namespace) -> subprocess.Popen[bytes]:
    account = pwd.getpwnam(options.user) if options.user else None

    def prepare() -> None:  # in the child; this program has one thread, so that is safe
        if account:
            _become(account)
        _end_with_parent(getattr(signal, f"SIG{options.stop}"))

    return subprocess.Popen(
        options.command, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True, preexec_fn=prepare
    )


def _become(account: pwd.struct_passwd) -> None:
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ["HOME"] = "/"
    if libc:
        _keep_passage(libc)


def _keep_passage(libc: ctypes.CDLL) -> None:
    """Keep the right to pass closed folders across setuid and exec; where refused, plain permissions rule."""
    mask = sum(1 << capability for capability in _CAPABILITIES)
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(ctypes.byref(header), ctypes.byref(data)) == 0:
        for capability in _CAPABILITIES:
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _end_with_parent(number: int) -> None:
    """Let the kernel stop the command if the leash itself is killed (Linux). Comes last: setuid clears it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _stop(child: subprocess.Popen[bytes], name: str, grace: float) -> None:
    child.send_signal(getattr(signal, f"SIG{name}"))
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _end_group(group: int) -> None:
    """What the command left behind in its own process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
