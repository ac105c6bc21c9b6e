"""What `flixpose demo` makes of a batch: a manifest before it; a page and a database to audit after it."""

import csv
import io
import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flixpose.adapters.delivery import is_result, item_folder
from flixpose.adapters.snapshot import copy_database
from flixpose.client import Client
from flixpose.embedded.page import Card, Page, write_page
from flixpose.errors import UsageError
from flixpose.imaging.files import write_atomic
from flixpose.structures.batch import BatchStatus, ItemRow

_PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
_CONFIG, _COPY = "flixpose.toml", "audit"


def photos(folder: Path) -> list[Path]:
    """The folder's photos by name. Raises UsageError where there are none."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PHOTOS and path.is_file())
    except OSError as failure:
        raise UsageError(f"{folder} cannot be read: {failure.strerror}.", subject=str(folder)) from failure
    if not found:
        raise UsageError(f"{folder} holds no photo ({', '.join(_PHOTOS)}).", subject=str(folder))
    return found


def write_pairs(products: Sequence[Path], persons: Sequence[Path], target: Path) -> Path:
    """Write a manifest of every product on every person. Raises OutputUnwritable."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("sku", "product", "person", "ref"))
    taken: set[str] = set()
    for product in products:
        for person in persons:
            ref = _free(f"{product.stem}-on-{person.stem}", taken)
            table.writerow((product.stem, product.absolute(), person.absolute(), ref))
    write_atomic(target, text.getvalue().encode())
    return target


def _free(name: str, taken: set[str]) -> str:
    """`name`, or with a number where two files differ in their extension only."""
    candidates: Iterator[str] = (name if n == 1 else f"{name}-{n}" for n in range(1, 10_000))
    found = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(found)
    return found


def keep_audit(client: Client, rows: Iterable[ItemRow], out: Path) -> Path:
    """Copy the database and its objects below `out`, to be audited when the servers are gone.

    Returns:
        A settings file that leads flixpose there.

    Raises:
        DatabaseUnavailable, StoreUnavailable, OutputUnwritable.
    """
    folder = out / _COPY / "objects"
    for row in rows:
        _keep_objects(client, row, out, folder)
    there, here = client.store.uri("x").removesuffix("/x"), folder.as_uri()

    def change(table: str, row: dict[str, Any]) -> dict[str, Any]:
        moved = {k: v.replace(f"{there}/", f"{here}/", 1) for k, v in row.items() if _leads(v, there)}
        return row | moved

    database = copy_database(client.jobs.database, out / _COPY / "flixpose.sqlite", change)
    config = out / _CONFIG
    lines = {"database_url": f"sqlite:///{database}", "store_url": here}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    write_atomic(config, f"# Leads flixpose to the copy that the demo left behind.\n{text}".encode())
    return config


def _leads(value: object, prefix: str) -> bool:
    return isinstance(value, str) and value.startswith(f"{prefix}/")


def _keep_objects(client: Client, row: ItemRow, out: Path, folder: Path) -> None:
    """The item's pictures under their keys; fetched files are linked, not copied, where the disk can."""
    for artifact in row.artifacts:
        _link(item_folder(row, out) / artifact.name, folder / artifact.key)
    for uri in (row.job.product, row.job.person) if row.job else ():
        kept = input_file(client, uri, folder)
        if kept and not kept.exists():
            write_atomic(kept, client.store.get(kept.relative_to(folder).as_posix()))


def input_file(client: Client, uri: str, folder: Path) -> Path | None:
    """Where below `folder` a picture of the store is kept; None for one that lies elsewhere."""
    prefix = client.store.uri("x").removesuffix("x")
    return folder / uri.removeprefix(prefix) if uri.startswith(prefix) else None


def _link(source: Path, target: Path) -> None:
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        write_atomic(target, source.read_bytes())


def audit_command(config: Path) -> str:
    """How to look into the copy."""
    return f"FLIXPOSE_CONFIG={shlex.quote(_short(config))} flixpose audit"


def _short(path: Path) -> str:
    """Relative to the current folder where it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def write_demo_page(
    client: Client, status: BatchStatus, rows: Sequence[ItemRow], out: Path, seconds: float
) -> Path:
    """Write `out`/index.html about the batch, from the files that were fetched. Raises OutputUnwritable."""
    folder = out / _COPY / "objects"
    worked = [row.seconds for row in rows if row.seconds is not None]
    mean = f"{sum(worked) / len(worked):.1f} s" if worked else "–"
    facts = (
        ("batch", status.id),
        ("items", str(status.total)),
        ("from start to finish", f"{seconds:.0f} s"),
        ("work per item", mean),
    )
    audit = audit_command(out / _CONFIG)
    commands = (f"{audit} list", f"{audit} show {rows[0].id}" if rows else "", f"{audit} export --help")
    cards = [_card(client, row, out, folder) for row in rows]
    return write_page(Page("flixpose: a catalogue, draped", facts, commands), cards, out)


def _card(client: Client, row: ItemRow, out: Path, folder: Path) -> Card:
    ref = row.ref or f"line {row.line}"
    report, picture = None, None
    for artifact in row.artifacts:
        path = item_folder(row, out) / artifact.name
        if artifact.name == "report.json" and path.exists():
            report = json.loads(path.read_text(encoding="utf-8"))
        elif is_result(artifact) and path.exists():
            picture = path
    job = row.job
    return Card(
        ref=ref,
        sku=row.sku or "",
        state=row.state,
        report=report,
        product=input_file(client, job.product, folder) if job else None,
        person=input_file(client, job.person, folder) if job else None,
        result=picture,
        error=(row.error_code, row.error_message or "", row.error_advice or "") if row.error_code else None,
    )
