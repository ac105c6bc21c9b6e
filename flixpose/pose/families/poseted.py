"""PoseTED (Jeny et al. 2021): regression by a transformer within the boxes that a detector finds."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.codec import queries
from flixpose.pose.families.parts import Options, Runner, Scores, TopDown
from flixpose.pose.nets import poseted as nets
from flixpose.pose.skeletons import COCO_17, mirror_rows

SIZES, DEFAULT = nets.SIZES, "r50"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"poseted-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    mirrored = mirror_rows(COCO_17)

    def read(net: nn.Module, x: Tensor) -> tuple[NDArray[np.floating], Scores]:
        xy, scores = queries.decode(*net(x))
        if options.flip:
            back, back_scores = queries.decode(*net(x.flip(3)))
            back[..., 0] = 1 - back[..., 0]
            xy = (xy + back[:, mirrored]) / 2
            scores = (scores + back_scores[:, mirrored]) * np.float32(0.5)
        return xy * np.array([x.shape[3], x.shape[2]], np.float32), scores

    return TopDown(runner, finder, COCO_17, read, picture=(192, 256))
