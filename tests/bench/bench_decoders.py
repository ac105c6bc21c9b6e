"""Decoders of several people at once against straightforward ones: ten people at 640 pixels."""

import numpy as np
import torch

from flixpose.pose.families import rtmpose
from flixpose.pose.families.parts import Options, Runner
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Box, Image
from tests.bench.rows import Row
from tests.pose.codec.measure import milliseconds, races
from tests.pose.codec.measure_more import more_races

_LEAST_FACTOR, _MOST_MS = 3.0, 5.0
_INFO = ModelInfo("rtmpose-t", "1", "keypoints", "none", "random weights", "")


class _Nobody:
    """A finder that is never asked."""

    model = _INFO
    models: tuple[ModelInfo, ...] = ()

    def __call__(self, images):
        return [() for _ in images]


def rows(quick: bool) -> list[Row]:
    table = []
    for race in races():
        fast = milliseconds(race.fast, 5 if quick else 20)
        slow = milliseconds(race.slow, 1 if quick else 3)
        goal = f"≥ {_LEAST_FACTOR:g} times faster than the reference's {slow:.0f} ms"
        table.append(Row(f"decoders: {race.name}", fast, "ms", f"≤ {_MOST_MS:g}", fast <= _MOST_MS))
        factor = slow / fast
        table.append(Row(f"decoders: {race.name}, factor", factor, "times", goal, factor >= _LEAST_FACTOR))
    return [*table, *_others(quick), _batching(quick)]


def _others(quick: bool) -> list[Row]:
    """The other decoders of ten people."""
    table = []
    for race in more_races():
        fast = milliseconds(race.fast, 5 if quick else 20)
        table.append(Row(f"decoders: {race.name}", fast, "ms", f"≤ {_MOST_MS:g}", fast <= _MOST_MS))
    return table


def _batching(quick: bool) -> Row:
    """Eight photos with one person each, at once and one by one: RTMPose's smallest net."""
    torch.manual_seed(1)
    runner = Runner(rtmpose.nets.build("t").eval(), _INFO, threads=1)
    estimator = rtmpose.estimator(runner, _Nobody(), Options())
    images = [Image(np.full((320, 240, 3), 9 * n, np.uint8), None, "", "grey") for n in range(8)]
    boxes = [[Box(20, 20, 200, 300)] for _ in images]
    runs = 2 if quick else 5
    together = milliseconds(lambda: estimator.in_boxes(images, boxes), runs)
    alone = milliseconds(lambda: estimator.in_boxes(images[:1], boxes[:1]), 2 * runs)
    goal = f"< 8 times one ({8 * alone:.0f} ms)"
    return Row("estimators: 8 images together", together, "ms", goal, together < 8 * alone)
