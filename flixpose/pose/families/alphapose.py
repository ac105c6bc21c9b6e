"""AlphaPose (RMPE, Fang et al. 2017/2022): a person finder's boxes, FastPose, parametric pose suppression.

The published weights are FastPose's; the "sstn" sizes have the paper's symmetric spatial transformers.
"""

import numpy as np

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.codec import parametric_nms
from flixpose.pose.families.fastpose import COLOURS
from flixpose.pose.families.heatmaps import reader
from flixpose.pose.families.parts import Options, Person, Runner, TopDown
from flixpose.pose.nets import rmpe as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "r50"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"alphapose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    read = reader(COCO_17, decoding=options.decoding or "plain", flip=options.flip)
    return TopDown(runner, finder, COCO_17, read, picture=(192, 256), colours=COLOURS, distinct=distinct)


def distinct(people: list[Person]) -> list[Person]:
    """Each person once, blended from all that look at it."""
    if not people:
        return []
    boxes = np.array([person.box for person in people], np.float32)
    xy = np.array([person.xy for person in people], np.float32)
    scores = np.array([person.scores for person in people], np.float32)
    return [
        Person(each.xy.astype(float), each.scores, people[each.row].score, people[each.row].box)
        for each in parametric_nms.suppress(boxes, xy, scores)
    ]
