"""Items that do harm: each ends by itself, with its own code, and the others are done."""

import io

import numpy as np
import pytest
from PIL import Image

from flixpose.adapters.stores import open_store
from flixpose.imaging.files import sha256_hex
from flixpose.settings import load_settings
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services


def jpeg(side: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(out, "JPEG")
    return out.getvalue()


def put_photos(service: Service, photos: dict[str, bytes]) -> str:
    """Photos into the store; the pattern of their URIs."""
    settings = load_settings({**service.variables, "HOME": str(service.folder)})
    blobs = open_store(settings.store_url, settings)
    for name, data in photos.items():
        blobs.put(f"inputs/{name}", data, media_type="image/jpeg", sha256=sha256_hex(data))
    return blobs.uri("inputs/x").removesuffix("x") + "{sku}"


def outcomes(service: Service, batch: str) -> dict[str | None, tuple[str, str | None]]:
    return {row.sku: (row.state, row.error_code) for row in service.store.items(batch)}


def test_poison_photos_fail_by_name_and_the_others_are_done(service: Service) -> None:
    good = jpeg(64)
    photos = {
        "ok": good,
        "torn": good[: len(good) // 2],
        "noise": np.random.default_rng(1).bytes(2000),
        "bomb": jpeg(3000),  # 36 kB that become 27 MB of pixels
        "fat": good + bytes(1_100_000),
    }
    pattern = put_photos(service, photos)
    batch = service.submit(["ok", "torn", "noise", "bomb", "fat", "gone", "ok"], photo=pattern)
    service.relay()
    service.worker()
    service.wait(batch)
    assert outcomes(service, batch) == {
        "ok": ("done", None),
        "torn": ("failed", "unreadable_image"),
        "noise": ("failed", "unreadable_image"),
        "bomb": ("failed", "image_too_large"),
        "fat": ("failed", "image_too_large"),
        "gone": ("failed", "missing_input"),
    }
    check_nothing_lost(service)


def test_items_that_hang_crash_or_eat_memory_end_dead_and_the_others_are_done(service: Service) -> None:
    batch = service.submit(["ok", "sleep", "crash", "ok", "hang", "eat", "ok"], chunk_size=7)
    service.relay(("--stale-after", "9", "--unclaimed-after", "0.5", "--sweep-every", "0.3"))
    variables = {"FLIXPOSE_ITEM_LIMIT_S": "3", "FLIXPOSE_GUARD_GRACE_S": "0.5"}
    worker = service.worker(2, "--memory-mb", "400", **variables)
    service.wait(batch, 200)
    found = outcomes(service, batch)
    # On a machine that is short of time, eating may take too long before it takes too much.
    assert found.pop("eat") in (("dead", "worker_lost"), ("dead", "too_slow"))
    assert found == {
        "ok": ("done", None),
        "sleep": ("dead", "too_slow"),
        "crash": ("dead", "worker_lost"),
        "hang": ("dead", "worker_lost"),
    }
    said = worker.log.read_text()
    assert "does not come to an end" in said and "MiB of memory, more than the 400 allowed" in said
    check_nothing_lost(service)
