"""What people do to items: nothing is overwritten, everything is an event, and the next drape uses it."""

from typing import Any

import pytest
from sqlalchemy import select

from flixpose.adapters import tables
from flixpose.adapters.audit import audit_item, read_set
from flixpose.adapters.corrections import load_given
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.review import approve, correct, reject
from flixpose.errors import (
    NoPerson,
    NotFound,
    PointOutside,
    StoreUnavailable,
    UnknownPoint,
    UsageError,
    WrongState,
)
from flixpose.structures.batch import Claim, RejectedRow
from flixpose.structures.job import Job
from tests.adapters.samples import jobs, result

WRIST = {"person": {"left_wrist": (151.5, 201.0)}}


def nobody(job: Job, subject: str) -> str:
    raise AssertionError("nothing was to be looked at")


def claim(store: JobStore) -> Claim:
    messages = store.unpublished()
    store.mark_published([message.id for message in messages])
    (mine,) = store.claim([id_ for message in messages for id_ in message.item_ids], "w1")
    return mine


def draped(store: JobStore, verdict: str = "review") -> str:
    """An item that ended with a verdict."""
    store.create_batch(jobs(1), key=None, manifest_sha256="aa" * 32)
    mine = claim(store)
    store.finish(mine, result(mine.job, verdict))  # type: ignore[arg-type]
    return mine.item_id


def events(store: JobStore, item_id: str) -> list[tuple[Any, ...]]:
    with store.database.transaction(write=False) as connection:
        query = select(tables.events).where(tables.events.c.item_id == item_id).order_by(tables.events.c.id)
        return [(e.from_state, e.to_state, e.actor, e.code) for e in connection.execute(query)]


def sets(store: JobStore) -> list[Any]:
    with store.database.transaction(write=False) as connection:
        return list(connection.execute(select(tables.keypoint_sets)))


def test_a_correction_is_a_new_set_and_the_item_is_draped_with_it(store: JobStore) -> None:
    item_id = draped(store)
    before = {found.id for found in sets(store)}
    done = correct(store.database, item_id, WRIST, by="ines", look=nobody)
    moved = done.sets["person"]
    assert moved.author == "ines" and moved.parent_id in before and moved.model is None
    with store.database.transaction(write=False) as connection:
        stored, parent = read_set(connection, moved.id), read_set(connection, str(moved.parent_id))
    assert tuple(stored.points["left_wrist"]) == (151.5, 201.0) and stored.points.score("left_wrist") == 1.0
    assert tuple(stored.points["nose"]) == (100.5, 50.25) and stored.points.score("nose") == pytest.approx(
        0.9
    )
    assert tuple(parent.points["left_wrist"]) == (150.0, 200.0), "the model's words stand"
    assert before < {found.id for found in sets(store)}
    # The next claim brings the set along, and the drape rests on it.
    again = claim(store)
    assert (again.job.person_set, again.job.garment_set, again.attempt) == (moved.id, None, 2)
    given = load_given(store.database, again.job)
    assert given.garment is None and given.person is not None and given.person.has("left_wrist", 1.0)
    assert store.finish(again, result(again.job, "pass"))
    audit = audit_item(store.database, item_id)
    assert audit.drape["person_set_id"] == moved.id and audit.item.state == "done"
    assert {found.author for found in audit.sets} == {"ines", "model"}
    assert events(store, item_id)[2:] == [
        ("review", "queued", "ines", "corrected"),
        ("queued", "running", "w1", None),
        ("running", "done", "w1", None),
    ]
    assert store.batch_status(audit.item.batch_id).state == "finished"


def test_corrections_add_up_also_while_the_item_waits(store: JobStore) -> None:
    item_id = draped(store, "pass")
    first = correct(store.database, item_id, WRIST, by="ines", look=nobody).sets["person"]
    moves = {"person": {"nose": None, "right_wrist": (1, 2)}, "garment": {"hem_left": (200, 250)}}
    second = correct(store.database, item_id, moves, by="noor", look=nobody).sets
    assert second["person"].parent_id == first.id
    assert second["person"].points.present == ("left_wrist", "right_wrist")
    assert second["garment"].points.present == ("neck_left", "hem_left")
    job = claim(store).job
    assert (job.person_set, job.garment_set) == (second["person"].id, second["garment"].id)
    assert events(store, item_id)[3] == ("queued", "queued", "noor", "corrected")
    assert store.unpublished() == [], "one message is enough"


def test_a_failed_item_without_a_drape_is_looked_at_first(store: JobStore) -> None:
    helper = draped(store)
    (model_set, _) = sorted(
        audit_item(store.database, helper).sets, key=lambda found: found.subject != "person"
    )
    store.create_batch(jobs(1), key=None, manifest_sha256="bb" * 32)
    mine = claim(store)
    store.fail(mine, NoPerson("no left_hip"))
    asked: list[str] = []

    def look(job: Job, subject: str) -> str:
        asked.append(f"{subject} {job.ref}")
        return model_set.id

    correct(store.database, mine.item_id, WRIST, by="ines", look=look)
    assert asked == ["person SKU0-ann"] and claim(store).job.person_set is not None


