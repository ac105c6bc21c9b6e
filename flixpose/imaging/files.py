"""Whole files or none, and the name of their content."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from flixpose.errors import OutputUnwritable


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_atomic(path: Path, data: bytes, *, parts: Path | None = None) -> None:
    """Write a file whole or not at all; folders on the way are made.

    The bytes go to a hidden file, onto the disk, and only then under the final name: whoever sees the
    name sees the whole content, also after a crash or on a full disk.

    Args:
        parts: folder for the hidden file, on the same disk; None: beside `path`. What a killed process leaves
            behind lies there.

    Raises:
        OutputUnwritable: naming the path and the system's reason.
    """
    part = (parts or path.parent) / f".{path.name}.{secrets.token_hex(6)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_through(part, data)
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as cause:
        reason = cause.strerror or type(cause).__name__
        raise OutputUnwritable(f"{path} cannot be written: {reason}.", subject=str(path)) from cause


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable; file systems that cannot are left as they are."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
