"""Garments drawn from half outlines whose corners are known: (u, v, name), u outward from the axis."""

import hashlib

import cv2
import numpy as np

from flixpose.structures.image import Image

AXIS, WIDTH, HEIGHT = 300, 600, 800
Half = list[tuple[float, float, str]]

TEE: Half = [
    (0, 112, "neck_back"),
    (55, 100, "neck"),
    (132, 130, "shoulder"),
    (215, 268, "cuff_outer"),
    (150, 305, "cuff_inner"),
    (118, 248, "armpit"),
    (116, 560, "hem"),
    (0, 566, "hem_center"),
]
LONG: Half = [
    (0, 112, "neck_back"),
    (50, 100, "neck"),
    (125, 136, "shoulder"),
    (222, 585, "cuff_outer"),
    (178, 596, "cuff_inner"),
    (116, 300, "armpit"),
    (114, 560, "hem"),
    (0, 563, "hem_center"),
]
VEST: Half = [
    (0, 130, "neck_back"),
    (62, 100, "neck"),
    (104, 112, "shoulder"),
    (92, 200, ""),
    (128, 290, "armpit"),
    (126, 560, "hem"),
    (0, 566, "hem_center"),
]
SLING: Half = [
    (0, 240, "neck_front"),
    (78, 190, ""),
    (84, 100, "neck"),
    (92, 100, "shoulder"),
    (100, 200, ""),
    (122, 262, "armpit"),
    (130, 560, "hem"),
    (0, 566, "hem_center"),
]
SKIRT: Half = [(0, 120, ""), (92, 118, "waist"), (165, 560, "hem"), (0, 576, "hem_center")]
TROUSERS: Half = [
    (0, 100, ""),
    (95, 98, "waist"),
    (112, 720, "cuff_outer"),
    (42, 724, "cuff_inner"),
    (0, 300, "crotch"),
]
SHORTS: Half = [
    (0, 100, ""),
    (110, 98, "waist"),
    (150, 360, "cuff_outer"),
    (32, 372, "cuff_inner"),
    (0, 262, "crotch"),
]


def dress(top: Half) -> Half:
    """The same upper part on a long wide skirt."""
    upper = [point for point in top if not point[2].startswith("hem")]
    armpit = next(point for point in top if point[2] == "armpit")
    waist = (armpit[0] - 26, armpit[1] + 110, "waist")
    return [*upper, waist, (178, 760, "hem"), (0, 772, "hem_center")]


HALVES: dict[str, Half] = {
    "short_sleeve_top": TEE,
    "long_sleeve_top": LONG,
    "vest": VEST,
    "sling": SLING,
    "skirt": SKIRT,
    "trousers": TROUSERS,
    "shorts": SHORTS,
    "short_sleeve_dress": dress(TEE),
    "long_sleeve_dress": dress(LONG),
    "vest_dress": dress(VEST),
    "sling_dress": dress(SLING),
}


def landmarks(half: Half) -> dict[str, tuple[float, float]]:
    """Where the landmarks are: name → (x, y) in the house's frame."""
    points = {}
    for u, v, name in half:
        if name in ("neck_back", "neck_front", "hem_center", "crotch"):
            points[name] = (AXIS + 0.5, v + 0.5)
        elif name:
            part, _, end = name.partition("_")
            for side, sign in (("left", 1), ("right", -1)):
                points[f"{part}_{side}" + (f"_{end}" if end else "")] = (AXIS + 0.5 + sign * u, v + 0.5)
    return points


def polygon(half: Half) -> np.ndarray:
    right = [(AXIS + u, v) for u, v, _ in half]
    left = [(AXIS - u, v) for u, v, _ in reversed(half)]
    return np.array(right + left, np.float32)


def draw(
    half: Half,
    cloth: tuple[int, int, int] = (70, 90, 150),
    ground: tuple[int, int, int] = (240, 240, 238),
) -> np.ndarray:
    """(H, W, 3) RGB picture of the garment, edges anti-aliased."""
    return paint(np.full((HEIGHT, WIDTH, 3), ground, np.uint8), polygon(half), cloth)


def paint(picture: np.ndarray, shape: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return cv2.fillPoly(picture, [np.rint(shape * 16).astype(np.int32)], colour, cv2.LINE_AA, shift=4)


def cover(half: Half) -> np.ndarray:
    """(H, W) uint8 true mask."""
    return paint(np.zeros((HEIGHT, WIDTH, 3), np.uint8), polygon(half), (255, 255, 255))[..., 0]


def image(pixels: np.ndarray, alpha: np.ndarray | None = None) -> Image:
    return Image(np.ascontiguousarray(pixels), alpha, hashlib.sha256(pixels.tobytes()).hexdigest(), "drawing")
