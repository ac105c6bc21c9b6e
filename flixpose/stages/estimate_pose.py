"""Who is in the person image, and how they stand."""

from collections.abc import Sequence
from dataclasses import replace

from flixpose.errors import NoPerson
from flixpose.ports import PoseEstimator
from flixpose.pose.skeletons import convert
from flixpose.structures.found import NOTHING_GIVEN, Given, Pose
from flixpose.structures.image import Image


def estimate_pose(person: Image, poses: PoseEstimator, given: Given = NOTHING_GIVEN) -> Sequence[Pose]:
    """The people in the photo, the most prominent first; at least one.

    Args:
        given: keypoints of the most prominent, in place of the estimator's.

    Raises:
        NoPerson: nobody was found.
    """
    found = poses([person])[0]
    if not found:
        raise NoPerson(f"No person was found in {person.name}.", subject=person.name)
    if given.person is None:
        return found
    keypoints = convert(given.person, found[0].keypoints.skeleton)
    return replace(found[0], keypoints=keypoints, author=given.person_author), *found[1:]
