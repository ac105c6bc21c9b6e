"""Eight photos at once and one by one: families of every kind, random weights, CPU time of one thread."""

import importlib
from collections.abc import Callable

import numpy as np
import torch

from flixpose.pose import FAMILIES
from flixpose.pose.families.parts import OneStage, TopDown
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Box, Image
from flixpose.training.pose_tasks import estimator_of
from tests.bench.rows import Row
from tests.pose.codec.measure import milliseconds

_INFO = ModelInfo("net", "1", "keypoints", "none", "random weights", "")
_COUNT = 8
# family, size, and (width, height) that its net sees: small, so that the table is quick.
_CASES = (
    ("simple_baseline", "r50", (96, 128)),
    ("vitpose", "s", (192, 256)),
    ("yolo_pose", "n", (256, 256)),
    ("posenet", "50", (257, 257)),
    ("lightweight_openpose", "mobilenet", (256, 256)),
)


def rows(quick: bool) -> list[Row]:
    return [_row(*case, runs=2 if quick else 5) for case in _CASES]


def _row(family: str, size: str, picture: tuple[int, int], *, runs: int) -> Row:
    torch.manual_seed(1)
    net = importlib.import_module(FAMILIES[family].module).nets.build(size).eval()
    call = _call(estimator_of(family, net, _INFO, picture=picture))
    images = [Image(np.full((320, 240, 3), 9 * n, np.uint8), None, "", "grey") for n in range(_COUNT)]
    together = alone = np.inf
    for _ in range(runs):  # in turns and equally long: other programs are to hurt both alike
        together = min(together, milliseconds(lambda: call(images), 1))
        alone = min(alone, milliseconds(lambda: [call([image]) for image in images], 1))
    name = f"estimators: {_COUNT} images together, {family}"
    goal = f"< {_COUNT} times one ({alone:.0f} ms)"
    return Row(name, round(together, 1), "ms", goal, together < alone)


def _call(estimator: TopDown | OneStage) -> Callable[[list[Image]], object]:
    if isinstance(estimator, TopDown):
        return lambda images: estimator.in_boxes(images, [[Box(20, 20, 200, 300)] for _ in images])
    return estimator
