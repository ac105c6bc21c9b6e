"""Quality figures of a drape, measured on its own pixels and warps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import turn_degrees
from flixpose.fit.layout import Plan
from flixpose.fit.verdict import Rule, judge
from flixpose.geometry.warp import jacobian, map_points
from flixpose.imaging.colour import delta_e_2000, srgb_to_lab
from flixpose.structures.drape import Composite, Light, PartWarp
from flixpose.structures.found import Garment, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.job import Figure, Quality, Tuck

_PROBES = 3000
_NO_STRUCTURE = 0.5  # levels of 255
_RING = 250.0  # rings along the outline are this fraction of the shoulder width broad, a pixel at least
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
    drawn: Composite
    light: Light = "scene"
    tuck: Tuck = "auto"


def measure(drawn: Drawn, rules: Sequence[Rule]) -> Quality:
    """All figures and the verdict. Each figure's meaning and unit stand in the README's table."""
    figures = [
        *_area_figures(drawn),
        *_warp_figures(drawn),
        *_colour_figures(drawn),
        *_edge_figures(drawn),
        *_score_figures(drawn),
    ]
    return judge(figures, rules)


def _area_figures(drawn: Drawn) -> list[Figure]:
    seen = drawn.drawn.visible.area
    share = seen / max(float(drawn.drawn.layer[..., 3].sum(dtype=np.int64)) / 255, 1.0)
    targets = drawn.parts[0].controls.person_xy
    outside = ((targets < 0) | (targets > np.array(drawn.person.size))).any(axis=1)
    changed = cv2.countNonZero(drawn.drawn.changed.alpha) / drawn.drawn.changed.alpha.size
    old, painted = drawn.drawn.old_garment.area, drawn.drawn.painted.area
    return [
        Figure("changed_area", round(100 * changed, 3), "%"),
        Figure("coverage", round(100 * share, 3), "%"),
        Figure("occluded", round(100 * (1 - share), 3), "%"),
        Figure("out_of_frame", round(100 * float(outside.mean()), 3), "%"),
        Figure("old_garment_visible", round(100 * old / max(seen, 1.0), 3), "%"),
        Figure("painted", round(100 * painted / max(seen, 1.0), 3), "%"),
        Figure("tucked", float(drawn.plan.tuck is not None), ""),
        Figure("tuck_missed", float(drawn.tuck == "in" and drawn.plan.tuck is None), ""),
    ]


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
    solid = cv2.erode((drawn.drawn.visible.alpha == 255).astype(np.uint8), np.ones((5, 5), np.uint8))
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
    """ΔE2000 and sharpness of the drawn garment against the product photo at the same cloth, on the trunk."""
    part, matte = drawn.parts[0], drawn.plan.layout.parts[0].matte
    xy = _probes(drawn, part, matte)
    if len(xy) < 20:
        return []
    scale = float(np.sqrt(np.median(np.abs(np.linalg.det(jacobian(part.warp, xy))))))
    on_cloth = map_points(part.warp, xy)
    drawn_there = _lab_at(drawn.drawn.picture, xy, 1.2)
    product_there = _lab_at(drawn.product.pixels, on_cloth, max(0.6, 1.2 * scale))
    differences = delta_e_2000(drawn_there, product_there)
    mean = round(float(differences.mean()), 3)
    ratio = _sharpness(drawn.drawn.picture, xy) / _sharpness(drawn.product.pixels, on_cloth, scale)
    return [
        Figure("delta_e_mean", mean, "ΔE2000"),
        Figure("delta_e_p95", round(float(np.percentile(differences, 95)), 3), "ΔE2000"),
        *([Figure("delta_e_exact", mean, "ΔE2000")] if drawn.light == "exact" else []),
        Figure("sharpness", round(float(ratio), 3), "× product"),
    ]


def _cut(
    pixels: NDArray[np.uint8], xy: NDArray[np.float64], room: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of a picture that the points need, and the points in it."""
    x0, y0 = np.maximum(np.floor(xy.min(axis=0) - room), 0).astype(int)
    x1, y1 = np.ceil(xy.max(axis=0) + room).astype(int)
    return pixels[y0:y1, x0:x1], xy - (x0, y0)


