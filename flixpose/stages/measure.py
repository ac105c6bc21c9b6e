"""Quality figures of a drape, measured on its own pixels and warps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import turn_degrees
from flixpose.fit.doubts import placement_figures
from flixpose.fit.layout import Plan
from flixpose.fit.midriff import bare_midriff
from flixpose.fit.tuck import laid_over_lower
from flixpose.fit.verdict import Rule, judge
from flixpose.garment.kinds import group
from flixpose.geometry.threads import gathered, product
from flixpose.geometry.warp import jacobian, map_points
from flixpose.imaging.colour import delta_e_2000, srgb_to_lab
from flixpose.structures.drape import Composite, Light, PartWarp
from flixpose.structures.found import Garment, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.job import Figure, Quality, Tuck

Places = NDArray[np.float64]

_PROBES = 3000  # places a part is looked at
_FEW = 2  # one in so many serves for colours and stretch: a mean ΔE2000 is off by some 0.03 (standard error)
_BESIDE = (-1, 0, 1)  # pixels: sharpness is told by a square around each probe, off by some 3 %
_OUTLINE = 2000  # pixels of it that are compared
_PLENTY = 15  # times as many pixels are looked at, if there are more, in whole rows
_INSIDE = 2  # pixels: probes keep as far from everything that is not solid cloth
_NO_STRUCTURE = 0.5  # levels of 255
_TAPS = 7  # a blur's weights are taken at so many places each way
_CELL = 5.0  # rings broad: what lies in a cell and those around it is compared
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

    @cached_property
    def probes(self) -> list[tuple[Places, Places]]:
        """Per part (N, 2): pixels of the person image well inside what is seen of it, evenly thinned, and the
        places of the product image that they show.
        """
        x, y, width, height = cv2.boundingRect(self.drawn.visible.alpha)
        solid = (self.drawn.visible.alpha[y : y + height, x : x + width] == 255).astype(np.uint8)
        if not solid.size:
            return [(np.zeros((0, 2)), np.zeros((0, 2))) for _ in self.parts]
        side = 2 * _INSIDE + 1
        thin = max(1, solid.size // (_PLENTY * _PROBES))
        solid = cv2.erode(solid, np.ones((side, side), np.uint8))[::thin]
        rows, columns = np.divmod(np.flatnonzero(solid), width)
        xy = np.stack([columns + (x + 0.5), rows * thin + (y + 0.5)], axis=1)
        plans = self.plan.layout.parts
        found = [_of_part(xy, part, plan.matte) for part, plan in zip(self.parts, plans, strict=True)]
        # Sleeves lie before the trunk: what they cover does not show the trunk's cloth.
        (trunk, shown), *limbs = found
        free = np.ones(len(trunk), dtype=bool)
        for number, (part, plan) in enumerate(zip(self.parts[1:], plans[1:], strict=True)):
            if plan.depth > plans[0].depth:
                free &= ~_covered(trunk, part, plan.matte)
            else:
                xy, places = limbs[number]
                beside = ~_covered(xy, self.parts[0], plans[0].matte)
                limbs[number] = xy[beside], places[beside]
        return [(trunk[free], shown[free]), *limbs]


def measure(drawn: Drawn, rules: Sequence[Rule]) -> Quality:
    """All figures and the verdict. Each figure's meaning and unit stand in the README's table."""
    # The first finds the probes, which the last needs as well: by then they are there.
    ways = (_colour_figures, _edge_figures, _area_figures, _score_figures, _warp_figures)
    colours, edges, areas, scores, warps = gathered(lambda way: way(drawn), ways)
    return judge([*areas, *warps, *colours, *edges, *scores], rules)


def _area_figures(drawn: Drawn) -> list[Figure]:
    seen = _area(drawn.drawn.visible.alpha)
    share = seen / max(_area(cv2.extractChannel(drawn.drawn.layer, 3)), 1.0)
    targets = drawn.parts[0].controls.person_xy
    outside = ((targets < 0) | (targets > np.array(drawn.person.size))).any(axis=1)
    changed = cv2.countNonZero(drawn.drawn.changed.alpha) / drawn.drawn.changed.alpha.size
    old, painted = _area(drawn.drawn.old_garment.alpha), _area(drawn.drawn.painted.alpha)
    return [
        Figure("changed_area", round(100 * changed, 3), "%"),
        Figure("coverage", round(100 * share, 3), "%"),
        Figure("occluded", round(100 * (1 - share), 3), "%"),
        Figure("out_of_frame", round(100 * float(outside.mean()), 3), "%"),
        Figure("old_garment_visible", round(100 * old / max(seen, 1.0), 3), "%"),
        Figure("painted", round(100 * painted / max(seen, 1.0), 3), "%"),
        Figure("guessed", round(100 * drawn.drawn.guessed / max(seen, 1.0), 3), "%"),
        Figure("bare_midriff", round(100 * _bare_midriff(drawn) / max(seen, 1.0), 3), "%"),
        Figure("over_lower", round(100 * _over_lower(drawn), 3), "%"),
        Figure("tucked", float(drawn.plan.tuck is not None), ""),
        Figure("tuck_missed", float(drawn.tuck == "in" and drawn.plan.tuck is None), ""),
    ]


def _bare_midriff(drawn: Drawn) -> float:
    """Pixels; with outwear alone: other garments that end above the waist were made so."""
    if not drawn.garment.kind.endswith("outwear"):
        return 0.0
    body, masks = drawn.plan.body, drawn.plan.occluders
    return bare_midriff(drawn.person.pixels, drawn.drawn.visible, body, masks, drawn.drawn.person_mask)


def _over_lower(drawn: Drawn) -> float:
    """Share of a top that hangs over the lower clothes because nobody said how it is to be worn."""
    kind = drawn.garment.kind
    top = group(kind) == "upper" and not kind.endswith("outwear")
    if not top or drawn.tuck != "auto" or drawn.plan.tuck is not None:
        return 0.0
    return laid_over_lower(drawn.drawn.visible, drawn.plan.body, drawn.plan.occluders)


def _area(alpha: NDArray[np.uint8]) -> float:
    """Pixels, partly covered ones counted by their share."""
    return float(cv2.sumElems(alpha)[0]) / 255


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


def _of_part(xy: Places, part: PartWarp, matte: Mask) -> tuple[Places, Places]:
    """Those of some pixels of the person image on which a part's own cloth lies, and what they show of it."""
    low, high = part.controls.person_xy.min(axis=0), part.controls.person_xy.max(axis=0)
    xy = xy[_within(xy, low, high + 1)]
    xy = xy[:: max(1, len(xy) // _PROBES)]
    if not len(xy):
        return xy, xy
    shown = map_points(part.warp, xy)
    within = _matte_at(shown, matte) == 255
    return xy[within], shown[within]


def _covered(xy: Places, part: PartWarp, matte: Mask) -> NDArray[np.bool_]:
    """(N,) which pixels of the person image a part's cloth lies on, at least in part."""
    low, high = part.controls.person_xy.min(axis=0), part.controls.person_xy.max(axis=0)
    near = _within(xy, low, high + 1)
    if near.any():
        near[near] = _matte_at(map_points(part.warp, xy[near]), matte) > 0
    return near


def _within(xy: Places, low: Places, high: Places) -> NDArray[np.bool_]:
    """(N,) which places lie in a box; column by column, as rows of two are slow to go through."""
    (x, y), (x0, y0), (x1, y1) = xy.T, low, high
    return np.asarray((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))


def _matte_at(places: Places, matte: Mask) -> NDArray[np.uint8]:
    """(N,) of a matte at places of the product image; 0 outside."""
    columns, rows = np.floor(places).astype(int).T
    within = (columns >= 0) & (columns < matte.width) & (rows >= 0) & (rows < matte.height)
    found = np.zeros(len(places), np.uint8)
    found[within] = matte.alpha[rows[within], columns[within]]
    return found


def _stretches(drawn: Drawn) -> NDArray[np.float64]:
    """Local stretch (root of the area's) relative to each part's median; 1 = as the part as a whole."""
    found = []
    for part, (probes, _) in zip(drawn.parts, drawn.probes, strict=True):
        xy = probes[::_FEW]
        if len(xy) > 20:
            local = 1 / np.sqrt(np.maximum(_areas(part, xy), 1e-12))
            found.append(local / np.median(local))
    return np.concatenate(found) if found else np.zeros(0)


def _areas(part: PartWarp, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) pixels of the product image that a pixel of the person image shows."""
    (a, b), (c, d) = np.moveaxis(jacobian(part.warp, xy), 0, -1)
    return np.abs(a * d - b * c)


def _colour_figures(drawn: Drawn) -> list[Figure]:
    """ΔE2000 and sharpness of the drawn garment against the product photo at the same cloth, on the trunk."""
    part, (xy, on_cloth) = drawn.parts[0], drawn.probes[0]
    if len(xy) < 20:
        return []
    scale = float(np.sqrt(np.median(_areas(part, xy[::_FEW]))))
    drawn_there = srgb_to_lab(_softly(drawn.drawn.picture, xy[::_FEW], 1.2))
    product_there = srgb_to_lab(_softly(drawn.product.pixels, on_cloth[::_FEW], max(0.6, 1.2 * scale)))
    differences = delta_e_2000(drawn_there, product_there)
    mean = round(float(differences.mean()), 3)
    ratio = _sharpness(drawn.drawn.picture, xy) / _sharpness(drawn.product.pixels, on_cloth, scale)
    return [
        Figure("delta_e_mean", mean, "ΔE2000"),
        Figure("delta_e_p95", round(float(np.percentile(differences, 95)), 3), "ΔE2000"),
        *([Figure("delta_e_exact", mean, "ΔE2000")] if drawn.light == "exact" else []),
        Figure("sharpness", round(float(ratio), 3), "× product"),
    ]


def _softly(pixels: NDArray[np.uint8], xy: NDArray[np.float64], sigma: float) -> NDArray[np.uint8]:
    """(N, 3) the picture's colours at some points, blurred by a Gaussian of `sigma` pixels."""
    apart = 2.4 * sigma / (_TAPS // 2)
    reach = (np.arange(_TAPS) - _TAPS // 2) * apart
    weights = np.exp(-0.5 * (reach / sigma) ** 2)
    places = (xy[:, None] - 0.5 + np.stack(np.meshgrid(reach, reach), axis=-1).reshape(-1, 2)).astype("f4")
    found = cv2.remap(
        pixels, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    share = np.outer(weights, weights).ravel() / weights.sum() ** 2
    each = np.kron(share[:, None], np.eye(3)).astype(np.float32)
    return np.rint(product(found.reshape(len(xy), -1).astype(np.float32), each)).astype(np.uint8)


def _sharpness(pixels: NDArray[np.uint8], xy: NDArray[np.float64], reduce: float = 1.0) -> float:
    """Root mean square of the finest structure at the points and just beside them, levels of 255.

    Args:
        reduce: how many times smaller the picture is made first; below 1 it is enlarged.
    """
    room = 6 * max(1.0, reduce)
    x0, y0 = np.maximum(np.floor(xy.min(axis=0) - room), 0).astype(int)
    x1, y1 = np.ceil(xy.max(axis=0) + room).astype(int)
    grey = cv2.cvtColor(pixels[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    size = max(1, round(grey.shape[1] / reduce)), max(1, round(grey.shape[0] / reduce))
    how = cv2.INTER_AREA if reduce > 1 else cv2.INTER_CUBIC
    sized = cv2.resize(grey, size, interpolation=how).astype(np.float32)
    fine = cv2.subtract(sized, cv2.GaussianBlur(sized, (_TAPS, _TAPS), 1.0))
    # The nearest pixel: a mixture of four would be smoother than the picture is.
    columns, rows = np.floor((xy - (x0, y0)) * (np.array(size) / grey.shape[::-1])).astype(int).T
    columns, rows = (
        np.clip(places[:, None] + _BESIDE, 0, most - 1)
        for places, most in ((columns, size[0]), (rows, size[1]))
    )
    found = fine[rows[:, :, None], columns[:, None, :]]
    # Cloth without any structure has none to lose.
    return float(np.sqrt(np.mean(found * found) + _NO_STRUCTURE**2))


def _edge_figures(drawn: Drawn) -> list[Figure]:
    """How far the outline's colours are off those just inside, beyond what the cloth changes anyway."""
    x, y, width, height = cv2.boundingRect(drawn.drawn.visible.alpha)
    here = np.s_[y : y + height, x : x + width]
    layer, seen = drawn.drawn.layer[here], drawn.drawn.visible.alpha[here]
    if not seen.size:
        return []
    step = max(1.0, drawn.plan.body.shoulder_width / _RING)
    solid = cv2.threshold(cv2.extractChannel(layer, 3), 127, 1, cv2.THRESH_BINARY)[1]
    inward = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    at = np.flatnonzero(cv2.inRange(inward, 1e-3, 9 * step) > 0)
    rows, columns = np.divmod(at, width)
    depth = inward.ravel()[at] / np.float32(step)
    rim = (depth <= 1) & (seen[rows, columns] > 127)
    if np.count_nonzero(rim) < 20:
        return []
    outline = np.flatnonzero(rim)
    rim[np.delete(outline, np.s_[:: max(1, len(outline) // _OUTLINE)])] = False
    near = _Near((rows / (_CELL * step)).astype(int), (columns / (_CELL * step)).astype(int))
    colours = layer[rows, columns, :3]
    rings = [(depth > low) & (depth <= high) for low, high in ((0, 1), (3, 6), (6, 9))]
    means, sure = zip(*(near.mean(colours, ring, rim) for ring in rings), strict=True)
    there = np.logical_and.reduce(sure)
    edge, inner, deeper = (srgb_to_lab(np.rint(mean[there]).astype(np.uint8)) for mean in means)
    off = delta_e_2000(edge, inner) - delta_e_2000(inner, deeper)
    return [Figure("edge_halo", round(float(np.maximum(off, 0).mean()) if there.any() else 0.0, 3), "ΔE2000")]


@dataclass(frozen=True, eq=False)
class _Near:
    """Cells, row and column (N,), of some pixels; what lies in a cell and the eight around it is near."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def mean(
        self, colours: NDArray[np.uint8], where: NDArray[np.bool_], wanted: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(M, 3) mean colour of the pixels `where` near those wanted; (M,) whether there are any."""
        shape = int(self.rows.max()) + 1, int(self.columns.max()) + 1
        cells = self.rows * shape[1] + self.columns
        own, number = cells[where], shape[0] * shape[1]
        sums = [np.bincount(own, value, number).reshape(shape) for value in (*colours[where].T, None)]
        around = cv2.boxFilter(
            np.dstack(sums), cv2.CV_64F, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT
        )
        found = around.reshape(-1, 4)[cells[wanted]]
        count = found[:, 3:]
        return (found[:, :3] / np.maximum(count, 1)).astype(np.float32), count[:, 0] > 0.5


def _score_figures(drawn: Drawn) -> list[Figure]:
    keypoints = [drawn.pose.keypoints.score(n) for n in _JOINTS_THAT_MATTER if drawn.pose.keypoints.has(n)]
    landmarks = [drawn.garment.landmarks.score(n) for n in drawn.garment.landmarks.present]
    return [
        Figure("person_score", round(float(drawn.pose.score), 4), ""),
        Figure("keypoint_score", round(float(np.mean(keypoints or [0.0])), 4), ""),
        Figure("garment_score", round(float(drawn.garment.score), 4), ""),
        Figure("landmark_score", round(float(np.mean(landmarks or [0.0])), 4), ""),
        Figure("turned", round(turn_degrees(drawn.pose), 2), "°"),
        *placement_figures(drawn.garment, drawn.pose),
    ]
