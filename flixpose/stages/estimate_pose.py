"""Who is in the person image, and how they stand."""

from collections.abc import Sequence

from flixpose.errors import NoPerson
from flixpose.ports import PoseEstimator
from flixpose.structures.found import Pose
from flixpose.structures.image import Image


def estimate_pose(person: Image, poses: PoseEstimator) -> Sequence[Pose]:
    """The people in the photo, the most prominent first; at least one.

    Raises:
        NoPerson: nobody was found.
    """
    found = poses([person])[0]
    if not found:
        raise NoPerson(f"No person was found in {person.name}.", subject=person.name)
    return found
