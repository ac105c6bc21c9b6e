"""The store goes wrong in every way it can: a proxy of our own between the workers and a real S3 endpoint."""

import hashlib
from collections.abc import Callable, Iterator
from typing import cast, get_args

import pytest

from tests.workers.fakes import prefix
from tests.workers.faulty_http import Fault, FaultyProxy, Plan
from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service, s3_service  # noqa: F401
from tests.workers.test_faults_items import jpeg, outcomes, put_photos

pytestmark = pytest.mark.services

_READING: tuple[Fault, ...] = ("500", "503", "slow", "reset", "corrupt", "cut")
_WRITING: tuple[Fault, ...] = ("500", "503", "slow", "reset", "lost")
_QUICK = ("--stale-after", "20", "--unclaimed-after", "0.5", "--sweep-every", "0.3")


@pytest.fixture
def through(s3_service: Service) -> Iterator[Callable[[Plan], FaultyProxy]]:  # noqa: F811
    """Puts a proxy with such a plan between the workers and the store."""
    proxies: list[FaultyProxy] = []

    def put(plan: Plan) -> FaultyProxy:
        proxies.append(FaultyProxy(s3_service.variables["AWS_ENDPOINT_URL"], plan))
        return proxies[-1]

    yield put
    s3_service.close()
    for proxy in proxies:
        proxy.close()


def told_fault(path: str, before: int) -> Fault | None:
    """`once-500` fails the first time, `always-cut` every time."""
    how, _, fault = path.rsplit("/", 1)[-1].partition("-")
    wanted = fault in get_args(Fault) and (how == "always" or (how == "once" and not before))
    return cast(Fault, fault) if wanted else None


def written_fault(method: str, path: str, before: int) -> Fault | None:
    """Two of three objects fail the first time, each in a way that its name decides."""
    number = hashlib.sha256(f"{path.split('/results/')[1]}{method}".encode()).digest()[0]
    faults: tuple[Fault, ...] = (*_WRITING, "bad_digest") if method == "PUT" else _WRITING
    return None if before or number % 3 == 0 else faults[number % len(faults)]


def plan(method: str, path: str, before: int) -> Fault | None:
    if "/inputs/" in path and method == "GET":
        return told_fault(path, before)
    if "/results/" in path and method in ("PUT", "HEAD"):
        return written_fault(method, path, before)
    return None


def test_a_store_with_bad_days_costs_time_and_nothing_else(
    s3_service: Service,  # noqa: F811
    through: Callable[[Plan], FaultyProxy],
) -> None:
    passing = [f"once-{fault}" for fault in _READING]
    lasting = {
        "always-corrupt": ("dead", "store_unavailable"),
        "always-no_key": ("failed", "missing_input"),
        "always-no_bucket": ("failed", "missing_input"),
    }
    pattern = put_photos(s3_service, dict.fromkeys([*passing, *lasting], jpeg(64)))
    proxy = through(plan)
    batch = s3_service.submit([*passing, *lasting], chunk_size=2, photo=pattern)
    s3_service.relay(_QUICK)
    s3_service.worker(2, AWS_ENDPOINT_URL=proxy.endpoint)
    s3_service.wait(batch, 200)
    assert outcomes(s3_service, batch) == {**dict.fromkeys(passing, ("done", None)), **lasting}
    assert proxy.seen.keys() >= {*_READING, *_WRITING, "no_key", "no_bucket", "bad_digest"}, proxy.seen
    check_nothing_lost(s3_service)


def test_what_a_failed_upload_left_is_cleared_away_and_done_again_later(
    s3_service: Service,  # noqa: F811
    through: Callable[[Plan], FaultyProxy],
) -> None:
    broken = True
    half = prefix("half", "half")

    def no_bucket_for_reports(method: str, path: str, before: int) -> Fault | None:
        return "no_bucket" if broken and method == "PUT" and path.endswith(f"{half}/report.json") else None

    pattern = put_photos(s3_service, dict.fromkeys(("half", "ok"), jpeg(64)))
    proxy = through(no_bucket_for_reports)
    batch = s3_service.submit(["half", "ok"], photo=pattern)
    s3_service.relay(("--stale-after", "4", "--unclaimed-after", "0.5", "--sweep-every", "0.3"))
    s3_service.worker(1, AWS_ENDPOINT_URL=proxy.endpoint)
    s3_service.wait(batch)
    assert outcomes(s3_service, batch) == {"half": ("dead", "store_unavailable"), "ok": ("done", None)}
    check_nothing_lost(s3_service)
    assert "2 objects that were never recorded" in s3_service.logs()
    broken = False
    assert s3_service.store.retry(batch) == 1
    s3_service.wait(batch)
    assert outcomes(s3_service, batch) == dict.fromkeys(("half", "ok"), ("done", None))
    check_nothing_lost(s3_service, retried=True)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_a_store_that_fails_often_over_two_hundred_items(
    s3_service: Service,  # noqa: F811
    through: Callable[[Plan], FaultyProxy],
) -> None:
    def often(method: str, path: str, before: int) -> Fault | None:
        if "/inputs/" not in path and "/results/" not in path:
            return None
        tail = path.split("/test-")[-1].partition("/")[2]
        number = hashlib.sha256(f"{method} {tail} {before}".encode()).digest()[0]
        faults = _READING if method == "GET" else _WRITING
        return faults[number % len(faults)] if number < 60 else None

    names = [f"ok-{n}" for n in range(200)]
    pattern = put_photos(s3_service, dict.fromkeys(names, jpeg(64)))
    proxy = through(often)
    batch = s3_service.submit(names, chunk_size=8, photo=pattern)
    s3_service.relay(("--stale-after", "60", "--unclaimed-after", "2", "--sweep-every", "1"))
    s3_service.worker(2, AWS_ENDPOINT_URL=proxy.endpoint)
    status = s3_service.wait(batch, 800)
    assert status.counts["done"] + status.counts["dead"] == 200 and status.counts["done"] > 190
    assert sum(proxy.seen.values()) > 200, proxy.seen
    s3_service.store.retry(batch)
    s3_service.wait(batch, 100)
    check_nothing_lost(s3_service, retried=True)
