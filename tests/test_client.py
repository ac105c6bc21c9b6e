"""Submitting, waiting and fetching over a real database and S3 endpoint; a fake pipeline does the work."""

from pathlib import Path

import pytest
from PIL import Image

from flixpose.client import Client
from flixpose.errors import Conflict, NotFound, StoreUnavailable
from flixpose.imaging.files import sha256_hex
from flixpose.settings import load_settings
from tests.workers.service import Service, s3_service  # noqa: F401

pytestmark = pytest.mark.services


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A manifest of five good rows over four pictures (two of the same content), and two bad rows."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    for n, name in enumerate(("shirt.jpg", "dress.png", "anna.jpg")):
        Image.new("RGB", (80, 90), (n * 60, 90, 200)).save(folder / name)
    (folder / "anna again.jpg").write_bytes((folder / "anna.jpg").read_bytes())
    (folder / "broken.jpg").write_text("no picture")
    manifest = folder / "catalogue.csv"
    manifest.write_text(
        "sku,product,person,ref\n"
        "ok-1,shirt.jpg,anna.jpg,\n"
        "review-2,shirt.jpg,anna again.jpg,second\n"
        "bad-3,dress.png,anna.jpg,\n"
        "ok-4,broken.jpg,anna.jpg,\n"
        "ok-5,nowhere.jpg,anna.jpg,\n"
        "ok-6,dress.png,anna.jpg,\n"
    )
    return manifest


@pytest.fixture
def client(s3_service: Service) -> Client:  # noqa: F811
    return Client(load_settings())


def test_local_pictures_are_uploaded_once_by_content_and_bad_rows_named(
    client: Client, catalogue: Path
) -> None:
    submission = client.submit(catalogue)
    assert (submission.created, submission.accepted) == (True, 4)
    assert [(row.line, row.code) for row in submission.rejected] == [
        (5, "unreadable_image"),
        (6, "missing_input"),
    ]
    assert "Line 5" in submission.rejected[0].message and "broken.jpg" in submission.rejected[0].message
    jobs = {row.job.sku: row.job for row in client.items(submission.batch_id) if row.job}
    assert jobs["ok-1"].person == jobs["review-2"].person
    anna = (catalogue.parent / "anna.jpg").read_bytes()
    assert jobs["ok-1"].person == client.store.uri(f"inputs/{sha256_hex(anna)}.jpg")
    assert client.store.get(f"inputs/{sha256_hex(anna)}.jpg") == anna
    status = client.status(submission.batch_id)
    assert (status.total, status.counts["failed"], status.counts["queued"]) == (6, 2, 4)


def test_a_key_names_one_submission(client: Client, catalogue: Path) -> None:
    first = client.submit(catalogue, key="spring")
    again = client.submit(catalogue, key="spring")
    assert (again.batch_id, again.created) == (first.batch_id, False)
    assert client.submit(catalogue).batch_id != first.batch_id
    Image.new("RGB", (80, 90), "red").save(catalogue.parent / "shirt.jpg")  # the same rows, another picture
    with pytest.raises(Conflict):
        client.submit(catalogue, key="spring")


def test_what_is_done_is_fetched_verified_and_not_fetched_twice(
    client: Client,
    s3_service: Service,  # noqa: F811
    catalogue: Path,
    tmp_path: Path,
) -> None:
    s3_service.relay()
    s3_service.worker()
    batch = client.submit(catalogue).batch_id
    seen = []
    status = client.wait(batch, report=seen.append, poll_s=0.1)
    assert {state: n for state, n in status.counts.items() if n} == {"done": 2, "review": 1, "failed": 3}
    assert seen[-1] == status
    out = tmp_path / "out"
    assert client.fetch(batch, out).files.fetched == 6  # a picture and a report for each of three
    assert sorted(path.name for path in (out / "second").iterdir()) == ["report.json", "result.jpg"]
    (out / "second" / "result.jpg").write_bytes(b"damaged")
    files = client.fetch(batch, out).files
    assert (files.fetched, files.kept) == (1, 5)
    assert client.fetch(batch, out, layers=True).files.fetched == 3
    lines = (out / "results.csv").read_text().splitlines()
    assert len(lines) == 7
    assert lines[2].startswith("3,second,review-2,review,review,")
    assert lines[3].startswith("4,bad-3-anna,bad-3,failed,,,no_person,")


def test_bytes_that_differ_from_the_record_are_not_delivered(
    client: Client,
    s3_service: Service,  # noqa: F811
    catalogue: Path,
    tmp_path: Path,
) -> None:
    s3_service.relay()
    s3_service.worker()
    batch = client.submit(catalogue).batch_id
    client.wait(batch, poll_s=0.1)
    row = next(row for row in client.items(batch) if row.sku == "ok-1")
    picture = next(artifact for artifact in row.artifacts if artifact.name == "result.jpg")
    client.store.put(picture.key, b"other", media_type="image/jpeg", sha256=sha256_hex(b"other"))
    fetched = client.fetch(batch, tmp_path / "out")
    [(ref, failure)] = fetched.failures
    assert ref == "ok-1-anna" and isinstance(failure, StoreUnavailable)
    assert not (tmp_path / "out" / "ok-1-anna" / "result.jpg").exists()
    assert (tmp_path / "out" / "second" / "result.jpg").exists()


def test_an_unknown_batch_is_not_found(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        client.fetch("20270101-000000-abcdef", tmp_path)
