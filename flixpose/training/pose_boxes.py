"""Boxes for top-down families to learn from, drawn as a finder draws them (Fang et al. 2017, section 3.4)."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from flixpose.errors import UsageError
from flixpose.evaluation.people import Marked, Photo, look
from flixpose.ports import PoseEstimator
from flixpose.pose.codec.matching import overlap
from flixpose.pose.codec.proposals import Proposals
from flixpose.structures.found import Pose
from flixpose.training.pose_data import known

Array = NDArray[np.float64]

_SAME = 0.5  # overlap from which a found box is a person's
_FEWEST = 8  # people found, to tell how a finder errs


def proposals_of(finder: PoseEstimator, photos: Sequence[Photo]) -> Proposals:
    """How a finder's boxes lie beside the true ones, by kind of pose.

    Raises UsageError where it finds next to nobody.
    """
    found = look(finder, photos)
    pairs = [pair for photo in photos for pair in _pairs(photo, found.get(photo.id, ()))]
    if len(pairs) < _FEWEST:
        raise UsageError(
            f"{finder.model.name} finds {len(pairs)} of the people in the photos: too few to learn from.",
            advice="Train it longer on such photos, or leave --finder away.",
            subject=finder.model.name,
        )
    people, boxes = [person for person, _ in pairs], np.stack([box for _, box in pairs])
    poses = np.stack([known(person) for person in people])
    return Proposals.fit(poses, np.stack([person.xyxy for person in people]), boxes)


def _pairs(photo: Photo, poses: Sequence[Pose]) -> list[tuple[Marked, Array]]:
    """People with the found box that overlaps theirs most."""
    if not poses:
        return []
    found = np.array([(p.box.x0, p.box.y0, p.box.x1, p.box.y1) for p in poses])
    truth = np.stack([person.xyxy for person in photo.people])
    shared = overlap(torch.from_numpy(truth), torch.from_numpy(found)).numpy()
    best = shared.argmax(axis=1)
    return [
        (person, found[best[row]])
        for row, person in enumerate(photo.people)
        if shared[row, best[row]] >= _SAME
    ]
