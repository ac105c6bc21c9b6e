"""The service's memory: every item ends once, whoever dies, repeats himself or comes late."""

import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest
from sqlalchemy import func, select, update

from flixpose.adapters import tables
from flixpose.adapters.database import Database, ago
from flixpose.adapters.jobs import JobStore
from flixpose.errors import BadManifest, Conflict, NoPerson, NotFound, StoreUnavailable
from flixpose.structures.batch import Claim, RejectedRow
from flixpose.structures.job import Verdict
from tests.adapters.samples import jobs, result


def submit(store: JobStore, count: int = 3, **options: object) -> str:
    return store.create_batch(jobs(count), key=None, manifest_sha256="ff" * 32, **options).id  # type: ignore[arg-type]


def claim_all(store: JobStore, worker: str = "w1") -> list[Claim]:
    messages = store.unpublished(1000)
    store.mark_published([message.id for message in messages])
    return store.claim([id_ for message in messages for id_ in message.item_ids], worker)


def counts(store: JobStore, batch: str) -> dict[str, int]:
    return {state: n for state, n in store.batch_status(batch).counts.items() if n}


def rows(store: JobStore, table: str) -> int:
    with store.database.transaction(write=False) as connection:
        return connection.scalar(select(func.count()).select_from(tables.metadata.tables[table])) or 0


def test_a_batch_runs_to_its_end(store: JobStore) -> None:
    batch = submit(store, 5, chunk_size=2)
    messages = store.unpublished()
    assert [len(message.item_ids) for message in messages] == [2, 2, 1]
    claims = claim_all(store)
    assert [claim.job.sku for claim in claims] == [f"SKU{n}" for n in range(5)]
    assert counts(store, batch) == {"running": 5}
    for claim in claims[:3]:
        assert store.finish(claim, result(claim.job))
    assert store.finish(claims[3], result(claims[3].job, "review"))
    assert store.batch_status(batch).state == "running"
    assert store.finish(claims[4], result(claims[4].job, "fail"))
    status = store.batch_status(batch)
    assert (status.state, status.finished) == ("finished", 5) and status.finished_at is not None
    assert counts(store, batch) == {"done": 3, "review": 1, "failed": 1}
    failed = next(store.items(batch, state="failed"))
    assert (failed.error_code, failed.reasons) == ("quality_failed", ("folded",))
    assert store.unpublished() == []


def test_a_result_is_recorded_row_by_row(store: JobStore) -> None:
    submit(store, 2)
    for claim in claim_all(store):
        store.finish(claim, result(claim.job))
    # One person on two products: her keypoints are stored once, the garments' landmarks each.
    found = {name: rows(store, name) for name in ("images", "keypoint_sets", "keypoints", "models", "drapes")}
    assert found == {"images": 3, "keypoint_sets": 3, "keypoints": 4, "models": 2, "drapes": 2}
    assert rows(store, "control_points") == rows(store, "warps") == rows(store, "artifacts") == 2
    assert rows(store, "figures") == rows(store, "timings") == 4
    item = next(store.items(None))
    assert item.artifacts[0].key.endswith("result.png") and item.verdict == "pass"
    assert item.seconds is not None and 0 <= item.seconds < 60


def test_a_result_that_the_tables_refuse_fails_its_item_alone(store: JobStore) -> None:
    batch = submit(store, 2)
    good, bad = claim_all(store)
    broken = result(bad.job)
    broken.report["parts"] *= 2  # the same part twice
    assert not store.finish(bad, broken)
    assert store.finish(good, result(good.job))
    assert counts(store, batch) == {"done": 1, "failed": 1} and rows(store, "drapes") == 1
    assert next(store.items(batch, state="failed")).error_code == "internal"


def test_rejected_rows_are_failed_items_from_the_start(store: JobStore) -> None:
    late: list[RejectedRow] = []

    def stream():  # type: ignore[no-untyped-def]
        yield from jobs(1)
        late.append(RejectedRow(3, "unknown_kind", "line 3: …", sku="B"))

    batch = store.create_batch(stream(), key=None, manifest_sha256="aa" * 32, rejected=late)
    assert counts(store, batch.id) == {"queued": 1, "failed": 1}
    assert [(item.line, item.error_code) for item in store.items(batch.id, state="failed")] == [
        (3, "unknown_kind")
    ]
    only = store.create_batch([], key=None, manifest_sha256="bb" * 32, rejected=late)
    assert store.batch_status(only.id).state == "finished"
    assert store.retry(only.id) == 0


def test_a_key_names_one_manifest(store: JobStore) -> None:
    first = store.create_batch(jobs(2), key="night", manifest_sha256="aa" * 32)
    again = store.create_batch(jobs(2), key="night", manifest_sha256="aa" * 32)
    assert (again.id, first.created, again.created) == (first.id, True, False)
    with pytest.raises(Conflict, match="night"):
        store.create_batch(jobs(2), key="night", manifest_sha256="bb" * 32)
    assert rows(store, "items") == 2


