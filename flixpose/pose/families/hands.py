"""MediaPipe's hands as a family: 21 keypoints of each hand that another estimator's people show."""

from collections.abc import Iterable

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.parts import Options
from flixpose.pose.families.parts_of_people import PartsOfPeople, box_around
from flixpose.pose.hands import HandReader
from flixpose.structures.found import Pose
from flixpose.structures.image import Image

SIZES, DEFAULT = ("full",), "full"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> "Hands":
    """Raises WeightsMissing, WeightsDamaged."""
    return Hands(finder, HandReader(weights, threads=threads))


class Hands(PartsOfPeople[HandReader]):
    """A PoseEstimator of hands, each a pose of its own that knows its side (`Pose.hands`)."""

    def parts(self, image: Image, person: Pose) -> Iterable[Pose]:
        for hand in self.reader(image, person.keypoints):
            box = box_around(hand.keypoints, image)
            yield Pose(hand.keypoints, box, hand.score, self.model, hands=(hand,))
