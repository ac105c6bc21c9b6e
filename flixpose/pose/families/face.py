"""MediaPipe's face mesh as a family: 468 landmarks of each face that another estimator's people show."""

from collections.abc import Iterable

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.face import FaceReader
from flixpose.pose.families.parts import Options
from flixpose.pose.families.parts_of_people import PartsOfPeople, box_around
from flixpose.structures.found import Pose
from flixpose.structures.image import Image

SIZES, DEFAULT = ("mesh",), "mesh"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> "Faces":
    """Raises WeightsMissing, WeightsDamaged."""
    return Faces(finder, FaceReader(weights, threads=threads))


class Faces(PartsOfPeople[FaceReader]):
    """A PoseEstimator of faces."""

    def parts(self, image: Image, person: Pose) -> Iterable[Pose]:
        mesh = self.reader(image, person.keypoints)
        if mesh is not None:
            yield Pose(mesh, box_around(mesh, image), float(mesh.scores[0]), self.model, face=mesh)
