"""A picture is the same on however many threads it is made."""

from collections.abc import Iterator
from dataclasses import fields
from threading import get_ident
from typing import Any

import cv2
import numpy as np
import pytest

from flixpose.fit.remembered import forget_everything
from flixpose.geometry import threads
from flixpose.pipeline import drape
from flixpose.structures.drape import Drape
from flixpose.structures.image import Mask
from tests.fit.figures import make_garment
from tests.stages.scene import small_person, tools_for


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    threads.at_most(None)
    cv2.setNumThreads(before)


def pixels(found: Drape) -> dict[str, Any]:
    planes = {field.name: getattr(found, field.name) for field in fields(found)}
    planes = {name: plane.alpha if isinstance(plane, Mask) else plane for name, plane in planes.items()}
    return {name: plane for name, plane in planes.items() if isinstance(plane, np.ndarray)}


def test_two_threads_make_the_picture_that_one_makes(
    two_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, pose, _ = small_person("spread")
    product, garment = make_garment("long_sleeve_top", unit=170.0)
    tools, workers = tools_for((pose,), garment), set()
    begun = threads._begun

    def watched(work: Any) -> Any:
        return begun(lambda: (workers.add(get_ident()), work())[1])

    monkeypatch.setattr(threads, "_begun", watched)
    drapes = []
    for most in (1, 2):
        forget_everything()
        threads.at_most(most)
        drapes.append(drape(person, product, tools))
        assert bool(workers) == (most > 1), "a helper has worked along"
    one, two = (pixels(found) for found in drapes)
    assert {"picture", "garment_layer", "shadow", "painted"} <= set(one)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert drapes[0].quality == drapes[1].quality
