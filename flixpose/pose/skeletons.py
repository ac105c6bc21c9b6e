"""Skeletons of people by name, and the conversion between them. (The garments' are in garment/kinds.py.)"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import UsageError
from flixpose.structures.keypoints import Keypoints, Skeleton

# OKS constants by part: COCO's where COCO has the point, CrowdPose's for head and neck, COCO-WholeBody's for
# feet and hands; points that none of them has take the constant of the same part of the body.
_SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "eye_inner": 0.025,
    "eye_outer": 0.025,
    "mouth": 0.026,
    "ear": 0.035,
    "head_top": 0.079,
    "upper_neck": 0.079,
    "neck": 0.079,
    "thorax": 0.079,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "pinky": 0.062,
    "index": 0.062,
    "thumb": 0.062,
    "pelvis": 0.107,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "big_toe": 0.068,
    "foot_index": 0.068,
    "small_toe": 0.066,
    "heel": 0.066,
}

_LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
_FACE = (("eye", "ear"),)
_EYES = (("nose", "left_eye"), ("nose", "right_eye"))


def _sided(*parts: str) -> tuple[str, ...]:
    """Left, right, left, right …: COCO's order."""
    return tuple(f"{side}_{part}" for part in parts for side in ("left", "right"))


def _both_sides(*edges: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in edges)


_SQUARE = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    *_both_sides(("shoulder", "hip"), *_LIMBS),
)
_STAR = (
    *_both_sides(*_LIMBS),
    ("neck", "left_shoulder"),
    ("neck", "right_shoulder"),
    ("neck", "left_hip"),
    ("neck", "right_hip"),
)


def _part(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_").removesuffix("_left").removesuffix("_right")


def _mirror(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, name.replace("left", "right")) for name in names if "left" in name)


def _body(name: str, names: tuple[str, ...], edges: tuple[tuple[str, str], ...]) -> Skeleton:
    return Skeleton(name, names, edges, _mirror(names), {each: _SIGMAS[_part(each)] for each in names})


COCO_17 = _body(
    "coco_17",
    ("nose", *_sided("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")),
    (*_SQUARE, ("left_eye", "right_eye"), *_EYES, *_both_sides(*_FACE, ("ear", "shoulder"))),
)

CROWDPOSE_14 = _body(
    "crowdpose_14",
    (*_sided("shoulder", "elbow", "wrist", "hip", "knee", "ankle"), "head_top", "neck"),
    (*_SQUARE, ("head_top", "neck"), ("neck", "left_shoulder"), ("neck", "right_shoulder")),
)

MPII_16 = _body(
    "mpii_16",
    (
        *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
        *("pelvis", "thorax", "upper_neck", "head_top"),
        *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    ),
    (
        *_both_sides(*_LIMBS),
        *(("pelvis", "left_hip"), ("pelvis", "right_hip"), ("pelvis", "thorax")),
        *(
            ("thorax", "upper_neck"),
            ("upper_neck", "head_top"),
            ("thorax", "left_shoulder"),
            ("thorax", "right_shoulder"),
        ),
    ),
)

_OPENPOSE_ARMS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)
_OPENPOSE_LEGS = ("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle")
_OPENPOSE_FACE = ("right_eye", "left_eye", "right_ear", "left_ear")

OPENPOSE_18 = _body(
    "openpose_18",
    (*_OPENPOSE_ARMS, *_OPENPOSE_LEGS, *_OPENPOSE_FACE),
    (*_STAR, ("neck", "nose"), *_EYES, *_both_sides(*_FACE)),
)

OPENPOSE_25 = _body(
    "openpose_25",
    (
        *(*_OPENPOSE_ARMS, "pelvis", *_OPENPOSE_LEGS, *_OPENPOSE_FACE),
        *("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel"),
    ),
    (
        *(edge for edge in _STAR if not edge[1].endswith("hip")),
        *(("neck", "nose"), ("neck", "pelvis"), ("pelvis", "left_hip"), ("pelvis", "right_hip"), *_EYES),
        *_both_sides(*_FACE, ("ankle", "big_toe"), ("big_toe", "small_toe"), ("ankle", "heel")),
    ),
)

