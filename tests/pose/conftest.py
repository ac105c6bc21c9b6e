import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flixpose.adapters.weights import WeightsCache
from flixpose.errors import WeightsMissing
from flixpose.imaging.decode import read_image
from flixpose.ports import PoseEstimator
from flixpose.pose import DEFAULT, load
from flixpose.settings import load_settings
from flixpose.structures.image import Image


@pytest.fixture(scope="session")
def estimator() -> PoseEstimator:
    """BlazePose with the real weights; `make test` pulls them first."""
    try:
        return load(DEFAULT, WeightsCache(load_settings().home))
    except WeightsMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def person(shared: Path) -> Callable[[str], Image]:
    """A shared photo of a person by its file name."""
    return lambda name: read_image(shared / "photos" / "persons" / name)
