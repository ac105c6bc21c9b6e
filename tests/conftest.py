"""Shared fixtures.

Photos under FLIXPOSE_SHARED may be used and never committed; without it those tests skip.
"""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.services import (  # noqa: F401
    postgres_server,
    postgres_url,
    redis_server,
    redis_url,
    s3_env,
    s3_server,
    services_folder,
)


def pytest_configure(config: pytest.Config) -> None:
    """Let children hear Ctrl-C even where the tests were started in the background, which ignores it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos and annotations."""
    root = os.environ.get("FLIXPOSE_SHARED")
    if not root:
        pytest.skip("FLIXPOSE_SHARED is not set: no real photos to test against")
    path = Path(root)
    if not path.is_dir():
        pytest.fail(f"FLIXPOSE_SHARED={root} is not a folder")
    return path