# Names and order of MediaPipe's pose landmarks.
BLAZEPOSE_33 = _body(
    "blazepose_33",
    (
        *("nose", "left_eye_inner", "left_eye", "left_eye_outer"),
        *("right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear"),
        *("mouth_left", "mouth_right"),
        *_sided("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
        *_sided("hip", "knee", "ankle", "heel", "foot_index"),
    ),
    (
        *_SQUARE,
        *(("mouth_left", "mouth_right"), ("nose", "left_eye_inner"), ("nose", "right_eye_inner")),
        *_both_sides(("eye_inner", "eye"), ("eye", "eye_outer"), ("eye_outer", "ear")),
        *_both_sides(("wrist", "thumb"), ("wrist", "pinky"), ("wrist", "index"), ("pinky", "index")),
        *_both_sides(("ankle", "heel"), ("ankle", "foot_index"), ("heel", "foot_index")),
    ),
)

_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_FINGER_SIGMAS = {  # from the root of the finger to its tip
    "thumb": (0.022, 0.035, 0.037, 0.047),
    "index": (0.026, 0.025, 0.024, 0.035),
    "middle": (0.018, 0.024, 0.022, 0.026),
    "ring": (0.017, 0.021, 0.021, 0.032),
    "pinky": (0.020, 0.019, 0.022, 0.031),
}

# One hand, whichever it is: a picture's mirror image shows the other one, and no point changes its name.
HAND_21 = Skeleton(
    "hand_21",
    ("wrist", *(f"{finger}_{joint}" for finger in _FINGERS for joint in range(1, 5))),
    tuple(
        (f"{finger}_{joint - 1}" if joint > 1 else "wrist", f"{finger}_{joint}")
        for finger in _FINGERS
        for joint in range(1, 5)
    ),
    sigmas={"wrist": 0.029}
    | {f"{finger}_{row}": s for finger in _FINGERS for row, s in enumerate(_FINGER_SIGMAS[finger], 1)},
)

# The outline of a face as MediaPipe's mesh has it, from the top of the forehead down to the chin.
_OUTLINE_LEFT = (338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377)
_OUTLINE_RIGHT = (109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148)
_OUTLINE_ROWS = {
    10: "forehead",
    152: "chin",
    **{row: f"outline_left_{n}" for n, row in enumerate(_OUTLINE_LEFT, 1)},
    **{row: f"outline_right_{n}" for n, row in enumerate(_OUTLINE_RIGHT, 1)},
}
_OUTLINE = tuple(_OUTLINE_ROWS[row] for row in (10, *_OUTLINE_LEFT, 152, *reversed(_OUTLINE_RIGHT)))
_OUTLINE_EDGES = tuple(zip(_OUTLINE, (*_OUTLINE[1:], _OUTLINE[0]), strict=True))

# Points of a face's surface in MediaPipe's order; most have no name but their number.
FACE_468 = Skeleton(
    "face_468", tuple(_OUTLINE_ROWS.get(row, f"mesh_{row}") for row in range(468)), _OUTLINE_EDGES
)

# The outline alone, in order around the face.
FACE_36 = Skeleton("face_36", _OUTLINE, _OUTLINE_EDGES, _mirror(_OUTLINE))

# iBUG's 68 points and both pupils, as OpenPose's face net has them; numbers run as there on the wearer's
# right, and from the mirror image of its first on the left. Constants: COCO-WholeBody's, the pupils an eye's.
_JAW, _BROW, _EYE, _LIPS, _INNER = range(1, 9), range(1, 6), range(1, 7), range(1, 6), range(1, 4)


def _numbered(part: str, numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"{part}_{number}" for number in numbers)


FACE_70_NAMES = (
    *(*_numbered("jaw_right", _JAW), "jaw_chin", *_numbered("jaw_left", reversed(_JAW))),
    *(*_numbered("brow_right", _BROW), *_numbered("brow_left", reversed(_BROW))),
    *(*_numbered("nose_bridge", range(1, 5)), *_numbered("nostril_right", (1, 2)), "nose_base"),
    *_numbered("nostril_left", (2, 1)),
    *(*_numbered("eye_right", _EYE), *(f"eye_left_{n}" for n in (4, 3, 2, 1, 6, 5))),
    *("lip_corner_right", *_numbered("lip_right", (1, 2)), "lip_top", *_numbered("lip_left", (2, 1))),
    *("lip_corner_left", *_numbered("lip_left", (3, 4)), "lip_bottom", *_numbered("lip_right", (4, 3))),
    *("mouth_corner_right", "mouth_right_1", "mouth_top", "mouth_left_1", "mouth_corner_left"),
    *("mouth_left_2", "mouth_bottom", "mouth_right_2", "pupil_right", "pupil_left"),
)
_FACE_SIGMAS = (
    *(0.042, 0.043, 0.044, 0.043, 0.040, 0.035, 0.031, 0.025, 0.020, 0.023, 0.029, 0.032, 0.037, 0.038),
    *(0.043, 0.041, 0.045, 0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013, 0.015, 0.009),
    *(0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.010, 0.017, 0.011, 0.009, 0.011, 0.009, 0.007),
    *(0.013, 0.008, 0.011, 0.012, 0.010, 0.034, 0.008, 0.008, 0.009, 0.008, 0.008, 0.007, 0.010, 0.008),
    *(0.009, 0.009, 0.009, 0.007, 0.007, 0.008, 0.011, 0.008, 0.008, 0.008, 0.010, 0.008, 0.025, 0.025),
)


def _chain(*rows: int, closed: bool = False) -> tuple[tuple[str, str], ...]:
    names = [FACE_70_NAMES[row] for row in (*rows, *(rows[:1] if closed else ()))]
    return tuple(pairwise(names))


_FACE_EDGES = (
    *(*_chain(*range(17)), *_chain(*range(17, 22)), *_chain(*range(22, 27)), *_chain(*range(27, 31))),
    *(*_chain(*range(31, 36)), *_chain(*range(36, 42), closed=True), *_chain(*range(42, 48), closed=True)),
    *(*_chain(*range(48, 60), closed=True), *_chain(*range(60, 68), closed=True)),
)
FACE_70 = Skeleton(
    "face_70",
    FACE_70_NAMES,
    _FACE_EDGES,
    _mirror(FACE_70_NAMES),
    dict(zip(FACE_70_NAMES, _FACE_SIGMAS, strict=True)),
)


def _both_hands() -> Skeleton:
    """A body's two hands, left first."""
    names = tuple(f"{side}_hand_{name}" for side in ("left", "right") for name in HAND_21.names)
    edges = tuple(
        (f"{side}_hand_{a}", f"{side}_hand_{b}") for side in ("left", "right") for a, b in HAND_21.edges
    )
    sigmas = {f"{side}_hand_{name}": s for side in ("left", "right") for name, s in HAND_21.sigmas.items()}
    return Skeleton("hands_42", names, edges, _mirror(names), sigmas)


HANDS_42 = _both_hands()

# A body with its hands and its face, in OpenPose's order.
OPENPOSE_137 = Skeleton(
    "openpose_137",
    (*OPENPOSE_25.names, *HANDS_42.names, *FACE_70.names),
    (*OPENPOSE_25.edges, *HANDS_42.edges, *FACE_70.edges),
    (*OPENPOSE_25.mirror, *HANDS_42.mirror, *FACE_70.mirror),
    {**OPENPOSE_25.sigmas, **HANDS_42.sigmas, **FACE_70.sigmas},
)

SKELETONS = {
    skeleton.name: skeleton
    for skeleton in (
        BLAZEPOSE_33,
        COCO_17,
        CROWDPOSE_14,
        MPII_16,
        OPENPOSE_18,
        OPENPOSE_25,
        HAND_21,
        HANDS_42,
        FACE_468,
        FACE_36,
        FACE_70,
        OPENPOSE_137,
    )
}

# Points that a skeleton without them still knows: the middle between two others.
_MIDDLES = {
    "neck": ("left_shoulder", "right_shoulder"),
    "thorax": ("left_shoulder", "right_shoulder"),
    "pelvis": ("left_hip", "right_hip"),
}


def skeleton(name: str) -> Skeleton:
    """The skeleton of that name. Raises UsageError for a name that there is not."""
    if name not in SKELETONS:
        raise UsageError(f"no skeleton is called {name!r}; there are {', '.join(SKELETONS)}.", subject=name)
    return SKELETONS[name]


def convert(keypoints: Keypoints, target: Skeleton) -> Keypoints:
    """The same body in another skeleton, by name.

    Neck, thorax and pelvis come from the middle of shoulders or hips where the source has none of its own,
    with the lesser of the two scores. Points that the source does not know are absent (NaN, 0).
    """
    if keypoints.skeleton is target:
        return keypoints
    xy = np.full((len(target), 2), np.nan, dtype=np.float32)
    scores = np.zeros(len(target), dtype=np.float32)
    known = keypoints.skeleton.index
    for row, name in enumerate(target.names):
        if name in known:
            xy[row], scores[row] = keypoints[name], keypoints.score(name)
        elif name in _MIDDLES and all(end in known for end in _MIDDLES[name]):
            xy[row], scores[row] = _middle(keypoints, *_MIDDLES[name])
    return Keypoints(target, xy, scores)


def _middle(keypoints: Keypoints, a: str, b: str) -> tuple[NDArray[np.float32], float]:
    between = np.asarray((keypoints[a] + keypoints[b]) / 2, dtype=np.float32)
    return between, min(keypoints.score(a), keypoints.score(b)) if np.isfinite(between).all() else 0.0


def in_hand(hand: Keypoints, side: str) -> Keypoints:
    """One hand's points among those of both, so that they can be joined with a body's. `side`: whose hand."""
    xy = np.full((len(HANDS_42), 2), np.nan, dtype=np.float32)
    scores = np.zeros(len(HANDS_42), dtype=np.float32)
    for name in hand.skeleton.names:
        row = HANDS_42.index[f"{side}_hand_{name}"]
        xy[row], scores[row] = hand[name], hand.score(name)
    return Keypoints(HANDS_42, xy, scores)


def joined(parts: Iterable[Keypoints], target: Skeleton) -> Keypoints:
    """Points of several skeletons in one, by name; of those that several know the first one's."""
    xy = np.full((len(target), 2), np.nan, dtype=np.float32)
    scores = np.zeros(len(target), dtype=np.float32)
    for part in parts:
        there = convert(part, target)
        new = np.isnan(xy[:, 0]) & np.isfinite(there.xy[:, 0])
        xy[new], scores[new] = there.xy[new], there.scores[new]
    return Keypoints(target, xy, scores)


def mirror_rows(target: Skeleton) -> NDArray[np.intp]:
    """(N,) for each point the row of the point that a horizontal flip puts in its place."""
    rows = np.arange(len(target))
    for left, right in target.mirror:
        rows[[target.index[left], target.index[right]]] = target.index[right], target.index[left]
    return rows


def sigmas(target: Skeleton) -> NDArray[np.float64]:
    """(N,) OKS constants in the skeleton's order. Raises UsageError where it defines none."""
    if set(target.sigmas) != set(target.names):
        raise UsageError(f"the skeleton {target.name} has no OKS constants.", subject=target.name)
    return np.array([target.sigmas[name] for name in target.names])