def test_nothing_is_left_of_a_batch_that_could_not_be_read(store: JobStore) -> None:
    def stream():  # type: ignore[no-untyped-def]
        yield from jobs(3)
        raise BadManifest("cut off")

    for bad in (stream(), [*jobs(2), jobs(1)[0]]):
        with pytest.raises(BadManifest):
            store.create_batch(bad, key="k", manifest_sha256="aa" * 32)
    assert rows(store, "batches") == rows(store, "items") == rows(store, "outbox") == 0


def test_an_item_has_one_owner(store: JobStore) -> None:
    batch = submit(store, 1)
    (mine,) = claim_all(store)
    assert store.claim([mine.item_id], "w2") == []
    store.release(mine)
    (theirs,) = store.claim([mine.item_id], "w2")
    assert theirs.attempt == mine.attempt == 1
    assert not store.finish(mine, result(mine.job))
    assert store.fail(mine, NoPerson("nobody")) == "running"
    store.release(mine)
    assert counts(store, batch) == {"running": 1}
    assert store.finish(theirs, result(theirs.job))
    assert store.finish(theirs, result(theirs.job)), "an answer that was lost may be asked for again"
    assert rows(store, "drapes") == 1 and counts(store, batch) == {"done": 1}


def test_failures_end_as_they_should(store: JobStore) -> None:
    batch = submit(store, 2)
    poor, unlucky = claim_all(store)
    assert store.fail(poor, NoPerson("nobody in ann.jpg")) == "failed"
    states = []
    for _ in range(3):
        states.append(store.fail(unlucky, StoreUnavailable("no answer")))
        unlucky = next(iter(claim_all(store)), unlucky)
    assert states == ["queued", "queued", "dead"]
    assert store.batch_status(batch).state == "finished"
    errors = {item.error_code: item.attempt for item in store.items(batch)}
    assert errors == {"no_person": 1, "store_unavailable": 3}


def test_a_retry_is_due_after_a_pause(database: Database) -> None:
    store = JobStore(database, retry_delay_s=0.4)
    submit(store, 1)
    (claim,) = claim_all(store)
    store.fail(claim, StoreUnavailable("no answer"))
    assert store.unpublished() == []
    threading.Event().wait(0.5)
    assert len(store.unpublished()) == 1


def test_items_of_lost_workers_come_back(store: JobStore) -> None:
    batch = submit(store, 2)
    for round_ in range(3):
        assert len(claim_all(store)) == 2
        assert store.requeue_stale(60) == 0
        assert store.requeue_stale(0) == 2
        assert counts(store, batch) == ({"queued": 2} if round_ < 2 else {"dead": 2})
    assert {item.error_code for item in store.items(batch)} == {"worker_lost"}
    assert store.batch_status(batch).state == "finished"
    assert store.retry(batch, keep=["worker_lost"]) == 0
    assert store.retry(batch) == 2 and store.batch_status(batch).state == "running"
    for claim in claim_all(store):
        assert claim.attempt == 4 and store.finish(claim, result(claim.job))
    assert counts(store, batch) == {"done": 2}


def test_a_claim_that_is_renewed_is_not_lost(store: JobStore) -> None:
    submit(store, 3)
    claims = claim_all(store)
    with store.database.transaction() as connection:
        connection.execute(update(tables.items).values(claimed_at=ago(100)))
    assert store.renew(claims[1:]) == claims[1:]
    assert store.requeue_stale(50) == 1
    assert store.renew(claims) == claims[1:], "the first one is nobody's now"
    assert store.claim([claims[0].item_id], "w2") and store.renew(claims) == claims[1:]
    assert store.renew([]) == []


def test_messages_of_a_lost_queue_are_owed_again(store: JobStore) -> None:
    submit(store, 4, chunk_size=2)
    messages = store.unpublished()
    store.mark_published([message.id for message in messages])
    store.claim(messages[0].item_ids, "w1")
    assert store.requeue_unclaimed(60) == 0
    assert store.requeue_unclaimed(0) == 1
    assert store.unpublished() == [messages[1]]


def test_a_batch_can_be_cancelled(store: JobStore) -> None:
    batch = submit(store, 3)
    (running,) = store.claim([store.unpublished()[0].item_ids[0]], "w1")
    assert store.cancel(batch) == 2
    assert counts(store, batch) == {"running": 1, "cancelled": 2}
    assert store.finish(running, result(running.job))
    assert store.batch_status(batch).state == "finished"
    assert claim_all(store) == []


