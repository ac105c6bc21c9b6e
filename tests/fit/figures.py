"""Bodies and garments drawn from numbers, so that a test knows where everything is.

Both are given for the wearer's left side; the right is its mirror. In a front view the wearer's left lies on
the image's right.
"""

from collections.abc import Mapping
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.kinds import KINDS
from flixpose.pose.skeletons import BLAZEPOSE_33
from flixpose.structures.found import Garment, ModelInfo, Pose, View
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

Spot = tuple[float, float]
Colour = tuple[int, int, int]
Points = NDArray[np.float64]

MODEL = ModelInfo("drawn", "1", "test", "Apache-2.0", "drawn from numbers", "ab" * 32)
SIZE = (640, 960)

PAPER, SKIN, HAIR = (205, 208, 212), (224, 180, 152), (48, 34, 26)
WORN, BELOW = (40, 110, 60), (58, 60, 78)
CLOTH, INSIDE = (46, 84, 176), (20, 40, 92)

# --- bodies, in shoulder widths from the middle of the shoulders, y down

_LEFT_HALF: dict[str, Spot] = {
    "eye_inner": (0.06, -0.64),
    "eye": (0.09, -0.64),
    "eye_outer": (0.12, -0.64),
    "ear": (0.2, -0.6),
    "shoulder": (0.5, 0.0),
    "hip": (0.3, 1.45),
    "knee": (0.27, 2.7),
    "ankle": (0.25, 3.85),
    "heel": (0.25, 3.95),
    "foot_index": (0.3, 4.0),
}
ARMS: dict[str, tuple[Spot, Spot]] = {
    "hanging": ((0.64, 0.8), (0.72, 1.5)),
    "spread": ((1.1, 0.35), (1.55, 0.75)),
    "raised": ((1.0, -0.55), (0.95, -1.25)),
    "akimbo": ((1.0, 0.65), (0.42, 1.2)),
    "crossed": ((0.62, 0.75), (-0.15, 0.62)),
}


def body_points(arms: str = "hanging") -> dict[str, Spot]:
    """Name → place in shoulder widths, of all 33 keypoints."""
    elbow, wrist = ARMS[arms]
    tip = (wrist[0] + 0.3 * (wrist[0] - elbow[0]), wrist[1] + 0.3 * (wrist[1] - elbow[1]))
    half = _LEFT_HALF | {"elbow": elbow, "wrist": wrist, "index": tip, "pinky": tip, "thumb": tip}
    points: dict[str, Spot] = {
        "nose": (0.0, -0.55),
        "mouth_left": (0.06, -0.43),
        "mouth_right": (-0.06, -0.43),
    }
    for name, (x, y) in half.items():
        points |= {f"left_{name}": (x, y), f"right_{name}": (-x, y)}
    return points


def moved(
    points: Mapping[str, Spot],
    *,
    unit: float = 150.0,
    at: Spot = (320.0, 230.0),
    tilt: float = 0.0,
    view: View = "front",
) -> dict[str, Spot]:
    """Places in shoulder widths → pixels; `tilt` in degrees, clockwise on the photo."""
    turn = np.radians(tilt)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    side = np.array([1.0 if view == "front" else -1.0, 1.0])
    return {name: tuple(rotation @ (side * xy) * unit + at) for name, xy in points.items()}


def pose_of(
    points: Mapping[str, Spot],
    *,
    mask: Mask | None = None,
    without: tuple[str, ...] = (),
    turned: float | None = None,
    score: float = 0.95,
) -> Pose:
    """A pose of keypoints in pixels; `turned`: by so many degrees out of the picture plane."""
    found = {name: (*xy, score) for name, xy in points.items() if name not in without}
    xy = np.array(list(points.values()))
    world = None
    if turned is not None:
        angle = np.radians(turned)
        world = np.zeros((33, 3), np.float32)
        for name, sign in (("left_shoulder", 0.2), ("right_shoulder", -0.2)):
            world[BLAZEPOSE_33.index[name]] = sign * np.cos(angle), 0.0, sign * np.sin(angle)
    box = Box(*(float(v) for v in (*xy.min(axis=0), *xy.max(axis=0))))
    return Pose(Keypoints.from_points(BLAZEPOSE_33, found), box, score, MODEL, mask, world)


def make_pose(
    arms: str = "hanging",
    *,
    unit: float = 150.0,
    at: Spot = (320.0, 230.0),
    tilt: float = 0.0,
    view: View = "front",
    without: tuple[str, ...] = (),
    turned: float | None = None,
) -> Pose:
    points = moved(body_points(arms), unit=unit, at=at, tilt=tilt, view=view)
    return pose_of(points, without=without, turned=turned)


