"""Manifests: CSV or JSON Lines in, one job or one rejected row at a time out; memory for one row.

Columns: sku, product, person, and optionally kind, view, preset, light, tuck, ref; others are ignored, unless
they look like a misspelt one of these. product, kind and view may list several garments, with | between them.
person may be plate:NAME.
A bad row is reported with its line and never stops the rest; only a file that cannot be understood at all is
an error.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, get_args
from urllib.parse import quote

from flixpose.adapters.inputs import split_uri
from flixpose.adapters.lines import BETWEEN, Fields, Unusable, csv_rows, is_csv, json_rows, text_lines
from flixpose.adapters.plates import PREFIX
from flixpose.errors import BadManifest, FlixposeError, MissingInput, UnknownKind, UnknownPlate
from flixpose.garment.kinds import KINDS
from flixpose.structures.batch import RejectedRow
from flixpose.structures.job import FurtherProduct, Job, Light, Tuck

Row = tuple[int, Job] | RejectedRow
PlateOf = Callable[[str], tuple[str, str]]

_RELATIVE = "Relative paths start at the manifest's folder."
_VIEWS = ("front", "back")
LIGHTS, TUCKS = get_args(Light), get_args(Tuck)
_MOST_PRODUCTS = 5
_LONGEST_NAME = 150  # bytes: a file name may have 255, and names are made from it
_UNSAFE = frozenset('/\\:*?"<>|')


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that could be opened and has a sound header.

    Attributes:
        presets: names that rows may use.
        reserved: refs that rows may not use.
        plates: name of a plate → (its photo's URI, id of its keypoint set); None: there are no plates here.
        base: URI of the folder in which relative paths start; the manifest's own folder unless given.
    """

    path: Path
    presets: Collection[str]
    reserved: tuple[str, ...] = ()
    plates: PlateOf | None = None
    base: str | None = None

    def rows(self) -> Iterator[Row]:
        """(line, job) or a RejectedRow, in the file's order; lines count from 1 as an editor counts.

        Raises:
            BadManifest: not UTF-8, unreadable, or no rows at all; names the line where there is one.
        """
        seen: set[int] = set()
        count = 0
        lines = text_lines(self.path)
        for line, fields in csv_rows(lines, self.path) if is_csv(self.path) else json_rows(lines):
            count += 1
            yield self._row(line, fields, seen)
        if not count:
            raise BadManifest(f"{self.path} has no rows.", subject=str(self.path))

    def jobs(self, rejected: list[RejectedRow]) -> Iterator[tuple[int, Job]]:
        """The rows that are jobs; the others are added to `rejected` on the way."""
        for row in self.rows():
            if isinstance(row, RejectedRow):
                rejected.append(row)
            else:
                yield row

    def sha256(self) -> str:
        """Of the file's bytes (hex)."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _row(self, line: int, fields: Fields | Unusable, seen: set[int]) -> Row:
        if isinstance(fields, Unusable):
            return RejectedRow(line, "bad_manifest", f"Line {line}: {fields.reason}")
        try:
            job = self._job(fields)
            _remember(job.ref, seen)
        except FlixposeError as failure:
            advice = f" {failure.advice}" if failure.advice != BadManifest.remedy else ""
            message = f"Line {line}: {failure.message}{advice}"
            return RejectedRow(line, failure.code, message, ref=fields.get("ref"), sku=fields.get("sku"))
        return line, job

    def _job(self, fields: Fields) -> Job:
        """Raises BadManifest, UnknownKind, MissingInput, ForbiddenUri, UnknownPlate, PlateNotApproved."""
        for name in ("sku", "product", "person"):
            if not fields.get(name):
                raise BadManifest(f"{name} is empty.", subject=name)
        first, *more = self._products(fields)
        person, plate, person_set = self._person(_told(fields, "person", _printable))
        job = Job(
            sku=_told(fields, "sku", _printable),
            product=first.product,
            person=person,
            ref="",
            kind=first.kind,
            view=first.view,
            preset=_told(fields, "preset", lambda preset: _one_of(preset.lower(), self.presets)) or "master",
            light=_option(fields, "light", LIGHTS),
            tuck=_option(fields, "tuck", TUCKS),
            more=tuple(more),
            plate=plate,
            person_set=person_set,
        )
        return replace(job, ref=self._ref(fields, job))

    def _products(self, fields: Fields) -> list[FurtherProduct]:
        """All garments of a row, as listed; `kind` and `view` list as many as `product`, or none."""
        names = _told(fields, "product", _printable).split(BETWEEN)
        kinds, views = ([""] * len(names), [""] * len(names))
        if fields.get("kind"):
            kinds = [_told({"kind": one.strip()}, "kind", _kind) for one in fields["kind"].split(BETWEEN)]
        if fields.get("view"):
            views = [_told({"view": one.strip()}, "view", _view) for one in fields["view"].split(BETWEEN)]
        if not len(names) == len(kinds) == len(views):
            message = f"kind and view must list as many as product, {len(names)}, or be empty."
            raise BadManifest(message, subject="product")
        if len(names) > _MOST_PRODUCTS:
            raise BadManifest(f"product lists more than {_MOST_PRODUCTS} garments.", subject="product")
        told = zip(names, kinds, views, strict=True)
        return [
            FurtherProduct(self._uri("product", name.strip()), kind or None, view or None)
            for name, kind, view in told
        ]

    def _person(self, value: str) -> tuple[str, str | None, str | None]:
        """(URI, plate's name, plate's keypoint set) of a photo or of `plate:NAME`."""
        if not value.startswith(PREFIX):
            return self._uri("person", value), None, None
        if self.plates is None:
            advice = "Use `flixpose submit`, or name the photo."
            raise UnknownPlate(
                f"person {value!r}: plates are the service's.", advice=advice, subject="person"
            )
        name = value.removeprefix(PREFIX).strip()
        uri, set_id = self.plates(name)
        return uri, name, set_id

    def _uri(self, name: str, value: str) -> str:
        """An absolute URI; relative paths start at the manifest's folder."""
        uri = value if "://" in value else self._below(value)
        scheme, _, path = split_uri(uri)
        if scheme == "file" and self.base is None and not Path(path).is_file():
            where = "" if value == path else f" ({path})"
            raise MissingInput(f"{name} {value!r} does not exist{where}.", advice=_RELATIVE, subject=name)
        return uri

    def _below(self, relative: str) -> str:
        if self.base is None:
            return (self.path.absolute().parent / relative).as_uri()
        return f"{self.base}/{quote(relative) if self.base.startswith('file:') else relative}"

    def _ref(self, fields: Fields, job: Job) -> str:
        given = fields.get("ref")
        person = job.plate or PurePosixPath(split_uri(job.person)[2]).stem
        ref = given or _safe(f"{job.sku}-{person}")
        if ref in self.reserved:
            raise BadManifest(f"ref {ref!r} is the name of a file of flixpose's own.", subject="ref")
        if ref != _safe(ref) or ref.startswith("."):
            rules = f"no separators, no leading dot, at most {_LONGEST_NAME} bytes"
            raise BadManifest(f"ref {ref!r} cannot name a folder: {rules}.", subject="ref")
        return ref


