"""A file is whole under its final name, or it is not there."""

import hashlib
import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from flixpose.errors import OutputUnwritable
from flixpose.imaging.files import sha256_hex, write_atomic


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_content_is_written_and_replaced(tmp_path: Path):
    path = tmp_path / "deep" / "result.png"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["result.png"]


def test_others_may_read_it_as_the_umask_says(tmp_path: Path):
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    """The system's limit on file sizes fails a write half-way, as a full disk does."""
    path = tmp_path / "result.png"
    write_atomic(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputUnwritable, match=r"result\.png"):
            write_atomic(path, b"n" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["result.png"]


def test_a_folder_or_a_file_in_the_way(tmp_path: Path):
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "folder", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(OutputUnwritable) as failure:
            write_atomic(path, b"data")
        assert failure.value.subject == str(path)
    assert names(tmp_path) == ["file", "folder"]


def test_sha256():
    assert sha256_hex(b"abc") == hashlib.sha256(b"abc").hexdigest()
