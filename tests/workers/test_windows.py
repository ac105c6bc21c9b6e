"""Items that are looked at together, and end in threads: each still ends by itself, with its own code."""

import pytest

from tests.workers.fakes import WINDOWED
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service
from tests.workers.test_faults_items import jpeg, outcomes, put_photos

pytestmark = pytest.mark.services


@pytest.fixture
def windowed(service: Service) -> Service:
    service.variables["FLIXPOSE_RUNNER"] = WINDOWED
    return service


def test_a_chunk_is_looked_at_in_windows(windowed: Service) -> None:
    good = jpeg(64)
    pattern = put_photos(
        windowed, {"ok": good, "review": good, "torn": good[:300], "bad": good, "boom": good}
    )
    skus = ["ok", "review", "torn", "bad", "ok", "boom"]
    batch = windowed.submit(skus, chunk_size=6, photo=pattern)
    windowed.relay()
    windowed.worker()
    windowed.wait(batch)
    assert outcomes(windowed, batch) == {
        "ok": ("done", None),
        "review": ("review", None),
        "torn": ("failed", "unreadable_image"),
        "bad": ("failed", "no_person"),
        "boom": ("dead", "internal"),
    }
    assert [line for line in windowed.started() if line.startswith("ahead")][:2] == ["ahead:4", "ahead:2"]
    check_nothing_lost(windowed)


def test_harm_at_the_first_look_costs_the_neighbours_one_attempt_and_no_more(windowed: Service) -> None:
    skus = ["ok", "crash", "ok", "ok", "sleep", "ok", "lateboom", "ok", "lateslow", "ok"]
    batch = windowed.submit(skus, chunk_size=10)
    windowed.relay(("--stale-after", "9", "--unclaimed-after", "0.5", "--sweep-every", "0.3"))
    windowed.worker(1, FLIXPOSE_ITEM_LIMIT_S="3", FLIXPOSE_GUARD_GRACE_S="0.5")
    windowed.wait(batch, 200)
    assert outcomes(windowed, batch) == {
        "ok": ("done", None),
        "crash": ("dead", "worker_lost"),
        "sleep": ("dead", "too_slow"),
        "lateboom": ("dead", "internal"),
        "lateslow": ("dead", "too_slow"),
    }
    assert max(row.attempt for row in windowed.store.items(batch) if row.sku == "ok") <= 2
    check_nothing_lost(windowed)


def test_a_stopped_worker_gives_back_the_rest_of_its_window(windowed: Service) -> None:
    batch = windowed.submit(["slow"] * 8, chunk_size=8)
    relay = windowed.relay(())
    worker = windowed.worker()
    windowed.until(lambda: len(windowed.started()) == 3)  # one look, two items begun
    relay.kill()
    worker.stop()
    counts = windowed.store.batch_status(batch).counts
    assert counts["running"] == 0 and 2 <= counts["done"] < 8 and counts["queued"] == 8 - counts["done"]
    assert {row.attempt for row in windowed.store.items(batch) if row.state == "queued"} == {0}
    windowed.worker()
    windowed.relay()
    assert windowed.wait(batch).counts["done"] == 8
    check_nothing_lost(windowed)
