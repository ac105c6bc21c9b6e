"""OpenPose's hand net (Simon et al. 2017): 21 keypoints of each hand that another estimator's people have."""

import numpy as np

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.parts import Options, Runner, TopDown
from flixpose.pose.families.parts_of_bodies import COLOURS, SIDE, PartReader, read_last
from flixpose.pose.nets import openpose as nets
from flixpose.pose.skeletons import HAND_21
from flixpose.structures.image import Box
from flixpose.structures.keypoints import Keypoints

SIZES, DEFAULT = ("hand",), "hand"

# Where a hand is, from its arm: beyond the wrist by a share of the forearm, and how large.
_BEYOND, _GROWTH, _UPPER_ARM = 0.33, 1.5, 0.9
_LEAST_SIDE, _MIN_SCORE = 20.0, 0.2


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> PartReader:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"openpose_hand-{size}", lambda: nets.build(size), weights, threads)
    picture = (SIDE, SIDE)
    reader = TopDown(runner, finder, HAND_21, read_last, picture=picture, colours=COLOURS, padding=1.0)
    return PartReader(reader, hand_boxes)


def hand_boxes(body: Keypoints) -> list[Box]:
    """Squares where a body's hands must be; none for an arm that is not seen."""
    boxes = []
    for side in ("left", "right"):
        names = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist")]
        if not all(body.has(name, _MIN_SCORE) for name in names):
            continue
        shoulder, elbow, wrist = (body[name].astype(float) for name in names)
        forearm, upper_arm = np.hypot(*(wrist - elbow)), np.hypot(*(elbow - shoulder))
        half = _GROWTH * max(forearm, _UPPER_ARM * upper_arm) / 2
        x, y = wrist + _BEYOND * (wrist - elbow)
        if 2 * half >= _LEAST_SIDE:
            boxes.append(Box(x - half, y - half, x + half, y + half))
    return boxes