@pytest.mark.parametrize(
    ("moves", "failure", "said"),
    [
        ({"person": {"left_wrst": (1, 2)}}, UnknownPoint, "did you mean left_wrist"),
        ({"garment": {"left_wrist": (1, 2)}}, UnknownPoint, "left_wrist"),
        ({"person": {"nose": (300.5, 2)}}, PointOutside, "300×400"),
        ({"person": {"nose": (1, -0.1)}}, PointOutside, "nose"),
        ({"person": {"nose": (float("nan"), 1)}}, PointOutside, "nose"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    store: JobStore, moves: Any, failure: type[Exception], said: str
) -> None:
    item_id = draped(store)
    before = sets(store), events(store, item_id)
    with pytest.raises(failure, match=said):
        correct(store.database, item_id, moves, by="ines", look=nobody)
    assert (sets(store), events(store, item_id)) == before and store.item(item_id).state == "review"


@pytest.mark.parametrize("name", ["", "model", "a\nb", "x" * 101])
def test_a_human_has_a_name(store: JobStore, name: str) -> None:
    with pytest.raises(UsageError, match="name of a person"):
        approve(store.database, draped(store), by=name)


def test_what_runs_or_never_was_cannot_be_touched(store: JobStore) -> None:
    rejected = [RejectedRow(9, "unknown_kind", "line 9")]
    batch = store.create_batch(jobs(1), key=None, manifest_sha256="aa" * 32, rejected=rejected).id
    mine = claim(store)
    for act in (
        lambda id_: correct(store.database, id_, WRIST, by="ines", look=nobody),
        lambda id_: approve(store.database, id_, by="ines"),
        lambda id_: reject(store.database, id_, "ugly", by="ines"),
    ):
        with pytest.raises(WrongState, match="being draped"):
            act(mine.item_id)
        with pytest.raises(WrongState):
            act(f"{batch}-9")
        with pytest.raises(NotFound, match="nope"):
            act("nope")
    store.fail(mine, NoPerson("nobody"))
    with pytest.raises(WrongState, match="no picture"):
        approve(store.database, mine.item_id, by="ines")


def test_approved_is_done_and_rejected_is_failed_with_the_reason(store: JobStore) -> None:
    good, bad = draped(store), draped(store)
    assert approve(store.database, good, by="ines") == "review"
    assert reject(store.database, bad, "the  hem\nis crooked", by="noor") == "review"
    assert store.item(good).state == "done" and store.item(good).verdict == "review"
    refused = store.item(bad)
    assert (refused.state, refused.error_code) == ("failed", "rejected")
    assert refused.error_message == "SKU0-ann: the hem is crooked"
    assert events(store, good)[-1] == ("review", "done", "ines", "approved")
    assert events(store, bad)[-1] == ("review", "failed", "noor", "rejected")
    for id_, counted in ((good, {"done": 1}), (bad, {"failed": 1})):
        status = store.batch_status(store.item(id_).batch_id)
        assert {state: n for state, n in status.counts.items() if n} == counted
        assert status.state == "finished"
    with pytest.raises(WrongState, match="is done"):
        approve(store.database, good, by="ines")
    # What a human refused comes back by a human alone.
    assert store.retry(refused.batch_id) == 0
    assert approve(store.database, bad, by="ines") == "failed" and store.item(bad).error_code is None
    assert reject(store.database, bad, "no", by="noor") == "done"
    with pytest.raises(UsageError, match="reason"):
        reject(store.database, good, " \n", by="ines")


def test_a_failed_quality_may_be_approved(store: JobStore) -> None:
    item_id = draped(store, "fail")
    assert approve(store.database, item_id, by="ines") == "failed"
    assert store.item(item_id).state == "done"


def test_the_review_queue_follows(store: JobStore) -> None:
    def waiting() -> list[Any]:
        with store.database.transaction(write=False) as connection:
            return list(connection.exec_driver_sql("SELECT item_id, person_corrected_by FROM review_queue"))

    item_id = draped(store)
    assert waiting() == [(item_id, None)]
    correct(store.database, item_id, WRIST, by="ines", look=nobody)
    assert waiting() == []
    again = claim(store)
    store.finish(again, result(again.job, "review"))
    assert waiting() == [(item_id, "ines")]
    approve(store.database, item_id, by="noor")
    assert waiting() == []


def test_a_corrected_item_that_fails_keeps_its_points_for_the_next_attempt(store: JobStore) -> None:
    item_id = draped(store)
    set_id = correct(store.database, item_id, WRIST, by="ines", look=nobody).sets["person"].id
    for _ in range(3):
        again = claim(store)
        assert again.job.person_set == set_id
        store.fail(again, StoreUnavailable("no answer"))
    assert store.item(item_id).state == "dead"
    store.retry(store.item(item_id).batch_id)
    assert claim(store).job.person_set == set_id
