"""One drawn product photo with its truth, by seed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.kinds import KINDS
from flixpose.studio.garments import bottoms, camera, cloth, dummy, uppers
from flixpose.studio.garments.backdrop import backdrop
from flixpose.studio.garments.plan import Plan, swap_sides
from flixpose.studio.garments.sheet import Sheet
from flixpose.studio.garments.wardrobe import Wardrobe

Rng = np.random.Generator

_LEAST_CONTRAST = 8  # grey levels

DISPLAYS = ("ghost", "flat", "mannequin", "hanger")

_SHOWN = (0.41, 0.15, 0.38, 0.06)
_SHOWN_BARE = (
    0.36,
    0.15,
    0.43,
    0.06,
)  # without sleeves: a mannequin's arms beside the cloth are what nets mix up
_SHARES = dict.fromkeys(KINDS, 0.68 / 11) | {"short_sleeve_top": 0.18, "long_sleeve_top": 0.14}


@dataclass(frozen=True, eq=False)
class Sample:
    """A drawn photo.

    Attributes:
        image: (H, W, 3) uint8 sRGB. mask: (H, W) uint8, the garment alone.
        kind: one of the 13. view: "front" or "back". display: "ghost", "flat", "mannequin" or "hanger".
        landmarks: name → (x, y, visibility), pixels, house's frame; landmarks that the garment lacks are
            not there. 2 = seen; 1 = a guess: covered, lost in the dark or in white on white, or nowhere
            exactly, as the waist of a straight dress.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    kind: str
    view: str
    display: str
    landmarks: dict[str, tuple[float, float, int]]


def draw_sample(seed: int, size: tuple[int, int] = (192, 256)) -> Sample:
    """The photo of a seed, `size` = (width, height). The same seed and size give the same bytes."""
    rng = np.random.default_rng(seed)
    width, height = size
    kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    view = "back" if rng.random() < 0.2 else "front"
    display = str(rng.choice(DISPLAYS, p=_SHOWN_BARE if kind.startswith(("vest", "sling")) else _SHOWN))
    plan = _plan(rng, kind, view, display)
    paper, ground = backdrop(rng, width, height, clutter=0.35 if display == "mannequin" else 0.11)
    place = camera.frame(rng, plan, width, height)
    sheet = Sheet(cloth.planes(paper), place, Wardrobe(rng, ground), rng)
    sheet.creases = float(rng.choice([0.3, 0.8, 1.4]))
    sheet.side = float(rng.uniform(-1.0, 1.0))
    sheet.ambient = float(rng.uniform(0.3, 0.9))
    sheet.draw(plan)
    camera.throw_shadow(rng, sheet)
    image = camera.develop(rng, sheet.rgb)
    mask = cv2.convertScaleAbs(sheet.cover, alpha=255.0)
    return Sample(image, mask, kind, view, display, _landmarks(plan, sheet, image))


def _plan(rng: Rng, kind: str, view: str, display: str) -> Plan:
    if kind in ("trousers", "shorts"):
        return bottoms.legs_plan(rng, kind, view, display)
    if kind == "skirt":
        return bottoms.skirt_plan(rng, kind, view, display)
    plan = uppers.upper_plan(rng, kind, view, display)
    if display == "hanger":
        dummy.hanger(plan, rng, 17.5, 5.0)
    return plan


def _landmarks(plan: Plan, sheet: Sheet, image: NDArray[np.uint8]) -> dict[str, tuple[float, float, int]]:
    known = set(KINDS[plan.kind].names)
    names = [n for n in plan.marks if n in known]
    places = sheet.place.pixels(np.array([plan.marks[n] for n in names]))
    contrast = _contrast(image)
    found = {}
    for name, (x, y) in zip(names, places, strict=True):
        shown = _shown(contrast, x, y) and name not in plan.hidden | plan.covered
        own = swap_sides(name) if plan.view == "back" else name
        found[own] = (float(x), float(y), 2 if shown else 1)
    return found


def _contrast(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) levels between the lightest and the darkest near each pixel, grain smoothed away."""
    scale = max(image.shape[:2]) / 256
    soft = cv2.GaussianBlur(image, (0, 0), 0.8 * scale)
    near = np.ones((2 * round(3 * scale) + 1,) * 2, np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(soft, near), cv2.erode(soft, near)).max(axis=2))


def _shown(contrast: NDArray[np.uint8], x: float, y: float) -> bool:
    """Whether a place lies in the picture, and there is anything to be seen about it."""
    height, width = contrast.shape
    inside = -1.0 <= x <= width + 1.0 and -1.0 <= y <= height + 1.0
    at = int(np.clip(y, 0, height - 1)), int(np.clip(x, 0, width - 1))
    return bool(inside and contrast[at] >= _LEAST_CONTRAST)
