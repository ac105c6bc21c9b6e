"""retry, requeue and cancel over a database, without the service."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.cli.main import cli
from flixpose.errors import FlixposeError, NoPerson, NotFound, StoreUnavailable, UsageError
from tests.adapters.samples import jobs


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobStore:
    url = f"sqlite:///{tmp_path}/f.sqlite"
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", url)
    database = Database(url)
    database.migrate()
    return JobStore(database, max_attempts=1)


@pytest.fixture
def batch(store: JobStore) -> str:
    """Four items: one dead, one failed, two queued."""
    batch = store.create_batch(jobs(4), key=None, manifest_sha256="").id
    ids = [row.id for row in store.items(batch)]
    failures: list[FlixposeError] = [StoreUnavailable("away"), NoPerson("nobody")]
    for claim, failure in zip(store.claim(ids[:2], "w"), failures, strict=True):
        store.fail(claim, failure)
    return batch


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, catch_exceptions=True)


def counts(store: JobStore, batch: str) -> dict[str, int]:
    return {state: n for state, n in store.batch_status(batch).counts.items() if n}


def test_cancel_and_retry(store: JobStore, batch: str) -> None:
    assert "2 items cancelled" in run("cancel", batch).output
    assert counts(store, batch) == {"failed": 1, "dead": 1, "cancelled": 2}
    assert "3 items queued" in run("retry", batch, "--keep", "no_person").output
    assert counts(store, batch) == {"failed": 1, "queued": 3}
    for verb in ("cancel", "retry"):
        assert isinstance(run(verb, "none").exception, NotFound)


def test_requeue_brings_back_the_dead_of_all_batches(store: JobStore, batch: str) -> None:
    assert isinstance(run("requeue").exception, UsageError)
    assert f"{batch}: 1 items queued" in run("requeue", "--dead").output
    assert counts(store, batch) == {"failed": 1, "queued": 3}
    assert run("requeue", "--dead", batch).output == ""


def test_an_unknown_lane_and_a_webhook_that_is_not_allowed_are_refused(
    tmp_path: Path, store: JobStore
) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("sku,product,person\na,s3://b/x.jpg,s3://b/y.jpg\n")
    assert run("submit", str(manifest), "--lane", "express").exit_code == 2
    refused = run("submit", str(manifest), "--webhook", "http://10.0.0.1/x").exception
    assert isinstance(refused, FlixposeError) and refused.code == "forbidden_uri"
    assert not store.batches()
    assert run("submit", str(manifest), "--lane", "rush").exit_code == 0
    (message,) = store.unpublished()
    assert message.lane == "rush"