def test_every_change_is_an_event(store: JobStore) -> None:
    submit(store, 1)
    (claim,) = claim_all(store)
    store.fail(claim, StoreUnavailable("no\x00answer"))
    (claim,) = claim_all(store, "w2")
    store.finish(claim, result(claim.job))
    with store.database.transaction(write=False) as connection:
        found = connection.execute(select(tables.events).order_by(tables.events.c.id)).all()
    assert [(e.from_state, e.to_state, e.actor, e.attempt) for e in found] == [
        ("queued", "running", "w1", 1),
        ("running", "queued", "w1", 1),
        ("queued", "running", "w2", 2),
        ("running", "done", "w2", 2),
    ]
    assert found[1].code == "store_unavailable" and all(event.at.tzinfo for event in found)


def test_what_is_not_there_is_not_found(store: JobStore) -> None:
    with pytest.raises(NotFound, match="nope"):
        store.batch_status("nope")
    with pytest.raises(NotFound, match="nope"):
        store.item("nope")


def test_many_workers_share_without_loss_or_repeat(database: Database) -> None:
    store = JobStore(database, retry_delay_s=0)
    count = 60
    batch = submit(store, count, chunk_size=4)
    messages = store.unpublished(1000)
    draped: list[str] = []

    def work(worker: int) -> None:
        # Each message reaches every worker, in another order each.
        for message in messages[worker:] + messages[:worker]:
            for claim in store.claim(message.item_ids[:: 1 if worker % 2 else -1], f"w{worker}"):
                if claim.attempt == 1 and int(claim.job.sku[3:]) % 7 == 0:
                    store.fail(claim, StoreUnavailable("now and then"))
                elif store.finish(claim, result(claim.job)):
                    draped.append(claim.item_id)

    def round_() -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))

    round_()
    messages = store.unpublished(1000)
    round_()
    assert counts(store, batch) == {"done": count}
    assert max(Counter(draped).values()) == 1 and len(draped) == count == rows(store, "drapes")
    assert store.batch_status(batch).state == "finished"


def work_alone(url: str, ids: list[str], worker: str) -> list[str]:
    """What one process gets done of the items; runs in a process of its own."""
    database = Database(url)
    store = JobStore(database)
    claims = [claim for id_ in ids for claim in store.claim([id_], worker)]
    finished = [claim.item_id for claim in claims if store.finish(claim, result(claim.job))]
    database.close()
    return finished


def test_processes_share_without_loss_or_repeat(store: JobStore, database_url: str) -> None:
    batch = submit(store, 30)
    ids = [id_ for message in store.unpublished() for id_ in message.item_ids]
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        done = pool.map(work_alone, [database_url] * 3, [ids, ids[::-1], ids[15:] + ids[:15]], "abc")
        assert sorted(id_ for part in done for id_ in part) == sorted(ids)
    assert counts(store, batch) == {"done": 30} and rows(store, "drapes") == 30


def test_several_results_are_recorded_at_once_or_one_by_one(store: JobStore) -> None:
    batch = submit(store, 5)
    ids = [id_ for message in store.unpublished() for id_ in message.item_ids]
    assert [waiting.item_id for waiting in store.peek([*ids, "unknown"])] == ids
    claims = store.claim(ids, "w")
    assert not store.peek(ids)
    store.release(claims[4])
    verdicts: list[Verdict] = ["pass", "review", "fail", "pass", "pass"]
    finished = [
        (claim, result(claim.job, verdict), ()) for claim, verdict in zip(claims, verdicts, strict=True)
    ]
    assert store.finish_all(finished) == [True] * 4 + [False]
    assert store.finish_all(finished) == [True] * 4 + [False]  # as after a commit whose answer was lost
    assert counts(store, batch) == {"done": 2, "review": 1, "failed": 1, "queued": 1}
    assert rows(store, "drapes") == rows(store, "artifacts") == 4
    (again,) = store.claim([claims[4].item_id], "w")
    broken = replace(result(again.job), artifacts=result(again.job).artifacts * 2)
    assert store.finish_all([(again, broken, ()), *finished[:1]]) == [False, True]
    assert counts(store, batch) == {"done": 2, "review": 1, "failed": 2}


def test_submitters_with_one_key_make_one_batch(store: JobStore) -> None:
    def submit_once(_: int) -> str:
        return store.create_batch(jobs(20), key="k", manifest_sha256="aa" * 32).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(submit_once, range(6)))) == 1
    assert rows(store, "items") == 20


def test_the_clock_is_the_database_s(store: JobStore) -> None:
    batch = submit(store, 1)
    claim_all(store)
    with store.database.transaction() as connection:
        connection.execute(update(tables.items).values(claimed_at=ago(100)))
    assert store.requeue_stale(150) == 0 and store.requeue_stale(50) == 1
    assert counts(store, batch) == {"queued": 1}
