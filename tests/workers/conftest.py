from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.service import Service


@pytest.fixture
def service(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Service]:
    running = Service(tmp_path, postgres_url, redis_url)
    yield running
    running.close()
