"""Eyes that remember: a photo seen again, under whatever name, is not looked at again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from flixpose.errors import FlixposeError
from flixpose.ports import GarmentAsk, GarmentReader, PoseEstimator
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image

Net = TypeVar("Net")
Asked = TypeVar("Asked")
Found = TypeVar("Found")


class _Memo(Generic[Net, Asked, Found]):
    """A net that is loaded when first needed, used by one thread at a time, and its newest answers.

    One at a time, since a net of its own in each thread would cost memory and gain nothing: it already uses
    several cores. A failure is no answer: it is given back, and asked for anew the next time.
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

    def __call__(
        self,
        asked: Sequence[Asked],
        key: Callable[[Asked], Hashable],
        look: Callable[[Net, list[Asked]], Sequence[Found | FlixposeError]],
    ) -> list[Found | FlixposeError]:
        """An answer each; `look` sees all that is new, and each content once."""
        with self._lock:
            answers: dict[Hashable, Found | FlixposeError] = {
                key(one): self._found[key(one)] for one in asked if key(one) in self._found
            }
            new = {key(one): one for one in asked if key(one) not in answers}
            if new:
                answers |= dict(zip(new, look(self.net, list(new.values())), strict=True))
            for name, answer in answers.items():
                if not isinstance(answer, FlixposeError):
                    self._found[name] = answer
                    self._found.move_to_end(name)
            while len(self._found) > self._keep:
                self._found.popitem(last=False)
            return [answers[key(one)] for one in asked]


class RememberedPoses:
    """`PoseEstimator` over another one.

    Args:
        load: makes it, when the first photo comes.
        keep: photos whose people are remembered (masks included: one byte a pixel); at least 1.
    """

    def __init__(self, load: Callable[[], PoseEstimator], *, keep: int = 32) -> None:
        self._memo: _Memo[PoseEstimator, Image, tuple[Pose, ...]] = _Memo(load, keep)

    @property
    def model(self) -> ModelInfo:
        return self._memo.net.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self._memo.net.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        found = self._memo(images, lambda image: image.sha256, lambda net, new: net(new))
        return [_raised(people) for people in found]


class RememberedGarments:
    """`GarmentReader` over another one; arguments as for `RememberedPoses`."""

    def __init__(self, load: Callable[[], GarmentReader], *, keep: int = 32) -> None:
        self._memo: _Memo[GarmentReader, GarmentAsk, Garment] = _Memo(load, keep)

    @property
    def model(self) -> ModelInfo:
        return self._memo.net.model

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        def look(net: GarmentReader, new: list[GarmentAsk]) -> list[Garment]:
            return [net(ask.image, kind=ask.kind, view=ask.view) for ask in new]

        return _raised(self._memo([GarmentAsk(image, kind, view)], _content, look)[0])

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        return self._memo(asks, _content, lambda net, new: net.read_all(new))


def _content(ask: GarmentAsk) -> Hashable:
    return ask.image.sha256, ask.kind, ask.view


def _raised(answer: Found | FlixposeError) -> Found:
    if isinstance(answer, FlixposeError):
        raise answer
    return answer