def paint_person(
    arms: str = "hanging",
    *,
    unit: float = 150.0,
    at: Spot = (320.0, 230.0),
    view: View = "front",
    size: tuple[int, int] = SIZE,
    long_hair: bool = False,
) -> tuple[Image, Pose, NDArray[np.uint8]]:
    """A person in a green shirt and dark trousers: photo, pose with its mask, and labels.

    Labels: 0 paper, 1 skin, 2 hair, 3 the shirt, 4 trousers; (H, W) uint8.
    """
    points = moved(body_points(arms), unit=unit, at=at, view=view)
    labels = np.zeros((size[1], size[0]), np.uint8)

    def stroke(label: int, width: float, *spots: Spot) -> None:
        line = np.round((np.array(spots) - 0.5) * 16).astype(np.int32)
        cv2.polylines(labels, [line], False, label, max(1, round(width * unit)), shift=4)

    def spot(x: float, y: float) -> Spot:
        return moved({"": (x, y)}, unit=unit, at=at, view=view)[""]

    def ellipse(label: int, middle: Spot, across: float, down: float) -> None:
        centre = tuple(round(v) for v in spot(*middle))
        cv2.ellipse(labels, centre, (round(across * unit), round(down * unit)), 0, 0, 360, label, -1)

    for side in ("left", "right"):
        stroke(4, 0.34, *(points[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle")))
    stroke(4, 0.3, points["left_hip"], points["right_hip"])
    trunk = [spot(*xy) for xy in ((0.5, -0.06), (0.46, 0.5), (0.4, 0.9), (0.44, 1.5))]
    trunk += [spot(-x, y) for x, y in ((0.44, 1.5), (0.4, 0.9), (0.46, 0.5), (0.5, -0.06))]
    if long_hair:
        ellipse(2, (0.0, -0.25), 0.34, 0.62)
    stroke(1, 0.26, spot(0, -0.4), spot(0, 0.0))
    cv2.fillPoly(labels, [np.round(trunk).astype(np.int32)], 3)
    if long_hair:
        for x in (0.26, -0.26):
            stroke(2, 0.13, spot(x, -0.5), spot(x, 0.35))
    ellipse(2, (0.0, -0.68), 0.25, 0.34)
    ellipse(1, (0.0, -0.53), 0.2, 0.27)
    for side in ("left", "right"):
        shoulder, elbow, wrist, tip = (points[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist", "index"))
        stroke(1, 0.17, shoulder, elbow, wrist)
        stroke(1, 0.15, wrist, tip)
        half = tuple((np.array(shoulder) + elbow) / 2)
        stroke(3, 0.22, shoulder, half)
    colours = np.array([PAPER, SKIN, HAIR, WORN, BELOW], np.int16)
    noise = np.random.default_rng(1).integers(-3, 4, (*labels.shape, 3))
    pixels = np.clip(colours[labels] + noise, 0, 255).astype(np.uint8)
    mask = Mask(np.where(labels > 0, 255, 0).astype(np.uint8))
    return Image(pixels, None, "cd" * 32, "person.png"), pose_of(points, mask=mask), labels


# --- garments, in a unit of their own

_TOP: dict[str, Spot] = {"neck": (0.18, 0.0), "shoulder": (0.5, 0.1), "armpit": (0.5, 0.5)}
_SHORT: dict[str, Spot] = {"cuff_outer": (0.86, 0.42), "cuff_inner": (0.7, 0.62)}
_LONG: dict[str, Spot] = {"cuff_outer": (0.98, 1.36), "cuff_inner": (0.82, 1.42)}
_TOP_HEM: dict[str, Spot] = {"hem": (0.5, 1.4)}
_DRESS_HEM: dict[str, Spot] = {"waist": (0.4, 0.95), "hem": (0.66, 2.3)}
_VEST: dict[str, Spot] = {"neck": (0.2, 0.0), "shoulder": (0.33, 0.04), "armpit": (0.47, 0.45)}
_SLING: dict[str, Spot] = {"neck": (0.24, 0.0), "shoulder": (0.29, 0.0), "armpit": (0.46, 0.42)}
_SEAT: dict[str, Spot] = {"waist": (0.4, 0.0)}

_HALVES: dict[str, dict[str, Spot]] = {
    "short_sleeve_top": _TOP | _SHORT | _TOP_HEM,
    "long_sleeve_top": _TOP | _LONG | _TOP_HEM,
    "short_sleeve_outwear": _TOP | _SHORT | _TOP_HEM,
    "long_sleeve_outwear": _TOP | _LONG | _TOP_HEM,
    "vest": _VEST | _TOP_HEM,
    "sling": _SLING | _TOP_HEM,
    "shorts": _SEAT | {"cuff_outer": (0.52, 1.05), "cuff_inner": (0.1, 1.1)},
    "trousers": _SEAT | {"cuff_outer": (0.47, 2.3), "cuff_inner": (0.17, 2.33)},
    "skirt": {"waist": (0.34, 0.0), "hem": (0.56, 1.3)},
    "short_sleeve_dress": _TOP | _SHORT | _DRESS_HEM,
    "long_sleeve_dress": _TOP | _LONG | _DRESS_HEM,
    "vest_dress": _VEST | _DRESS_HEM,
    "sling_dress": _SLING | _DRESS_HEM,
}
_DOWN = ("neck", "shoulder", "cuff_outer", "cuff_inner", "armpit", "waist", "hem")


def garment_points(kind: str) -> dict[str, Spot]:
    """Landmark → place in the garment's own unit; y from its upper edge."""
    half, points = _HALVES[kind], {}
    for name, (x, y) in half.items():
        stem, _, edge = name.partition("_")
        for side, sign in (("left", 1.0), ("right", -1.0)):
            points["_".join(filter(None, (stem, side, edge)))] = (sign * x, y)
    if "neck" in half:
        front = 0.4 if kind.startswith("sling") else 0.16
        points |= {"neck_front": (0.0, front), "neck_back": (0.0, 0.04)}
    if "hem" in half:
        points["hem_center"] = (0.0, half["hem"][1] + 0.02)
    if "crotch" in KINDS[kind].names:
        points["crotch"] = (0.0, 0.62)
    return points


def _outline(kind: str) -> Points:
    half = _HALVES[kind]
    left = [half[name] for name in _DOWN if name in half]
    points = garment_points(kind)
    low = [points["crotch"]] if "crotch" in points else [points["hem_center"]]
    if "crotch" in points:  # waist, outer, inner: the order down a leg
        left = [half["waist"], half["cuff_outer"], half["cuff_inner"]]
    right = [(-x, y) for x, y in reversed(left)]
    high = [points["neck_back"]] if "neck_back" in points else []
    return np.array([*left, *low, *right, *high])


def fill(shape: tuple[int, int], polygon: Points) -> NDArray[np.uint8]:
    """(H, W) uint8 coverage of a polygon given in pixels."""
    plane = np.zeros(shape, np.uint8)
    cv2.fillPoly(plane, [np.round((polygon - 0.5) * 256).astype(np.int32)], 255, cv2.LINE_AA, 8)
    return plane


@cache
def make_garment(
    kind: str, *, unit: float = 250.0, view: View = "front", colour: Colour = CLOTH, inside: Colour = INSIDE
) -> tuple[Image, Garment]:
    """A flat garment in one colour (`inside`: the back of its neck opening) on white, with its landmarks."""
    side = 1.0 if view == "front" else -1.0
    outline = _outline(kind)
    low, high = outline.min(axis=0) - 0.15, outline.max(axis=0) + 0.15
    width, height = (int(v) for v in np.ceil((high - low) * unit))

    def place(xy: Points) -> Points:
        return (np.asarray(xy) * (side, 1.0) - low) * unit

    mask = fill((height, width), place(outline))
    pixels = np.full((height, width, 3), 250, np.uint8)
    pixels[mask > 0] = colour
    points = garment_points(kind)
    if "neck_front" in points:
        opening = fill((height, width), place(opening_polygon(points)))
        pixels[(mask > 0) & (opening >= 128)] = inside
    landmarks = {name: (*place(np.array(xy)), 0.9) for name, xy in points.items()}
    keypoints = Keypoints.from_points(
        KINDS[kind], {n: p for n, p in landmarks.items() if n in KINDS[kind].names}
    )
    box = Mask(mask).box
    assert box is not None
    name, digest = f"{kind}.png", f"{KINDS[kind].name}{unit}{view}".encode().hex()
    garment = Garment(kind, 1.0, view, 1.0, box, Mask(mask), keypoints, 0.95, MODEL)
    return Image(pixels, None, digest, name), garment


def opening_polygon(points: Mapping[str, Spot]) -> Points:
    """The neck opening of `garment_points`: half an ellipse below the neck's corners, and all above."""
    (width, _), (_, depth) = points["neck_left"], points["neck_front"]
    angles = np.linspace(0.0, np.pi, 60)
    curve = np.stack([width * np.cos(angles), depth * np.sin(angles)], axis=1)
    return np.vstack([curve, [(-width, -1.0), (width, -1.0)]])
