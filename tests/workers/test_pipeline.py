"""The true pipeline behind the worker: sample pictures in, objects and audit rows out."""

import csv
from pathlib import Path

import pytest

from flixpose import resources
from flixpose.adapters.weights import WeightsCache
from flixpose.client import Client
from flixpose.settings import load_settings
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
