"""OpenPose's face net (Simon et al. 2017; Cao et al. 2019): 70 keypoints of each face that is seen."""

from itertools import combinations

import numpy as np

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.parts import Options, Runner, TopDown
from flixpose.pose.families.parts_of_bodies import COLOURS, SIDE, PartReader, read_last
from flixpose.pose.nets import openpose as nets
from flixpose.pose.skeletons import FACE_70
from flixpose.structures.image import Box
from flixpose.structures.keypoints import Keypoints

SIZES, DEFAULT = ("face",), "face"

_POINTS = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
# A face's width by what is seen of it: ear to ear it is that, eye to eye less than half.
_WIDTHS = {frozenset({"ear"}): 1.0, frozenset({"eye"}): 2.2, frozenset({"eye", "ear"}): 2.0}
_NOSE_TO_EAR = 1.6
_GROWTH, _LEAST_SIDE, _MIN_SCORE = 1.8, 20.0, 0.2


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> PartReader:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"openpose_face-{size}", lambda: nets.build(size), weights, threads)
    picture = (SIDE, SIDE)
    reader = TopDown(runner, finder, FACE_70, read_last, picture=picture, colours=COLOURS, padding=1.0)
    return PartReader(reader, face_boxes)


def face_boxes(body: Keypoints) -> list[Box]:
    """A square around a body's face; none where fewer than two of nose, eyes and ears are seen."""
    names = [
        name
        for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
        if name in body.skeleton.index
    ]
    seen = [name for name in names if body.has(name, _MIN_SCORE)]
    if len(seen) < 2:
        return []
    widths = [_width(body, a, b) for a, b in combinations(seen, 2)]
    x, y = np.mean([body[name] for name in seen], axis=0).tolist()
    half = _GROWTH * max(widths) / 2
    return [Box(x - half, y - half, x + half, y + half)] if 2 * half >= _LEAST_SIDE else []


def _width(body: Keypoints, a: str, b: str) -> float:
    kinds = frozenset({a.rpartition("_")[2], b.rpartition("_")[2]})
    factor = _WIDTHS.get(kinds, _NOSE_TO_EAR)
    return factor * float(np.hypot(*(body[a] - body[b])))
