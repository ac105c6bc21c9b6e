"""Photos through a net in micro-batches that shrink when the GPU's memory does not hold them."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from flixpose.errors import FlixposeError
from flixpose.ports import GarmentAsk, GarmentReader, PoseEstimator
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

log = logging.getLogger("flixpose.gpu")


class GpuMemoryFull(FlixposeError):
    code: ClassVar[str] = "gpu_memory_full"
    retry = True
    remedy = "Run fewer processes on this GPU, take a smaller net, or lower FLIXPOSE_MAX_MEGAPIXELS."


class MicroBatch:
    """How many photos a net is asked about at once.

    Out of memory, it halves the micro-batch, says so, and keeps to the new size.

    Attributes:
        most: photos in a micro-batch.
    """

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(
        self, look: Callable[[Sequence[Asked]], Sequence[Answer]], asked: Sequence[Asked]
    ) -> list[Answer]:
        """Raises GpuMemoryFull: not even one photo fits."""
        found: list[Answer] = []
        while len(found) < len(asked):
            some = asked[len(found) : len(found) + self.most]
            try:
                found += look(some)
            except RuntimeError as failure:
                if not is_out_of_memory(failure):
                    raise
                self._shrink(len(some), failure)
        return found

    def _shrink(self, tried: int, failure: RuntimeError) -> None:
        sys.modules["torch"].cuda.empty_cache()
        if tried == 1:
            raise GpuMemoryFull("The GPU's memory does not hold one photo.") from failure
        self.most = tried // 2
        log.warning("out of GPU memory with %d photos at once: %d from now on", tried, self.most)


class MicroBatchedPoses:
    """`PoseEstimator` over another one.

    Args:
        most: photos in a micro-batch to begin with.
    """

    def __init__(self, eyes: PoseEstimator, *, most: int = 16) -> None:
        self._eyes = eyes
        self._batch = MicroBatch(most)

    @property
    def model(self) -> ModelInfo:
        return self._eyes.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self._eyes.models

    @property
    def most(self) -> int:
        """Photos in a micro-batch now."""
        return self._batch.most

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Raises GpuMemoryFull: not even one photo fits."""
        return self._batch(self._eyes, images)


class MicroBatchedGarments:
    """`GarmentReader` over another one; `most` as for `MicroBatchedPoses`."""

    def __init__(self, reader: GarmentReader, *, most: int = 16) -> None:
        self._reader = reader
        self._batch = MicroBatch(most)

    @property
    def model(self) -> ModelInfo:
        return self._reader.model

    @property
    def most(self) -> int:
        return self._batch.most

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """Raises GpuMemoryFull, and what the other one raises."""
        return self._batch(
            lambda asks: [self._reader(ask.image, kind=ask.kind, view=ask.view) for ask in asks],
            [GarmentAsk(image, kind, view)],
        )[0]

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        """Raises GpuMemoryFull: not even one photo fits."""
        return self._batch(self._reader.read_all, asks)


def is_out_of_memory(failure: RuntimeError) -> bool:
    """Whether torch ran out of GPU memory; without torch nothing does."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(failure, torch.OutOfMemoryError)
