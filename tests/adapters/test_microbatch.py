"""A net that runs out of memory above some number of photos is asked in smaller numbers, and it is said."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from flixpose.adapters.microbatch import GpuMemoryFull, MicroBatchedGarments, MicroBatchedPoses
from flixpose.errors import FlixposeError, NoGarment
from flixpose.ports import GarmentAsk
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Image


@dataclass
class Eyes:
    """Holds `room` photos at once."""

    room: int
    asked: list[int] = field(default_factory=list)
    model = ModelInfo("eyes", "1", "pose", "Apache-2.0", "test", "")
    models = (model,)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        self.asked.append(len(images))
        if len(images) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [()] * len(images)


def photos(count: int) -> list[Image]:
    return [Image(np.zeros((4, 4, 3), np.uint8), None, f"{n:064}", "photo") for n in range(count)]


def test_it_halves_until_it_fits_says_so_and_keeps_to_it(caplog: pytest.LogCaptureFixture) -> None:
    eyes = Eyes(room=5)
    poses = MicroBatchedPoses(eyes, most=16)
    with caplog.at_level(logging.WARNING):
        assert len(poses(photos(20))) == 20
    assert eyes.asked == [16, 8, 4, 4, 4, 4, 4] and poses.most == 4
    assert "16 photos at once: 8 from now on" in caplog.text
    poses(photos(3))
    assert eyes.asked[-1] == 3


def test_product_photos_are_halved_too(caplog: pytest.LogCaptureFixture) -> None:
    class Reader(Eyes):
        def read_all(self, asks: Sequence[GarmentAsk]) -> list[FlixposeError]:
            self([ask.image for ask in asks])
            return [NoGarment(ask.image.sha256) for ask in asks]

    reader = Reader(room=3)
    garments = MicroBatchedGarments(reader, most=8)  # type: ignore[arg-type] - it finds nothing, ever
    found = garments.read_all([GarmentAsk(photo) for photo in photos(9)])
    assert reader.asked == [8, 4, 2, 2, 2, 2, 1] and garments.most == 2
    assert [failure.message for failure in found] == [photo.sha256 for photo in photos(9)]
    assert "8 photos at once: 4 from now on" in caplog.text


def test_one_photo_that_does_not_fit_is_a_typed_failure() -> None:
    with pytest.raises(GpuMemoryFull) as failure:
        MicroBatchedPoses(Eyes(room=0), most=4)(photos(4))
    assert failure.value.retry


def test_other_failures_pass() -> None:
    class Broken(Eyes):
        def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
            raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        MicroBatchedPoses(Broken(1))(photos(1))
