"""Small disks in memory, that tests may fill and free."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def mounted(folder: Path, size: str) -> bool:
    """Whether a small disk is at the folder now; not where this user may not mount."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """A disk of this size at the folder in the block, or False."""
    folder.mkdir(parents=True, exist_ok=True)
    if not mounted(folder, size):
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more goes onto the disk; to free it, remove the file."""
    with path.open("wb", buffering=0) as ballast:
        for piece in (1 << 20, 4096):
            try:
                while True:
                    ballast.write(bytes(piece))
            except OSError as failure:
                assert failure.errno == errno.ENOSPC
