"""FastPose, AlphaPose's net for one person (Fang et al. 2022), on COCO."""

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.heatmaps import reader
from flixpose.pose.families.parts import Colours, Options, Runner, TopDown
from flixpose.pose.nets import fastpose as nets
from flixpose.pose.skeletons import COCO_17

COLOURS = Colours(mean=(103.53, 116.535, 122.4))

SIZES, DEFAULT = nets.SIZES, "r50"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"fastpose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    read = reader(COCO_17, decoding=options.decoding or "plain", flip=options.flip)
    return TopDown(runner, finder, COCO_17, read, picture=(192, 256), colours=COLOURS)
