"""Eyes that remember: a photo seen again, under whatever name, is not looked at again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from flixpose.ports import GarmentReader, PoseEstimator
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image

Net = TypeVar("Net")
Found = TypeVar("Found")


class _Memo(Generic[Net, Found]):
    """A net that is loaded when first needed, used by one thread at a time, and its newest answers.

    One at a time, since a net of its own in each thread would cost memory and gain nothing: it already uses
    several cores.
    """

    def __init__(self, load: Callable[[], Net], keep: int) -> None:
        self._load = load
        self._keep = keep
        self._net: Net | None = None
        self._found: OrderedDict[Hashable, Found] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def net(self) -> Net:
        with self._lock:
            if self._net is None:
                self._net = self._load()
            return self._net

    def __call__(self, key: Hashable, look: Callable[[Net], Found]) -> Found:
        with self._lock:
            if key not in self._found:
                self._found[key] = look(self.net)
            self._found.move_to_end(key)
            while len(self._found) > self._keep:
                self._found.popitem(last=False)
            return self._found[key]


class RememberedPoses:
    """`PoseEstimator` over another one.

    Args:
        load: makes it, when the first photo comes.
        keep: photos whose people are remembered (masks included: one byte a pixel); at least 1.
    """

    def __init__(self, load: Callable[[], PoseEstimator], *, keep: int = 32) -> None:
        self._memo: _Memo[PoseEstimator, tuple[Pose, ...]] = _Memo(load, keep)

    @property
    def model(self) -> ModelInfo:
        return self._memo.net.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self._memo.net.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        return [self._people(image) for image in images]

    def _people(self, image: Image) -> tuple[Pose, ...]:
        return self._memo(image.sha256, lambda net: net([image])[0])


class RememberedGarments:
    """`GarmentReader` over another one; arguments as for `RememberedPoses`."""

    def __init__(self, load: Callable[[], GarmentReader], *, keep: int = 32) -> None:
        self._memo: _Memo[GarmentReader, Garment] = _Memo(load, keep)

    @property
    def model(self) -> ModelInfo:
        return self._memo.net.model

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        return self._memo((image.sha256, kind, view), lambda net: net(image, kind=kind, view=view))
