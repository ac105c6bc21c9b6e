"""What no process can do to itself: end it when it hangs in C code, or eats the machine's memory.

The worker's main process looks at its pool processes twice a second. Each of them says in a file of its own
until when the item in hand must have come to an end; past that, or above its share of memory, it is killed.
The item counts an attempt, the rest of the chunk goes on in the process that takes its place.
"""

import atexit
import logging
import os
import shutil
import signal
import struct
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workers import metrics

FOLDER_VARIABLE = "FLIXPOSE_GUARD"
_POLL_S = 0.5
GRACE_VARIABLE = "FLIXPOSE_GUARD_GRACE_S"
_GRACE_S = 10.0  # an item's own time limit, which costs no process, comes first
_SHARE = 0.85  # of the machine's memory, for all processes together
_MIB = 1 << 20
_NEVER = float("inf")

log = logging.getLogger("flixpose.guard")


@dataclass(frozen=True, slots=True)
class Guard:
    """Looks after pool processes.

    Attributes:
        folder: where each process keeps its deadline, in a file named by its id.
        memory_mb: MiB of resident memory that a process may have.
        grace_s: seconds past its deadline.
    """

    folder: Path
    memory_mb: float
    grace_s: float = _GRACE_S

    def watch(self, children: Iterable[int]) -> None:
        """Kill those of the processes that hang or have grown too large."""
        for pid in children:
            used = resident_mb(pid)
            if used > self.memory_mb:
                _kill(pid, f"it has {used:.0f} MiB of memory, more than the {self.memory_mb:.0f} allowed")
            elif time.monotonic() > _deadline(self.folder / str(pid)) + self.grace_s:
                _kill(pid, "its item does not come to an end")

    def run(self, stop: threading.Event) -> None:
        """Watch this process's pool until `stop`."""
        from billiard.process import active_children

        before: set[int] = set()
        while not stop.wait(_POLL_S):
            children = {child.pid for child in active_children()}
            self.watch(children)
            for pid in before - children:
                metrics.forget(pid)
            before = children


def start(processes: int, memory_mb: float | None) -> None:
    """In the main process, before it starts the pool: the pool's processes inherit where to report."""
    folder = Path(tempfile.mkdtemp(prefix="flixpose-guard-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[FOLDER_VARIABLE] = str(folder)
    grace_s = float(os.environ.get(GRACE_VARIABLE, _GRACE_S))
    guard = Guard(folder, memory_mb or _SHARE * machine_mb() / processes, grace_s)
    threading.Thread(target=guard.run, args=(threading.Event(),), daemon=True, name="guard").start()


def tell_deadline(seconds: float | None) -> None:
    """In a pool process: the item in hand may take so long; None when it has ended."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder and Path(folder).is_dir():
        moment = _NEVER if seconds is None else time.monotonic() + seconds
        Path(folder, str(os.getpid())).write_bytes(struct.pack("d", moment))


def machine_mb() -> float:
    """MiB of memory that this machine, or this container, has."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            physical = min(physical, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue
    return physical / _MIB


def resident_mb(pid: int) -> float:
    """MiB of a process's resident memory; 0 where the system does not tell (it has ended, or no Linux)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB


def _deadline(file: Path) -> float:
    try:
        return float(struct.unpack("d", file.read_bytes())[0])
    except (OSError, struct.error):
        return _NEVER


def _kill(pid: int, why: str) -> None:
    log.error("process %d is killed: %s", pid, why)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