def open_manifest(
    path: Path,
    *,
    presets: Collection[str],
    reserved: tuple[str, ...] = (),
    plates: PlateOf | None = None,
) -> Manifest:
    """Open a manifest and look at its head.

    Raises:
        BadManifest: unreadable, empty, not UTF-8, or a column is missing or misspelt.
    """
    manifest = Manifest(path, presets, reserved, plates)
    for _ in manifest.rows():
        break
    return manifest


def _told(fields: Mapping[str, str], name: str, read: Callable[[str], str]) -> str:
    """The field as `read` understands it, "" where it is empty; failures name the field."""
    value = fields.get(name, "")
    try:
        return read(value) if value else ""
    except BadManifest as failure:
        raise BadManifest(f"{name} {failure.message}", subject=name) from failure


def _printable(value: str) -> str:
    if not value.isprintable() or len(value) > 1000:
        raise BadManifest(f"{value[:40]!r} holds control characters or is too long.")
    return value


def _kind(value: str) -> str:
    if not value:
        return ""
    kind = value.lower().replace(" ", "_").replace("-", "_")
    if kind not in KINDS:
        raise UnknownKind(f"kind {value!r} is none of the 13.", advice=f"Use one of: {', '.join(KINDS)}.")
    return kind


def _view(value: str) -> str:
    return _one_of(value.lower(), _VIEWS) if value else ""


def _option(fields: Fields, name: str, allowed: Sequence[str]) -> Any:
    """One of the words of an option; the first where none is given."""
    return _told(fields, name, lambda value: _one_of(value.lower(), allowed)) or allowed[0]


def _one_of(value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise BadManifest(f"{value!r} is none of {', '.join(allowed)}.")
    return value


def _safe(name: str) -> str:
    """`name` with what no folder's name may hold replaced, and not too long."""
    kept = "".join("_" if letter in _UNSAFE or not letter.isprintable() else letter for letter in name)
    cut = kept.encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return cut.strip(" ").rstrip(".")


def _remember(ref: str, seen: set[int]) -> None:
    """Eight bytes a ref: a manifest of a million rows needs no more than some tens of megabytes."""
    digest = int.from_bytes(hashlib.blake2b(ref.encode(), digest_size=8).digest())
    if digest in seen:
        raise BadManifest(f"ref {ref!r} comes a second time; give this row a ref of its own.", subject="ref")
    seen.add(digest)
