"""The Celery message `submit`: a manifest in the bucket becomes a batch, once."""

import pytest

from flixpose.adapters.stores import open_store
from flixpose.imaging.files import sha256_hex
from flixpose.settings import load_settings
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service, s3_service  # noqa: F401
from tests.workers.test_faults_items import jpeg
from workers.app import SUBMIT_QUEUE, app

pytestmark = pytest.mark.services


def test_a_manifest_in_the_bucket_becomes_one_batch(s3_service: Service) -> None:  # noqa: F811
    blobs = open_store(s3_service.variables["FLIXPOSE_STORE_URL"], load_settings())
    rows = "sku,product,person\nok-1,shirt.jpg,anna.jpg\nok-2,file:///etc/passwd,anna.jpg\nok-3,gone.jpg,anna.jpg\n"
    files = {"shirt.jpg": jpeg(70), "anna.jpg": jpeg(64), "spring.csv": rows.encode()}
    for name, data in files.items():
        blobs.put(f"inputs/{name}", data, media_type="text/plain", sha256=sha256_hex(data))
    uri = blobs.uri("inputs/spring.csv")
    app.conf.broker_url = s3_service.variables["FLIXPOSE_BROKER_URL"]
    for manifest, key, lane in (
        (uri, "spring", "rush"),
        (uri, "spring", "rush"),
        ("s3://elsewhere/x.csv", "other", "bulk"),
        (uri, "", "bulk"),
        (uri, "spring", "express"),
    ):
        app.send_task("flixpose.submit", (manifest, key, lane), queue=SUBMIT_QUEUE)
    s3_service.relay()
    s3_service.worker()
    s3_service.until(lambda: bool(s3_service.store.batches()))
    (batch,) = s3_service.store.batches()
    assert batch.key == "spring" and batch.total == 3
    s3_service.wait(batch.id)
    s3_service.until(lambda: s3_service.logs().count('"code": "usage"') == 2)
    outcomes = {row.sku: (row.state, row.error_code) for row in s3_service.store.items(batch.id)}
    assert outcomes == {
        "ok-1": ("done", None),
        "ok-2": ("failed", "forbidden_uri"),
        "ok-3": ("failed", "missing_input"),
    }
    assert '"code": "forbidden_uri"' in s3_service.logs()
    assert len(s3_service.store.batches()) == 1
    check_nothing_lost(s3_service)
