"""Photos through a net in micro-batches that shrink when the GPU's memory does not hold them."""

import logging
import sys
from collections.abc import Sequence
from typing import ClassVar

from flixpose.errors import FlixposeError
from flixpose.ports import PoseEstimator
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Image

log = logging.getLogger("flixpose.gpu")


class GpuMemoryFull(FlixposeError):
    code: ClassVar[str] = "gpu_memory_full"
    retry = True
    remedy = "Run fewer processes on this GPU, take a smaller net, or lower FLIXPOSE_MAX_MEGAPIXELS."


class MicroBatchedPoses:
    """`PoseEstimator` over another one.

    Out of memory, it halves the micro-batch, says so, and keeps to the new size.

    Args:
        most: photos in a micro-batch to begin with.
    """

    def __init__(self, eyes: PoseEstimator, *, most: int = 16) -> None:
        self._eyes = eyes
        self.most = most

    @property
    def model(self) -> ModelInfo:
        return self._eyes.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self._eyes.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Raises GpuMemoryFull: not even one photo fits."""
        found: list[tuple[Pose, ...]] = []
        while len(found) < len(images):
            some = images[len(found) : len(found) + self.most]
            try:
                found += self._eyes(some)
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


def is_out_of_memory(failure: RuntimeError) -> bool:
    """Whether torch ran out of GPU memory; without torch nothing does."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(failure, torch.OutOfMemoryError)
