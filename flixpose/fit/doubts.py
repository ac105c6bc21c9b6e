"""Figures that tell how far a placement is to be trusted, known before anything is drawn.

On simulated scenes with truth these separate most of the drapes that lie where the garment is really worn
from the others.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.remembered import remembered
from flixpose.garment.kinds import has_sleeves
from flixpose.structures.found import Garment, Pose
from flixpose.structures.job import Figure

_AROUND = 0.02  # of the garment's longer side: so far outside its landmarks cloth bulges
_BULGE = 0.2  # of a sleeve's length: so far its elbow may stand out
_SIDE = 256  # pixels of the longer side at which masks are compared
_NO_ARMPIT, _ARMPIT = 0.1, 0.7  # scores of one that is not to be seen, and of one that is


def placement_figures(garment: Garment, pose: Pose) -> list[Figure]:
    """Cloth beyond the landmarks (%), a bent arm in a long sleeve (°), a hidden sleeve (0 or 1)."""
    return [
        Figure("cloth_beyond", round(100 * cloth_beyond(garment), 2), "%"),
        Figure("sleeve_bend", round(_bend(garment, pose), 1), "°"),
        Figure("sleeve_hidden", float(_hides_a_sleeve(garment)), ""),
    ]


@remembered
def cloth_beyond(garment: Garment) -> float:
    """Share of the mask, below the shoulders, that lies outside what the landmarks span.

    More than folds and bulges is a mannequin's arm or leg taken for cloth. Collars and hoods are left out.
    """
    points = garment.landmarks.xy[[garment.landmarks.has(n) for n in garment.landmarks.skeleton.names]]
    scale = min(1.0, _SIDE / max(garment.mask.width, garment.mask.height))
    size = max(1, round(garment.mask.width * scale)), max(1, round(garment.mask.height * scale))
    cloth = cv2.resize(garment.mask.alpha, size, interpolation=cv2.INTER_AREA) > 127
    if len(points) < 3 or not cloth.any():
        return 0.0
    span = np.zeros(cloth.shape, np.uint8)
    for outline in (points, *_bulges(garment)):
        cv2.fillConvexPoly(span, np.round(cv2.convexHull(outline) * scale).astype(np.int32), 1)
    around = max(1, round(_AROUND * garment.box.longer_side * scale))
    near = cv2.dilate(span, np.ones((2 * around + 1, 2 * around + 1), np.uint8)) > 0
    outside = cloth & ~near
    outside[: max(0, int(_top(garment) * scale))] = False
    return float(outside.sum() / cloth.sum())


def _bulges(garment: Garment) -> list[NDArray[np.float32]]:
    """Polygons of what wide sleeves reach out beyond the line from the shoulder to the cuff."""
    found = []
    for side in ("left", "right"):
        names = (f"shoulder_{side}", f"cuff_{side}_outer", f"armpit_{side}")
        if not all(garment.landmarks.has(name) for name in names):
            continue
        tip, cuff, pit = (garment.landmarks[name] for name in names)
        along = cuff - tip
        out = np.array([-along[1], along[0]], np.float32)
        out = -out if out @ (pit - tip) > 0 else out
        turns = np.linspace(0, np.pi, 9, dtype=np.float32)[:, None]
        arc = tip + (1 - np.cos(turns)) / 2 * along + _BULGE * np.sin(turns) * out
        found.append(arc.astype(np.float32))
    return found


def _top(garment: Garment) -> float:
    """The row of the shoulders, or of the waist, in the product image."""
    for name in ("shoulder", "armpit", "waist"):
        rows = [garment.landmarks[n][1] for n in garment.landmarks.present if n.startswith(name)]
        if rows:
            return float(np.mean(rows))
    return 0.0


def _hides_a_sleeve(garment: Garment) -> bool:
    """Whether one armpit is seen and the other is not: the photo is taken from the side.

    Of 106 real product photos five are told: three of maternity wear, and two whose armpit was not found.
    """
    if not has_sleeves(garment.kind):
        return False
    low, high = sorted(garment.landmarks.score(f"armpit_{side}") for side in ("left", "right"))
    return low < _NO_ARMPIT and high > _ARMPIT


def _bend(garment: Garment, pose: Pose) -> float:
    """The sharpest bend of an arm in a long sleeve, in space where depth is known; 0 without such."""
    if not garment.kind.startswith("long_sleeve"):
        return 0.0
    places = pose.keypoints.xy if pose.world is None else pose.world
    bends = [0.0]
    for side in ("left", "right"):
        names = [f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist")]
        if all(pose.keypoints.has(name) for name in names):
            shoulder, elbow, wrist = (places[pose.keypoints.skeleton.index[name]] for name in names)
            bends.append(_angle(elbow - shoulder, wrist - elbow))
    return max(bends)


def _angle(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(float(one @ other) / max(lengths, 1e-9), -1.0, 1.0))))
