"""Skeletons of people by name, and the conversion between them."""

import numpy as np

from flixpose.errors import UsageError
from flixpose.structures.keypoints import Keypoints, Skeleton


def _pairs(*parts: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"left_{part}", f"right_{part}") for part in parts)


def _both_sides(*edges: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in edges)


_TRUNK = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    *_both_sides(
        ("shoulder", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")
    ),
)

# Names, order and constants of the COCO keypoint task.
COCO_17 = Skeleton(
    name="coco_17",
    names=(
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ),
    edges=(
        *_TRUNK,
        ("left_eye", "right_eye"),
        ("nose", "left_eye"),
        ("nose", "right_eye"),
        *_both_sides(("eye", "ear"), ("ear", "shoulder")),
    ),
    mirror=_pairs("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"),
    sigmas={"nose": 0.026}
    | {
        f"{side}_{part}": sigma
        for part, sigma in {
            "eye": 0.025,
            "ear": 0.035,
            "shoulder": 0.079,
            "elbow": 0.072,
            "wrist": 0.062,
            "hip": 0.107,
            "knee": 0.087,
            "ankle": 0.089,
        }.items()
        for side in ("left", "right")
    },
)

# Names and order of MediaPipe's pose landmarks.
BLAZEPOSE_33 = Skeleton(
    name="blazepose_33",
    names=(
        "nose",
        "left_eye_inner",
        "left_eye",
        "left_eye_outer",
        "right_eye_inner",
        "right_eye",
        "right_eye_outer",
        "left_ear",
        "right_ear",
        "mouth_left",
        "mouth_right",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_pinky",
        "right_pinky",
        "left_index",
        "right_index",
        "left_thumb",
        "right_thumb",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
        "left_heel",
        "right_heel",
        "left_foot_index",
        "right_foot_index",
    ),
    edges=(
        *_TRUNK,
        ("mouth_left", "mouth_right"),
        ("nose", "left_eye_inner"),
        ("nose", "right_eye_inner"),
        *_both_sides(
            ("eye_inner", "eye"),
            ("eye", "eye_outer"),
            ("eye_outer", "ear"),
            ("wrist", "thumb"),
            ("wrist", "pinky"),
            ("wrist", "index"),
            ("pinky", "index"),
            ("ankle", "heel"),
            ("ankle", "foot_index"),
            ("heel", "foot_index"),
        ),
    ),
    mirror=(
        ("mouth_left", "mouth_right"),
        *_pairs(
            "eye_inner",
            "eye",
            "eye_outer",
            "ear",
            "shoulder",
            "elbow",
            "wrist",
            "pinky",
            "index",
            "thumb",
            "hip",
            "knee",
            "ankle",
            "heel",
            "foot_index",
        ),
    ),
)

SKELETONS = {skeleton.name: skeleton for skeleton in (BLAZEPOSE_33, COCO_17)}


def skeleton(name: str) -> Skeleton:
    """The skeleton of that name. Raises UsageError for a name that there is not."""
    if name not in SKELETONS:
        raise UsageError(f"no skeleton is called {name!r}; there are {', '.join(SKELETONS)}.", subject=name)
    return SKELETONS[name]


def convert(keypoints: Keypoints, target: Skeleton) -> Keypoints:
    """The same body in another skeleton, by name: points of other names are dropped or absent (NaN, 0)."""
    if keypoints.skeleton is target:
        return keypoints
    xy = np.full((len(target), 2), np.nan, dtype=np.float32)
    scores = np.zeros(len(target), dtype=np.float32)
    for row, name in enumerate(target.names):
        if name in keypoints.skeleton.index:
            xy[row], scores[row] = keypoints[name], keypoints.score(name)
    return Keypoints(target, xy, scores)
