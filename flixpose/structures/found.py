"""What the eyes find: a person's pose, a garment."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from flixpose.structures.image import Box, Mask
from flixpose.structures.keypoints import Keypoints

View = Literal["front", "back"]
Author = Literal["model", "human"]
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model said it: enough to repeat and to audit the answer.

    Attributes:
        sha256: of the weights' bytes (hex); empty for a reader without weights.
        licence: SPDX identifier.
    """

    name: str
    version: str
    task: str
    licence: str
    origin: str
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return {slot: getattr(self, slot) for slot in self.__slots__}


@dataclass(frozen=True, eq=False, slots=True)
class Hand:
    """One hand of a person.

    Attributes:
        side: of the wearer; that of the arm on which it was found.
        keypoints: in pixels of the photo, skeleton hand_21.
        score: that there is a hand, in [0, 1].
        side_score: that the hand by itself looks like one of that side, in [0, 1].
    """

    side: Side
    keypoints: Keypoints
    score: float
    side_score: float


@dataclass(frozen=True, eq=False, slots=True)
class Pose:
    """One person in a photo.

    Attributes:
        keypoints: in pixels of the photo, the estimator's own skeleton.
        box: around the person.
        score: that there is a person, in [0, 1].
        mask: the person, on the whole photo; None where the estimator gives none.
        world: (N, 3) float32 metres, origin between the hips, x to the image's right, y down, z away from
            the camera; None where the estimator gives none.
        author: who placed the keypoints; the rest is the model's.
        hands: those that were read, at most one of each side; empty where nobody looked for them.
        face: in pixels of the photo, skeleton face_468; None where none was read.
    """

    keypoints: Keypoints
    box: Box
    score: float
    model: ModelInfo
    mask: Mask | None = None
    world: NDArray[np.float32] | None = None
    author: Author = "model"
    hands: tuple[Hand, ...] = ()
    face: Keypoints | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Garment:
    """One garment in a product photo.

    Attributes:
        kind: one of the 13 kinds.
        mask: soft mask of the garment alone (no mannequin, stand, hanger or shadow), on the whole photo.
        landmarks: in pixels of the photo; absent ones are NaN. Left and right are the wearer's.
        score: that there is one whole garment, in [0, 1].
        author: who placed the landmarks; the rest is the model's.
    """

    kind: str
    kind_score: float
    view: View
    view_score: float
    box: Box
    mask: Mask
    landmarks: Keypoints
    score: float
    model: ModelInfo
    author: Author = "model"


@dataclass(frozen=True, eq=False, slots=True)
class Given:
    """Points that a human placed or approved, to be used in place of the models'.

    Attributes:
        person: keypoints of the most prominent person; None = the model's.
        garment: landmarks, whose skeleton is named after the kind; None = the model's.
        person_author: who placed the keypoints; a model, where a human only approved them.
    """

    person: Keypoints | None = None
    garment: Keypoints | None = None
    person_author: Author = "human"

    def to_json(self) -> dict[str, Any]:
        """Everything that tells two of them apart; empty where nothing is given."""
        told = {f"person by {self.person_author}": self.person, "garment": self.garment}
        return {name: [p.skeleton.name, p.to_json()] for name, p in told.items() if p is not None}


NOTHING_GIVEN = Given()