def _at(pixels: NDArray[Any], xy: NDArray[np.float64]) -> NDArray[Any]:
    places = (xy - 0.5).astype(np.float32)[None]
    return np.asarray(cv2.remap(pixels, places[..., 0], places[..., 1], cv2.INTER_LINEAR)[0])


def _lab_at(pixels: NDArray[np.uint8], xy: NDArray[np.float64], sigma: float) -> NDArray[np.float32]:
    pixels, xy = _cut(pixels, xy, 4 * sigma + 2)
    return srgb_to_lab(_at(cv2.GaussianBlur(pixels, (0, 0), sigma), xy))


def _sharpness(pixels: NDArray[np.uint8], xy: NDArray[np.float64], reduce: float = 1.0) -> float:
    """Root mean square of the finest structure at the points, levels of 255.

    Args:
        reduce: how many times smaller the picture is made first; below 1 it is enlarged.
    """
    pixels, xy = _cut(pixels, xy, 6 * max(1.0, reduce))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    size = max(1, round(grey.shape[1] / reduce)), max(1, round(grey.shape[0] / reduce))
    how = cv2.INTER_AREA if reduce > 1 else cv2.INTER_CUBIC
    sized = cv2.resize(grey, size, interpolation=how).astype(np.float32)
    fine = sized - cv2.GaussianBlur(sized, (0, 0), 1.0)
    # The nearest pixel: a mixture of four would be smoother than the picture is.
    columns, rows = np.floor(xy * (np.array(size) / grey.shape[::-1])).astype(int).T
    found = fine[np.clip(rows, 0, size[1] - 1), np.clip(columns, 0, size[0] - 1)]
    # Cloth without any structure has none to lose.
    return float(np.sqrt(np.mean(found * found) + _NO_STRUCTURE**2))


def _edge_figures(drawn: Drawn) -> list[Figure]:
    """How far the outline's colours are off those just inside, beyond what the cloth changes anyway."""
    box = drawn.drawn.visible.box
    if box is None:
        return []
    here = np.s_[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    layer, seen = drawn.drawn.layer[here], drawn.drawn.visible.alpha[here]
    step = max(1.0, drawn.plan.body.shoulder_width / _RING)
    inward = cv2.distanceTransform((layer[..., 3] > 127).astype(np.uint8), cv2.DIST_L2, 3)
    rim = (inward > 0) & (inward <= step) & (seen > 127)
    if np.count_nonzero(rim) < 20:
        return []
    rings = [(inward > low * step) & (inward <= high * step) for low, high in ((0, 1), (3, 6), (6, 9))]
    colours, sure = zip(
        *(_mean_near(layer[..., :3], ring, rim, round(7 * step)) for ring in rings), strict=True
    )
    there = np.logical_and.reduce(sure)
    edge, inner, deeper = (srgb_to_lab(np.rint(colour[there]).astype(np.uint8)) for colour in colours)
    off = delta_e_2000(edge, inner) - delta_e_2000(inner, deeper)
    return [Figure("edge_halo", round(float(np.maximum(off, 0).mean()) if there.any() else 0.0, 3), "ΔE2000")]


def _mean_near(
    pixels: NDArray[np.uint8], where: NDArray[np.bool_], wanted: NDArray[np.bool_], radius: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(N, 3) mean colour of the pixels `where` near every few of those wanted; (N,) whether there are any."""
    rows, columns = np.nonzero(wanted)
    step = max(1, len(rows) // _PROBES)
    spots = rows[::step], columns[::step]
    side = (2 * radius + 1, 2 * radius + 1)
    share = where.astype(np.uint8)
    count, total = (
        cv2.boxFilter(plane, cv2.CV_32F, side, normalize=False, borderType=cv2.BORDER_CONSTANT)[spots]
        for plane in (share, pixels * share[..., None])
    )
    return total / np.maximum(count, 1)[:, None], count > 0


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
