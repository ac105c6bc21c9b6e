"""Plates: drafts until somebody approves, corrected without loss, used by manifests."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc, select, text

from flixpose.adapters import tables
from flixpose.adapters.audit import audit_item
from flixpose.adapters.corrections import load_given
from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.manifest import open_manifest
from flixpose.adapters.plates import Plates
from flixpose.adapters.snapshot import copy_database
from flixpose.errors import (
    Conflict,
    DatabaseUnavailable,
    PlateNotApproved,
    PointOutside,
    UnknownPlate,
    UsageError,
)
from flixpose.structures.batch import RejectedRow
from flixpose.structures.job import Job
from tests.adapters.test_review import draped

PHOTO = "file:///store/inputs/ann.jpg"


@pytest.fixture
def found(store: JobStore) -> str:
    """Id of a set that a model found on a person."""
    sets = audit_item(store.database, draped(store)).sets
    return next(found.id for found in sets if found.subject == "person")


@pytest.fixture
def plates(database: Database) -> Plates:
    return Plates(database)


def test_a_plate_is_a_draft_until_it_is_approved(plates: Plates, found: str) -> None:
    made = plates.add("anna", PHOTO, found, by="ines")
    assert (made.state, made.uri, made.points.id, made.points.author) == ("draft", PHOTO, found, "model")
    with pytest.raises(PlateNotApproved, match="draft"):
        plates.resolve("anna")
    assert plates.approve("anna", by="noor").state == "approved"
    assert plates.resolve("anna") == (PHOTO, found)
    told = plates.approve("anna", by="noor").to_json()
    assert [(e["action"], e["actor"]) for e in told["history"]] == [("added", "ines"), ("approved", "noor")]


def test_a_corrected_plate_is_a_draft_with_new_points(plates: Plates, found: str) -> None:
    plates.add("anna", PHOTO, found, by="ines")
    plates.approve("anna", by="ines")
    moved = plates.correct("anna", {"left_wrist": (152.5, 204)}, by="noor")
    assert moved.state == "draft" and moved.points.author == "noor" and moved.points.parent_id == found
    again = plates.correct("anna", {"nose": None}, by="noor", approve=True)
    assert again.state == "approved"
    assert again.points.points.present == ("left_wrist",)
    assert plates.resolve("anna") == (PHOTO, again.points.id)
    actions = [event["action"] for event in again.history]
    assert actions == ["added", "approved", "corrected", "corrected", "approved"]


def test_the_same_photo_again_changes_nothing_and_another_is_a_conflict(
    plates: Plates, found: str, store: JobStore
) -> None:
    plates.add("anna", PHOTO, found, by="ines")
    plates.approve("anna", by="ines")
    assert plates.add("anna", PHOTO, found, by="noor").state == "approved"
    sets = audit_item(store.database, draped(store)).sets
    other = next(found.id for found in sets if found.subject == "garment")
    with pytest.raises(Conflict, match="another photo"):
        plates.add("anna", PHOTO, other, by="ines")
    assert [plate.name for plate in plates.all()] == ["anna"]


def test_what_cannot_be_is_refused(plates: Plates, found: str) -> None:
    for name in ("", "../x", "a/b", ".hidden", "a b", "ä", "x" * 101):
        with pytest.raises(UsageError, match="no name for a plate"):
            plates.add(name, PHOTO, found, by="ines")
    for act in (
        lambda: plates.get("nope"),
        lambda: plates.approve("nope", by="ines"),
        lambda: plates.correct("nope", {}, by="ines"),
        lambda: plates.resolve("nope"),
    ):
        with pytest.raises(UnknownPlate, match="nope"):
            act()
    plates.add("anna", PHOTO, found, by="ines")
    with pytest.raises(PointOutside):
        plates.correct("anna", {"nose": (1, 401)}, by="ines")
    assert plates.get("anna").points.id == found


def test_the_history_of_plates_is_append_only(plates: Plates, found: str, database: Database) -> None:
    plates.add("anna", PHOTO, found, by="ines")
    for change in ("UPDATE plate_events SET actor = 'me'", "DELETE FROM plate_events"):
        with (
            pytest.raises((exc.DBAPIError, DatabaseUnavailable), match="append-only"),
            database.transaction() as connection,
        ):
            connection.execute(text(change))
    assert plates.get("anna").history[0]["actor"] == "ines"


def manifest(tmp_path: Path, plates: Plates | None, *persons: str) -> tuple[list[Any], list[RejectedRow]]:
    (tmp_path / "shirt.jpg").write_bytes(b"x")
    rows = "\n".join(f"A{n},shirt.jpg,{person}" for n, person in enumerate(persons))
    path = tmp_path / "m.csv"
    path.write_text(f"sku,product,person\n{rows}\n")
    rejected: list[RejectedRow] = []
    opened = open_manifest(path, presets=["master"], plates=plates.resolve if plates else None)
    return [job for _, job in opened.jobs(rejected)], rejected


def test_a_manifest_names_plates(plates: Plates, found: str, tmp_path: Path, store: JobStore) -> None:
    plates.add("anna", PHOTO, found, by="ines")
    plates.approve("anna", by="ines")
    plates.add("draft", PHOTO, found, by="ines")
    jobs, rejected = manifest(tmp_path, plates, "plate:anna", "plate:draft", "plate:nope", "plate: anna")
    assert [(job.ref, job.person, job.plate, job.person_set) for job in jobs] == [
        ("A0-anna", PHOTO, "anna", found),
        ("A3-anna", PHOTO, "anna", found),
    ]
    assert [(row.line, row.code) for row in rejected] == [(3, "plate_not_approved"), (4, "unknown_plate")]
    assert "flixpose plates approve" in rejected[0].message
    # And the items keep both.
    batch = store.create_batch(enumerate(jobs, 2), key=None, manifest_sha256="cc" * 32)
    with store.database.transaction(write=False) as connection:
        asked = select(tables.items.c.plate, tables.items.c.person_set_id)
        rows = connection.execute(asked.where(tables.items.c.batch_id == batch.id)).all()
    assert [tuple(row) for row in rows] == [("anna", found)] * 2
    assert [row.job for row in store.items(batch.id)] == jobs


def test_what_a_human_only_approved_stays_the_model_s_words(plates: Plates, found: str) -> None:
    plates.add("anna", PHOTO, found, by="ines")
    plates.approve("anna", by="ines")
    job = Job("A", "file:///shirt.jpg", PHOTO, "r", plate="anna", person_set=found)
    given = load_given(plates.database, job)
    assert given.person is not None and given.person_author == "model" and given.garment is None
    moved = plates.correct("anna", {"nose": (1, 2)}, by="ines", approve=True).points.id
    assert load_given(plates.database, replace(job, person_set=moved)).person_author == "human"


def test_a_copy_of_the_database_has_plates_and_corrections(
    plates: Plates, found: str, tmp_path: Path
) -> None:
    plates.add("anna", PHOTO, found, by="ines")
    made = plates.correct("anna", {"nose": (1, 2)}, by="noor", approve=True)
    copy = Database(f"sqlite:///{copy_database(plates.database, tmp_path / 'copy.sqlite')}")
    again = Plates(copy).get("anna")
    assert again.points.id == made.points.id and again.points.parent_id == found
    assert [event["action"] for event in again.history] == ["added", "corrected", "approved"]
    copy.close()


def test_without_a_service_there_are_no_plates(tmp_path: Path) -> None:
    jobs, rejected = manifest(tmp_path, None, "plate:anna")
    assert not jobs and rejected[0].code == "unknown_plate" and "flixpose submit" in rejected[0].message
