"""Between sleeve and trunk: on the cloth's outline in the product photo, and no slit on the person."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.layout import Layout, LimbLandmarks, plan_layout
from flixpose.fit.rig import load_rigs
from flixpose.fit.strips import garment_strip
from flixpose.geometry.sampling import sample
from flixpose.geometry.source import Source
from flixpose.stages.solve_warps import solve_warps
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.figures import SIZE, make_garment
from tests.fit.test_sleeves import BLANK, figure

_ROUND = 16  # pixels of the product image
RIGS = load_rigs(resources.CONFIGS / "rigs")


@cache
def with_round_forks(kind: str = "long_sleeve_top") -> tuple[Image, Garment]:
    """A garment whose forks between sleeve and trunk are arches, armpits at their tops."""
    product, garment = make_garment(kind)
    points, index = garment.landmarks.xy.copy(), garment.landmarks.skeleton.index
    alpha = cv2.morphologyEx(garment.mask.alpha, cv2.MORPH_CLOSE, disc(_ROUND))
    for side in ("left", "right"):
        pit = points[index[f"armpit_{side}"]]
        x0, y0 = int(pit[0]) - _ROUND, int(pit[1])
        rows, columns = np.nonzero(alpha[y0:, x0 : x0 + 2 * _ROUND] == 0)
        top = np.argmin(rows)
        points[index[f"armpit_{side}"]] = columns[top] + x0 + 0.5, rows[top] + y0 - 0.5
    landmarks = replace(garment.landmarks, xy=points)
    return product, replace(garment, mask=Mask(alpha), landmarks=landmarks)


def disc(radius: int) -> NDArray[np.uint8]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.uint8)


def test_a_sleeves_inner_edge_follows_a_round_fork() -> None:
    """Beside the seam rays end on it, in the cloth: they must not draw the edge in there."""
    _, garment = with_round_forks()
    at = {name: garment.landmarks[name].astype(np.float64) for name in garment.landmarks.present}
    ends = (at[f"{name}"] for name in ("shoulder_left", "armpit_left", "cuff_left_outer", "cuff_left_inner"))
    limb = LimbLandmarks("left_sleeve", *ends)
    region = np.where(np.arange(garment.mask.width) > at["armpit_left"][0] - 12, garment.mask.alpha, 0)
    strip = garment_strip(limb, Mask(region.astype(np.uint8)))
    outline = np.vstack(cv2.findContours(region, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0])[:, 0] + 0.5
    away = [np.linalg.norm(outline - xy, axis=1).min() for xy in strip.inner]
    assert max(away) < 4.0, away


def test_no_slit_opens_between_a_sleeve_and_the_trunk_where_the_arm_hangs_beside_it() -> None:
    body, mask, arms = figure()
    product, garment = with_round_forks("short_sleeve_top")
    occluders = replace(BLANK, outlines=arms)
    layout = plan_layout(garment, product, body, RIGS["short_sleeve_top"], mask, occluders)
    seen = drawn(product, garment, layout)
    for side in ("left", "right"):
        sleeve = next(p.controls for p in layout.parts if p.controls.part == f"{side}_sleeve")
        rows = [row for row, name in enumerate(sleeve.names) if "_inner_" in name]
        open_ = [(seen[int(y), int(x) - 6 : int(x) + 7] < 128).sum() for x, y in sleeve.person_xy[rows][1:-2]]
        assert sum(open_) < 8, (side, open_)  # 42 where neither follows the fork


def drawn(product: Image, garment: Garment, layout: Layout) -> NDArray[np.uint8]:
    """(H, W) alpha of all parts on the person image."""
    seen = np.zeros(SIZE[::-1], np.uint8)
    cloth = np.dstack([product.pixels, garment.mask.alpha])
    for part, warp in zip(layout.parts, solve_warps(layout), strict=True):
        sheet = sample(Source.matted(cloth, cv2.min(garment.mask.alpha, part.matte.alpha)), warp.warp, SIZE)
        x, y = int(sheet.box.x0), int(sheet.box.y0)
        here = seen[y : y + sheet.patch.shape[0], x : x + sheet.patch.shape[1]]
        np.maximum(here, sheet.patch[..., 3], out=here)
    return seen
