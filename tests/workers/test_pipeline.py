"""The true pipeline behind the worker: sample pictures in, objects and audit rows out."""

import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from flixpose import resources
from flixpose.adapters.audit import audit_item
from flixpose.adapters.review import correct
from flixpose.adapters.weights import WeightsCache
from flixpose.client import Client
from flixpose.errors import Conflict
from flixpose.settings import load_settings
from flixpose.structures.job import Job
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service, s3_service  # noqa: F401

pytestmark = pytest.mark.services


@pytest.fixture
def two_samples(tmp_path: Path) -> Path:
    """The sample catalogue's first two rows, with absolute paths."""
    if any(entry.state != "ready" for entry in WeightsCache(load_settings().home).entries()):
        pytest.skip("the weights are not here: run `flixpose models pull`")
    with (resources.SAMPLES / "catalogue.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:2]
    manifest = tmp_path / "two.csv"
    with manifest.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        for row in rows:
            table.writerow({**row, **{name: resources.SAMPLES / row[name] for name in ("product", "person")}})
    return manifest


def test_two_samples_go_through_the_whole_path(
    two_samples: Path,
    s3_service: Service,  # noqa: F811
    tmp_path: Path,
) -> None:
    s3_service.variables["FLIXPOSE_RUNNER"] = "workers.tasks:pipeline_runner"
    s3_service.relay(())
    s3_service.worker()
    client = Client(load_settings())
    submission = client.submit(two_samples)
    assert not submission.rejected
    s3_service.wait(submission.batch_id, timeout_s=120)
    rows = list(client.items(submission.batch_id))
    assert {row.state for row in rows} <= {"done", "review"}, [(row.ref, row.error_message) for row in rows]
    assert not client.fetch(submission.batch_id, tmp_path / "out", layers=True).failures
    for row in rows:
        names = {path.name for path in (tmp_path / "out" / str(row.ref)).iterdir()}
        assert names > {
            "report.json",
            "garment.png",
            "visible_mask.png",
            "person_mask.png",
            "overlay.png",
            "warp.json",
        }
        assert any(name.startswith("result.") for name in names)


def test_nothing_is_computed_twice_and_a_correction_is(
    two_samples: Path,
    s3_service: Service,  # noqa: F811
) -> None:
    """Submitted again, in a new batch, and delivered again; then corrected by hand."""
    s3_service.variables["FLIXPOSE_RUNNER"] = "workers.tasks:pipeline_runner"
    s3_service.relay(("--stale-after", "200", "--unclaimed-after", "1", "--sweep-every", "0.5"))
    s3_service.worker(2)
    client = Client(load_settings())
    first = client.submit(two_samples, key="first")
    s3_service.wait(first.batch_id, timeout_s=200)
    assert client.submit(two_samples, key="first").batch_id == first.batch_id
    lines = two_samples.read_text().splitlines()
    two_samples.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(Conflict, match="first"):
        client.submit(two_samples, key="first")
    again = client.submit(two_samples, key="again")
    s3_service.store.requeue_unclaimed(0)  # delivered twice
    s3_service.wait(again.batch_id, timeout_s=200)
    keys = [
        {a.key for row in client.items(batch.batch_id) for a in row.artifacts} for batch in (first, again)
    ]
    rows = [row for batch in (first, again) for row in client.items(batch.batch_id)]
    assert {row.state for row in rows} <= {"done", "review"}, [(row.ref, row.error_message) for row in rows]
    assert keys[0] == keys[1] and keys[0]
    assert reused(s3_service) == {(first.batch_id, 0): 2, (again.batch_id, 1): 2}

    row = next(iter(client.items(again.batch_id)))
    landmarks = audit_item(s3_service.store.database, row.id).set_of("garment")
    assert landmarks is not None
    name = landmarks.points.present[0]
    x, y = (float(value) for value in landmarks.points[name])
    moves = {"garment": {name: (x + 3.0, y + 4.0)}}
    correct(s3_service.store.database, row.id, moves, by="ines", look=unasked)
    s3_service.until(lambda: s3_service.store.batch_status(again.batch_id).state == "finished", 200)
    corrected = s3_service.store.item(row.id)
    assert corrected.state in ("done", "review"), corrected.error_message
    assert not {a.key for a in corrected.artifacts} & keys[0]
    told = audit_item(s3_service.store.database, row.id)
    placed = told.set_of("garment")
    assert placed is not None and placed.author == "ines" and placed.parent_id == landmarks.id
    assert placed.points[name] == pytest.approx((x + 3.0, y + 4.0), abs=1e-3)
    check_nothing_lost(s3_service, retried=True, corrected=True)
    client.close()


def reused(service: Service) -> dict[Any, int]:
    """(batch, reused) → drapes."""
    with service.store.database.transaction(write=False) as connection:
        found = connection.execute(
            text(
                "SELECT i.batch_id, d.reused, count(*) FROM drapes d JOIN items i ON i.id = d.item_id "
                "GROUP BY i.batch_id, d.reused"
            )
        )
        return {(batch, int(again)): count for batch, again, count in found}


def unasked(job: Job, subject: str) -> str:
    raise AssertionError("both were looked at before")
