"""The two forms of a manifest, line by line: text → fields by name, with memory for a few lines."""

import csv
import difflib
import io
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flixpose.errors import BadManifest

REQUIRED = ("sku", "product", "person")
COLUMNS = (*REQUIRED, "kind", "view", "preset", "light", "tuck", "ref")
# These may name several garments on one person: in CSV with this between them, in JSON as a list, too.
LISTS, BETWEEN = ("product", "kind", "view"), "|"

Fields = dict[str, str]

_DELIMITERS = ",;\t"
_LONGEST_LINE = 100_000
_MOST_LINES_A_ROW = 200  # a quoted description may span lines; a quote left open shall not eat the file
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that cannot be read; `reason` is a sentence."""

    reason: str


def is_csv(path: Path) -> bool:
    return path.suffix.lower() not in _JSON_SUFFIXES


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number from 1, text) of a UTF-8 file with or without a mark.

    Raises: BadManifest.
    """
    number = 0
    try:
        _check_start(path)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            while text := stream.readline(_LONGEST_LINE):
                number += 1
                if len(text) == _LONGEST_LINE:
                    raise BadManifest(
                        f"{path}, line {number} is far too long for a manifest.", subject=str(path)
                    )
                yield number, text
    except OSError as failure:
        raise BadManifest(f"{path} cannot be read: {failure.strerror}.", subject=str(path)) from failure
    except UnicodeDecodeError as failure:
        raise BadManifest(
            f"{path} is not UTF-8, near line {number + 1}.", advice="Save it as UTF-8.", subject=str(path)
        ) from failure


def csv_rows(lines: Iterator[tuple[int, str]], path: Path) -> Iterator[tuple[int, Fields | Unusable]]:
    """(line, fields) of the rows below the header. Raises BadManifest for a header that does not do."""
    for number, text in lines:
        if text.strip():
            delimiter, header = _header(text, f"{path}, line {number}")
            break
    else:
        raise BadManifest(f"{path} is empty.", subject=str(path))
    for number, cells in _csv_cells(lines, delimiter):
        yield number, cells if isinstance(cells, Unusable) else _named(cells, header, delimiter)


def json_rows(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Fields | Unusable]]:
    """(line, fields) of one JSON object a line; blank lines are passed over."""
    for number, text in lines:
        if text.strip():
            yield number, _json_fields(text)


def _header(text: str, place: str) -> tuple[str, list[str]]:
    """(delimiter, column names) of a header line."""
    readings = []
    for delimiter in _DELIMITERS:
        cells = _parse(text, delimiter)
        names = [] if isinstance(cells, Unusable) else [cell.strip().lower() for cell in cells]
        readings.append((len(set(REQUIRED) - set(names)), delimiter, names))
    lacking, delimiter, names = min(readings, key=lambda reading: reading[0])
    if lacking:
        missing = ", ".join(name for name in REQUIRED if name not in names)
        raise BadManifest(f"{place}: the header lacks {missing}.", subject=missing)
    for name in names:
        if names.count(name) > 1 and name in COLUMNS:
            raise BadManifest(f"{place}: the column {name} comes twice.", subject=name)
        meant = difflib.get_close_matches(name, COLUMNS, 1, cutoff=0.75)
        if meant and meant[0] not in names:
            raise BadManifest(f"{place}: the column {name!r} looks like {meant[0]!r} misspelt.", subject=name)
    return delimiter, names


def _named(cells: Sequence[str], header: Sequence[str], delimiter: str) -> Fields | Unusable:
    if len(cells) != len(header):
        return Unusable(
            f"{len(cells)} fields, but the header has {len(header)}; quote fields that hold {delimiter!r}."
        )
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name in COLUMNS}


def _csv_cells(
    lines: Iterator[tuple[int, str]], delimiter: str
) -> Iterator[tuple[int, Sequence[str] | Unusable]]:
    """(first line, cells) of each row. A quote that is never closed costs its own line and no other."""
    ahead: deque[tuple[int, str]] = deque()
    while first := ahead.popleft() if ahead else next(lines, None):
        number, text = first
        if not text.strip():
            continue
        taken: list[tuple[int, str]] = []
        cells = _parse(text, delimiter)
        while isinstance(cells, Unusable) and text.count('"') % 2 and len(taken) < _MOST_LINES_A_ROW:
            following = ahead.popleft() if ahead else next(lines, None)
            if following is None:
                break
            taken.append(following)
            text += following[1]
            cells = _parse(text, delimiter)
        if isinstance(cells, Unusable):
            ahead.extendleft(reversed(taken))
        yield number, cells


def _parse(text: str, delimiter: str) -> Sequence[str] | Unusable:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as failure:
        reason = "a quote is opened and not closed" if text.count('"') % 2 else str(failure)
        return Unusable(f"not sound CSV: {reason}.")


def _json_fields(text: str) -> Fields | Unusable:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as failure:
        return Unusable(f"not sound JSON: {failure}; a manifest has one object a line.")
    if not isinstance(found, dict):
        return Unusable("not a JSON object; a manifest has one object a line.")
    fields: Fields = {}
    for name, value in found.items():
        if name in COLUMNS and value is not None:
            if name in LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
                value = BETWEEN.join(value)
            if isinstance(value, bool) or not isinstance(value, str | int):
                return Unusable(f"{name} must be text.")
            fields[name] = str(value).strip()
        meant = difflib.get_close_matches(name, COLUMNS, 1, cutoff=0.75)
        if meant and meant[0] not in found:
            return Unusable(f"the key {name!r} looks like {meant[0]!r} misspelt.")
    return fields


def _check_start(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        raise BadManifest(f"{path} is UTF-16, not UTF-8.", advice="Save it as UTF-8.", subject=str(path))
