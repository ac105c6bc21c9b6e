"""The parts of the demo that need no server: pairs of photos, and the copy that stays to be audited."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import func, select

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.manifest import open_manifest
from flixpose.adapters.snapshot import copy_database
from flixpose.adapters.tables import metadata
from flixpose.demo import photos, write_pairs
from flixpose.errors import UsageError
from tests.adapters import samples
from tests.databases import database, database_url, store  # noqa: F401


def test_every_product_meets_every_person_under_a_name_of_its_own(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.PNG", "b, c.webp", "notes.txt", ".hidden"):
        (tmp_path / name).touch()
    found = photos(tmp_path)
    assert [path.name for path in found] == ["a.PNG", "a.jpg", "b, c.webp"]
    manifest = write_pairs(found, found[:2], tmp_path / "out" / "pairs.csv")
    with manifest.open(newline="") as file:
        refs = [row["ref"] for row in csv.DictReader(file)]
    assert refs[:4] == ["a-on-a", "a-on-a-2", "a-on-a-3", "a-on-a-4"] and len(set(refs)) == 6
    assert len(list(open_manifest(manifest, presets=("master",)).jobs([]))) == 6


@pytest.mark.parametrize("folder", ["empty", "nowhere"])
def test_a_folder_without_photos_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=folder):
        photos(tmp_path / folder)


def test_a_copy_holds_every_row_and_is_a_database_to_work_with(
    database: Database,  # noqa: F811
    store: JobStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    batch = store.create_batch(samples.jobs(3), key="k", manifest_sha256="ab" * 32, chunk_size=2).id
    [claim, other] = store.claim([row.id for row in store.items(batch)][:2], "w")
    store.finish(claim, samples.result(claim.job))
    store.finish(other, samples.result(other.job, "review"))

    def change(table: str, row: dict[str, object]) -> dict[str, object]:
        return row | {"sku": "changed"} if table == "items" else row

    target = tmp_path / "a copy" / "audit.sqlite"
    for _ in range(2):  # the second one replaces the first
        copy_database(database, target, change)
    copy = Database(f"sqlite:///{target}")
    for table in metadata.sorted_tables:
        counting = select(func.count()).select_from(table)
        with database.transaction(write=False) as one, copy.transaction(write=False) as two:
            assert one.scalar(counting) == two.scalar(counting), table.name
    copied = JobStore(copy)
    assert copied.batch_status(batch).counts == store.batch_status(batch).counts
    assert {row.sku for row in copied.items(batch)} == {"changed"}
    assert copied.claim([row.id for row in copied.items(batch)], "w")
    copy.close()
    assert [path.name for path in target.parent.iterdir()] == ["audit.sqlite"]
