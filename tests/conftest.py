"""Shared fixtures.

Photos under FLIXPOSE_SHARED may be used and never committed; without it those tests skip."""

import os
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
