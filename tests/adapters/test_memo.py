"""Eyes that remember are real estimators: they look once, and only when asked."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from flixpose.adapters.memo import RememberedGarments, RememberedPoses
from flixpose.errors import NoGarment
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image

MODEL = ModelInfo("eyes", "1", "pose", "Apache-2.0", "test", "")


def photo(sha256: str) -> Image:
    return Image(np.zeros((8, 8, 3), np.uint8), None, sha256, f"{sha256}.jpg")


class Eyes:
    """Counts what it looks at, and notices two threads at once."""

    model = MODEL
    models = (MODEL,)

    def __init__(self) -> None:
        self.looked: list[str] = []
        self._busy = threading.Lock()

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        assert self._busy.acquire(blocking=False), "a net is no place for two"
        self.looked += [image.sha256 for image in images]
        threading.Event().wait(0.01)
        self._busy.release()
        return [() for _ in images]


def test_a_photo_is_looked_at_once_whatever_its_name() -> None:
    made: list[Eyes] = []

    def load() -> Eyes:
        made.append(Eyes())
        return made[-1]

    poses = RememberedPoses(load, keep=2)
    assert not made, "nothing is loaded before it is needed"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: poses([photo("ab"[n % 2])]), range(12)))
    (eyes,) = made
    assert sorted(eyes.looked) == ["a", "b"] and poses.model is MODEL
    for name in "abca":
        poses([photo(name)])
    assert eyes.looked[2:] == ["c", "a"], "the oldest of three was forgotten"


def test_a_garment_is_remembered_with_what_was_told() -> None:
    seen: list[tuple[str, str | None]] = []

    class Reader:
        model = MODEL

        def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
            seen.append((image.sha256, kind))
            raise NoGarment("none")

    garments = RememberedGarments(Reader)
    for kind in (None, "vest", None):
        with pytest.raises(NoGarment):
            garments(photo("a"), kind=kind)
    assert seen == [("a", None), ("a", "vest"), ("a", None)], "a failure is not an answer"
