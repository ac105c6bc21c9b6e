"""A manifest's rows on their way into the database: on disk, so that memory does not grow with the rows."""

import hashlib
import json
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from types import TracebackType

from flixpose.structures.batch import RejectedRow
from flixpose.structures.job import Job


class Spool:
    """Takes rows in the manifest's order, gives them back as often as asked; gone at the block's end.

    Attributes:
        accepted, refused: rows so far.
    """

    def __init__(self) -> None:
        self.accepted = self.refused = 0
        self._file = tempfile.TemporaryFile(prefix="flixpose-")  # noqa: SIM115 - closed by __exit__
        self._digest = hashlib.sha256()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, line: int, row: Job | RejectedRow) -> None:
        self.accepted += isinstance(row, Job)
        self.refused += isinstance(row, RejectedRow)
        self._digest.update(json.dumps([line, asdict(row)], sort_keys=True).encode() + b"\n")
        pickle.dump((line, row), self._file, pickle.HIGHEST_PROTOCOL)

    @property
    def sha256(self) -> str:
        """Tells submissions apart by what they ask for, the pictures' content included."""
        return self._digest.hexdigest()

    def jobs(self) -> Iterator[tuple[int, Job]]:
        for line, row in self._rows():
            if isinstance(row, Job):
                yield line, row

    def rejected(self) -> Iterator[RejectedRow]:
        for _, row in self._rows():
            if isinstance(row, RejectedRow):
                yield row

    def _rows(self) -> Iterator[tuple[int, Job | RejectedRow]]:
        self._file.seek(0)
        for _ in range(self.accepted + self.refused):
            yield pickle.load(self._file)  # written by ourselves, into a file that nobody else can name
