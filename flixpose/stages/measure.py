"""Quality figures of a drape, measured on its own pixels and warps."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import turn_degrees
from flixpose.fit.layout import Plan
from flixpose.fit.verdict import Rule, judge
from flixpose.garment.kinds import group
from flixpose.geometry.warp import jacobian, map_points
from flixpose.imaging.colour import delta_e_2000, srgb_to_lab
from flixpose.structures.drape import PartWarp
from flixpose.structures.found import Garment, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.job import Figure, Quality

_PROBES = 3000
_JOINTS_THAT_MATTER = (
    "left_shoulder",
    "right_shoulder",
    "left_hip",
    "right_hip",
    "left_elbow",
    "right_elbow",
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the figures are measured on: the composite and what led to it."""

    person: Image
    product: Image
    pose: Pose
    garment: Garment
    plan: Plan
    parts: tuple[PartWarp, ...]
    picture: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    visible: Mask
    changed: Mask


def measure(drawn: Drawn, rules: Sequence[Rule]) -> Quality:
    """All figures and the verdict. Each figure's meaning and unit stand in the README's table."""
    figures = [
        *_area_figures(drawn),
        *_warp_figures(drawn),
        *_colour_figures(drawn),
        *_score_figures(drawn),
    ]
    return judge(figures, rules)


def _area_figures(drawn: Drawn) -> list[Figure]:
    drawn_area = max(float(drawn.layer[..., 3].sum(dtype=np.int64)) / 255, 1.0)
    seen = drawn.visible.area
    old = _uncovered(drawn)
    changed = float((drawn.changed.alpha > 0).mean())
    targets = drawn.parts[0].controls.person_xy
    outside = ((targets < 0) | (targets > np.array(drawn.person.size))).any(axis=1)
    return [
        Figure("changed_area", round(100 * changed, 3), "%"),
        Figure("coverage", round(100 * seen / drawn_area, 3), "%"),
        Figure("occluded", round(100 * (1 - seen / drawn_area), 3), "%"),
        Figure("out_of_frame", round(100 * float(outside.mean()), 3), "%"),
        Figure("old_garment_visible", round(100 * old / max(seen, 1.0), 3), "%"),
    ]


def _uncovered(drawn: Drawn) -> float:
    """Area, in pixels, of the clothes that the garment should replace and that show beside it."""
    occluders = drawn.plan.occluders
    dresses = group(drawn.garment.kind)
    worn = occluders.worn_lower if dresses == "lower" else occluders.worn_upper
    return float((worn.alpha / np.float32(255) * (1 - drawn.visible.alpha / np.float32(255))).sum())


def _warp_figures(drawn: Drawn) -> list[Figure]:
    residuals = np.concatenate([part.residual_px for part in drawn.parts])
    stretches = _stretches(drawn)
    low, high = np.percentile(stretches, (5, 95)) if len(stretches) else (1.0, 1.0)
    return [
        Figure("landmark_residual_px", round(float(residuals.mean()), 3), "px"),
        Figure(
            "landmark_residual",
            round(100 * float(residuals.mean()) / drawn.plan.body.torso_length, 3),
            "% of torso",
        ),
        Figure("fold_ratio", max(part.fold_ratio for part in drawn.parts), ""),
        Figure("stretch_p5", round(float(low), 4), "× median"),
        Figure("stretch_p95", round(float(high), 4), "× median"),
    ]


def _probes(drawn: Drawn, part: PartWarp, matte: Mask) -> NDArray[np.float64]:
    """(N, 2) pixels of the person image well inside what is seen of one part."""
    solid = cv2.erode((drawn.visible.alpha == 255).astype(np.uint8), np.ones((5, 5), np.uint8))
    box = np.concatenate([part.controls.person_xy.min(axis=0), part.controls.person_xy.max(axis=0)])
    rows, columns = np.nonzero(solid)
    inside = (columns >= box[0]) & (columns <= box[2]) & (rows >= box[1]) & (rows <= box[3])
    rows, columns = rows[inside], columns[inside]
    step = max(1, len(rows) // _PROBES)
    xy = np.stack([columns[::step] + 0.5, rows[::step] + 0.5], axis=1)
    if not len(xy):
        return xy
    on_cloth = np.floor(map_points(part.warp, xy)).astype(int)
    within = ((on_cloth >= 0) & (on_cloth < (matte.width, matte.height))).all(axis=1)
    xy, on_cloth = xy[within], on_cloth[within]
    return xy[matte.alpha[on_cloth[:, 1], on_cloth[:, 0]] == 255]


def _stretches(drawn: Drawn) -> NDArray[np.float64]:
    """Local stretch (root of the area's) relative to each part's median; 1 = as the part as a whole."""
    found = []
    for part, plan in zip(drawn.parts, drawn.plan.layout.parts, strict=True):
        xy = _probes(drawn, part, plan.matte)
        if len(xy) > 20:
            areas = np.abs(np.linalg.det(jacobian(part.warp, xy)))
            local = 1 / np.sqrt(np.maximum(areas, 1e-12))
            found.append(local / np.median(local))
    return np.concatenate(found) if found else np.zeros(0)


def _colour_figures(drawn: Drawn) -> list[Figure]:
    """ΔE2000 between the drawn garment and the product photo at the same spot of cloth, on the trunk."""
    part, matte = drawn.parts[0], drawn.plan.layout.parts[0].matte
    xy = _probes(drawn, part, matte)
    if len(xy) < 20:
        return []
    scale = float(np.sqrt(np.median(np.abs(np.linalg.det(jacobian(part.warp, xy))))))
    product = cv2.GaussianBlur(drawn.product.pixels, (0, 0), max(0.6, 1.2 * scale))
    picture = cv2.GaussianBlur(drawn.picture, (0, 0), 1.2)
    on_cloth = map_points(part.warp, xy)
    differences = delta_e_2000(_lab_at(picture, xy), _lab_at(product, on_cloth))
    return [
        Figure("delta_e_mean", round(float(differences.mean()), 3), "ΔE2000"),
        Figure("delta_e_p95", round(float(np.percentile(differences, 95)), 3), "ΔE2000"),
    ]


def _lab_at(pixels: NDArray[np.uint8], xy: NDArray[np.float64]) -> NDArray[np.float32]:
    places = (xy - 0.5).astype(np.float32)[None]
    return srgb_to_lab(cv2.remap(pixels, places[..., 0], places[..., 1], cv2.INTER_LINEAR))[0]


def _score_figures(drawn: Drawn) -> list[Figure]:
    keypoints = [drawn.pose.keypoints.score(n) for n in _JOINTS_THAT_MATTER if drawn.pose.keypoints.has(n)]
    landmarks = [drawn.garment.landmarks.score(n) for n in drawn.garment.landmarks.present]
    return [
        Figure("person_score", round(float(drawn.pose.score), 4), ""),
        Figure("keypoint_score", round(float(np.mean(keypoints or [0.0])), 4), ""),
        Figure("garment_score", round(float(drawn.garment.score), 4), ""),
        Figure("landmark_score", round(float(np.mean(landmarks or [0.0])), 4), ""),
        Figure("turned", round(turn_degrees(drawn.pose), 2), "°"),
    ]
