"""Lightweight OpenPose (Osokin 2018), with the numbers of its author's COCO model."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, shrink
from flixpose.ports import Weights
from flixpose.pose.codec import paf
from flixpose.pose.families.limbs import enlarged, person_of
from flixpose.pose.families.parts import Colours, OneStage, Options, Person, Runner
from flixpose.pose.nets import lightweight_openpose as nets
from flixpose.pose.skeletons import OPENPOSE_18

SIZES, DEFAULT = nets.SIZES, "mobilenet"

_SHORTER, _LONGER = 256, 512
_STRIDE, _ENLARGED = 8, 4
_COLOURS = Colours((128.0, 128.0, 128.0), (256.0, 256.0, 256.0), bgr=True)


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"lightweight_openpose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(
        runner,
        OPENPOSE_18,
        view=lambda photo: shrink(photo, shorter=_SHORTER, longer=_LONGER, multiple=_STRIDE),
        read=_read,
        colours=_COLOURS,
        fill=128,
    )


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    last = net(x)[-1]
    size = (last.heat.shape[3] * _ENLARGED, last.heat.shape[2] * _ENLARGED)
    return [
        _people(enlarged(heat[:18], size), enlarged(fields, size), view)
        for heat, fields, view in zip(last.heat.numpy(), last.fields.numpy(), views, strict=True)
    ]


def _people(heat: np.ndarray, fields: np.ndarray, view: View) -> list[Person]:
    found = paf.distinct_peaks(heat)
    people = paf.group_lightweight(found, fields)
    return [person_of(found, rows, view, _STRIDE / _ENLARGED) for rows in people.rows]
