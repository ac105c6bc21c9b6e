"""Between sleeve and trunk: on the cloth's outline in the product photo, and no slit on the person."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.layout import Layout, LimbLandmarks, Plan, bare_zone, plan_layout
from flixpose.fit.rig import load_rigs
from flixpose.fit.strips import garment_strip
from flixpose.geometry.sampling import sample
from flixpose.geometry.source import Source
from flixpose.stages.solve_warps import solve_warps
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from tests.fit.figures import SIZE, make_garment
from tests.fit.test_sleeves import BLANK, UNIT, figure

RIGS = load_rigs(resources.CONFIGS / "rigs")
CAPS = RIGS["short_sleeve_top"]
_ROUND = 16  # pixels of the product image


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
        assert sum(open_) < 16, (side, open_)  # 42 where neither follows the fork


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


def with_caps() -> tuple[Image, Garment]:
    """A top whose short sleeves end in the armpits and stand far out to the sides."""
    product, garment = make_garment("short_sleeve_top")
    points, index = garment.landmarks.xy.copy(), garment.landmarks.skeleton.index
    alpha, pixels = garment.mask.alpha.copy(), product.pixels.copy()
    for side in ("left", "right"):
        tip, pit, outer = (
            points[index[n]] for n in (f"shoulder_{side}", f"armpit_{side}", f"cuff_{side}_outer")
        )
        points[index[f"cuff_{side}_inner"]] = pit
        beyond = np.array([pit, outer, outer + 400 * (outer - tip), pit + 400 * (outer - tip)])
        cv2.fillPoly(alpha, [np.round(beyond).astype(np.int32)], 0)
    pixels[(alpha == 0) & (garment.mask.alpha > 0)] = pixels[0, 0]
    garment = replace(garment, mask=Mask(alpha), landmarks=replace(garment.landmarks, xy=points))
    return replace(product, pixels=pixels), garment


def test_a_cap_lies_down_on_the_upper_arm_and_is_not_cut_off() -> None:
    body, mask, arms = figure()
    product, garment = with_caps()
    layout = plan_layout(garment, product, body, CAPS, mask, replace(BLANK, outlines=arms))
    assert [part.controls.part for part in layout.parts] == ["torso"]
    seen = drawn(product, garment, layout) > 127
    within = np.zeros(seen.shape, np.uint8)
    cv2.fillPoly(within, [np.round(layout.parts[0].border).astype(np.int32)], 1)
    near = cv2.dilate(within, disc(6)) > 0
    assert (seen & ~near).sum() < 0.002 * seen.sum(), "its border holds the whole cap"
    for side in ("left", "right"):
        tip = target(layout, f"cap_{side}_2")
        away = np.linalg.norm(arms[side].outer - tip, axis=1).min()
        assert away < 0.03 * UNIT and tip[1] > target(layout, f"shoulder_{side}")[1] + 0.2 * UNIT


def test_a_cap_from_a_mannequin_stands_off_the_arm_as_it_did_there() -> None:
    body, mask, arms = figure()
    product, garment = with_caps()
    assert CAPS.worn is not None
    flat, worn = (
        plan_layout(garment, product, body, rig, mask, replace(BLANK, outlines=arms))
        for rig in (CAPS, CAPS.worn)
    )
    for side in ("left", "right"):
        laid, stood = (
            np.linalg.norm(arms[side].outer - target(layout, f"cap_{side}_2"), axis=1).min()
            for layout in (flat, worn)
        )
        assert stood > laid + 0.1 * UNIT


def test_arms_lie_before_the_trunk_below_a_cap_and_not_before_it() -> None:
    body, mask, arms = figure()
    product, garment = with_caps()
    layout = plan_layout(garment, product, body, CAPS, mask, replace(BLANK, outlines=arms))
    zone = bare_zone(Plan(body, layout, BLANK), SIZE).alpha
    for side in ("left", "right"):
        outer, inner = (target(layout, name) for name in (f"cap_{side}_2", f"armpit_{side}"))
        down = np.array((0.0, 1.0))
        above, below = ((outer + inner) / 2 + step * UNIT * down for step in (-0.15, 0.15))
        assert zone[int(above[1]), int(above[0])] == 0 and zone[int(below[1]), int(below[0])] == 255


def target(layout: Layout, name: str) -> NDArray[np.float64]:
    controls = layout.parts[0].controls
    return controls.person_xy[controls.names.index(name)]
