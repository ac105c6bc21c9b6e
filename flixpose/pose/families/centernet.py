"""CenterNet (Zhou et al. 2019), with the numbers of its authors' COCO models."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, fit
from flixpose.ports import Weights
from flixpose.pose.codec.centre import Centres, decode
from flixpose.pose.families.parts import Colours, OneStage, Options, Person, Runner
from flixpose.pose.nets import centernet as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "hourglass104"

_PICTURE = (512, 512)
_STRIDE = 4
_COLOURS = Colours((104.04, 113.985, 119.85), (73.695, 69.87, 70.89), bgr=True)


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"centernet-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(runner, COCO_17, view=lambda photo: fit(photo, _PICTURE), read=_read, colours=_COLOURS)


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    last = net(x)[-1]
    heat, points = last["hm"].sigmoid(), last["hm_hp"].sigmoid()
    return [
        _people(
            Centres(
                heat[row],
                last["wh"][row],
                last["hps"][row],
                last["reg"][row],
                points[row],
                last["hp_offset"][row],
            ),
            view,
        )
        for row, view in enumerate(views)
    ]


def _people(maps: Centres, view: View) -> list[Person]:
    found = decode(maps)
    peaks = found.keypoint_scores if found.keypoint_scores is not None else np.zeros(found.xy.shape[:2])
    people = []
    for box, xy, score, peak in zip(found.boxes, found.xy, found.scores, peaks, strict=True):
        corners = view.boxes_to_photo(box[None] * _STRIDE + 0.5)[0]
        scores = np.maximum(peak, score).astype(np.float32)  # a regressed keypoint is as sure as its person
        people.append(Person(view.to_photo(xy * _STRIDE + 0.5), scores, float(score), corners))
    return people
