"""People race with workers: they correct, approve, reject, cancel, retry and submit again, all at once."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from flixpose.adapters.review import approve, correct, reject
from flixpose.adapters.tables import drapes, items, keypoint_sets
from flixpose.errors import WrongState
from flixpose.structures.job import Job
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services

SKUS = ["slow", "ok", "review", "bad", "review", "ok"] * 4


def never(job: Job, subject: str) -> str:
    raise WrongState("nothing was found on it before")


def meddle(service: Service, batches: Sequence[str], seed: int, acts: int) -> int:
    """What one person does; how often it was taken."""
    chance, done = random.Random(seed), 0
    database, store = service.store.database, service.store
    for _ in range(acts):
        time.sleep(chance.uniform(0.0, 0.1))
        rows = [row for batch in batches for row in store.items(batch)]
        ended = [row for row in rows if row.state in ("done", "review")]
        item_id, by = chance.choice(ended if ended and chance.random() < 0.5 else rows).id, f"person{seed}"
        place = chance.uniform(0, 300), chance.uniform(0, 400)
        try:
            match chance.choice(("correct", "correct", "approve", "reject", "cancel", "retry")):
                case "correct":
                    correct(database, item_id, {"person": {"nose": place}}, by=by, look=never)
                case "approve":
                    approve(database, item_id, by=by)
                case "reject":
                    reject(database, item_id, "not so", by=by)
                case "cancel":
                    store.cancel(chance.choice(batches))
                case "retry":
                    store.retry(chance.choice(batches))
            done += 1
        except WrongState:
            pass  # somebody else was quicker
    return done


def race(service: Service, people: int, acts: int, seed: int) -> None:
    batches = [service.submit(SKUS, chunk_size=3) for _ in range(2)]
    service.relay()
    service.worker(2)
    service.until(lambda: sum(service.store.batch_status(batch).finished for batch in batches) >= 6)
    with ThreadPoolExecutor(people + 2) as threads:
        keyed = [threads.submit(service.submit, SKUS, key="same") for _ in range(2)]
        taken = [threads.submit(meddle, service, batches, seed + n, acts) for n in range(people)]
        assert len({future.result() for future in keyed}) == 1
        assert sum(future.result() for future in taken) > people
    service.until(lambda: all(batch.state == "finished" for batch in service.store.batches()), 180)
    check_nothing_lost(service, retried=True, corrected=True)
    check_the_newest_words_were_draped(service)


def check_the_newest_words_were_draped(service: Service) -> None:
    """No model's set was touched, and who ended draped after a correction rests on the corrected set."""
    with service.store.database.transaction(write=False) as connection:

        def rows(query: Any) -> list[Any]:
            return list(connection.execute(query))

        authors = {row.id: row for row in rows(select(keypoint_sets))}
        assert any(row.author != "model" for row in authors.values()), "nobody corrected anything"
        for row in authors.values():
            assert (row.parent_id is None) == (row.author == "model")
        newest: dict[str, Any] = {}
        for row in rows(select(drapes).order_by(drapes.c.attempt)):
            newest[row.item_id] = row
        for item in rows(select(items).where(items.c.state.in_(("done", "review")))):
            if item.person_set_id:
                assert newest[item.id].person_set_id == item.person_set_id


def test_people_who_correct_cancel_and_resubmit_race_with_workers(service: Service) -> None:
    race(service, people=4, acts=12, seed=1)


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [100, 200])
def test_many_people_race_with_workers_for_long(service: Service, seed: int) -> None:
    race(service, people=8, acts=60, seed=seed)
