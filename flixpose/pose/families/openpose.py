"""OpenPose's body nets (Cao et al. 2017, 2019): 18 or 25 keypoints, joined by part affinity fields."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, shrink
from flixpose.ports import Weights
from flixpose.pose.codec import paf
from flixpose.pose.families.limbs import enlarged, person_of
from flixpose.pose.families.parts import Colours, OneStage, Options, Person, Runner
from flixpose.pose.nets import openpose as nets
from flixpose.pose.nets.openpose_body25 import OpenPoseBody25
from flixpose.pose.skeletons import OPENPOSE_18, OPENPOSE_25

SIZES, DEFAULT = ("coco18", "body25"), "coco18"

_HEIGHT, _LONGER = 368, 656
_COLOURS = Colours((128.0, 128.0, 128.0), (256.0, 256.0, 256.0), bgr=True)


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"openpose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    has_feet = isinstance(runner.net, OpenPoseBody25)
    return OneStage(
        runner,
        OPENPOSE_25 if has_feet else OPENPOSE_18,
        view=lambda photo: shrink(photo, shorter=_HEIGHT, longer=_LONGER, multiple=8),
        read=partial(_read, tree=paf.BODY_25 if has_feet else paf.COCO_18),
        colours=_COLOURS,
        fill=128,
    )


def _read(net: nn.Module, x: Tensor, views: Sequence[View], *, tree: paf.Tree) -> list[list[Person]]:
    last = net(x)[-1]
    size = (x.shape[3], x.shape[2])
    return [
        _people(enlarged(heat[: tree.keypoints], size), enlarged(fields, size), view, tree)
        for heat, fields, view in zip(last.heat.numpy(), last.fields.numpy(), views, strict=True)
    ]


def _people(heat: np.ndarray, fields: np.ndarray, view: View, tree: paf.Tree) -> list[Person]:
    found = paf.smooth_peaks(heat)
    people = paf.group_openpose(found, fields, tree=tree)
    return [person_of(found, rows, view, 1.0) for rows in people.rows]
