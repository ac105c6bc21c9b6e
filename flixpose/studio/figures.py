"""People drawn in two dimensions, several a picture, with COCO's keypoints: enough to train small nets on.

A figure is a chain of limbs at drawn angles, thick lines over one another, clothes and skin in drawn colours;
backgrounds and things in front are drawn too. The same seed gives the same picture. Coordinates are the
house's until `coco` writes them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.pose.skeletons import COCO_17

Array = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Rng = np.random.Generator
Colour = tuple[int, int, int]

_FINER = 3  # drawn this much larger, then averaged
_BACKS, _COVERED = 0.15, 0.3  # shares of people seen from behind, of pictures with things in front
_CROWD = (0.5, 0.35, 0.15)  # shares of pictures with one, two, three people
_HEIGHTS = {1: (0.66, 0.92), 2: (0.55, 0.8), 3: (0.5, 0.68)}  # of a person, share of the picture's side
_MOST_SHARED = 0.35  # of the smaller of two people's boxes
_SKINS = ((244, 214, 190), (226, 180, 148), (196, 142, 108), (150, 100, 72), (98, 64, 46))
_HAIRS = ((38, 28, 24), (92, 60, 36), (170, 124, 66), (206, 178, 120), (120, 120, 124))

# Shares of a standing person's height.
_HEAD, _NECK, _SHOULDER, _HIP = 0.062, 0.05, 0.105, 0.07
_TRUNK, _UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.28, 0.165, 0.15, 0.235, 0.225


@dataclass(frozen=True, eq=False, slots=True)
class Figure:
    """One person of a picture.

    Attributes:
        xy: (17, 2) pixels, COCO's keypoints. visibility: (17,), 0 off the picture or behind the head,
            1 hidden, 2 seen. area: in pixels, of what is seen. xyxy: (4,) around that.
    """

    xy: Array
    visibility: NDArray[np.int64]
    area: float
    xyxy: Array


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A picture, (side, side, 3) uint8 RGB, and its people from the back to the front."""

    pixels: Pixels
    people: tuple[Figure, ...]


def draw(seed: int, side: int = 128) -> Drawn:
    """The picture of a seed."""
    rng = np.random.default_rng([17, seed])
    fine = side * _FINER
    canvas, owner = _background(rng, fine), np.zeros((fine, fine), np.uint8)
    bodies = _bodies(rng, fine)
    for number, (points, is_back) in enumerate(bodies, 1):
        _paint(canvas, owner, number, points, is_back, rng)
    if rng.random() < _COVERED:
        _cover(canvas, owner, rng)
    pixels = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    noise = rng.normal(0, rng.uniform(0, 6), pixels.shape)
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    people = (_figure(owner, number, *body) for number, body in enumerate(bodies, 1))
    return Drawn(pixels, tuple(person for person in people if person is not None))


def coco(pictures: Iterable[tuple[int, str, Drawn]]) -> dict[str, Any]:
    """COCO's annotations of pictures by id and file name; pixel indices."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row, name, drawn in pictures:
        height, width = drawn.pixels.shape[:2]
        images.append({"id": row, "file_name": name, "width": width, "height": height})
        for person in drawn.people:
            annotations.append(_annotation(len(annotations) + 1, row, person))
    category = {"id": 1, "name": "person", "keypoints": list(COCO_17.names)}
    return {"images": images, "annotations": annotations, "categories": [category]}


def write(folder: Path, count: int, *, seed: int = 0, side: int = 128) -> Path:
    """`count` pictures into `folder`/images and their annotations.json beside it, which is returned."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    pictures = []
    for row in range(1, count + 1):
        drawn = draw(seed * 1_000_000 + row, side)
        name = f"{row:06d}.png"
        write_atomic(folder / "images" / name, encode_png(drawn.pixels))
        pictures.append((row, name, drawn))
    path = folder / "annotations.json"
    write_atomic(path, json.dumps(coco(pictures)).encode())
    return path


def _annotation(number: int, picture: int, person: Figure) -> dict[str, Any]:
    there = person.visibility > 0
    xy = np.where(there[:, None], person.xy - 0.5, 0).round(2)
    x0, y0, x1, y1 = person.xyxy.tolist()
    return {
        "id": number,
        "image_id": picture,
        "category_id": 1,
        "keypoints": np.column_stack([xy, person.visibility]).ravel().tolist(),
        "num_keypoints": int(there.sum()),
        "area": person.area,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "iscrowd": 0,
    }


def _colour(rng: Rng) -> Colour:
    hue, strength, light = rng.integers(0, 180), rng.integers(20, 220), rng.integers(50, 245)
    r, g, b = cv2.cvtColor(np.array([[[hue, strength, light]]], np.uint8), cv2.COLOR_HSV2RGB)[0, 0]
    return int(r), int(g), int(b)


def _background(rng: Rng, fine: int) -> Pixels:
    """A shading of two colours, with a few pale things in it."""
    corners = np.array([[_colour(rng), _colour(rng)], [_colour(rng), _colour(rng)]], np.float32)
    pale = rng.uniform(0.3, 0.8)
    corners = corners * (1 - pale) + 235 * pale
    canvas = np.ascontiguousarray(cv2.resize(corners, (fine, fine)).astype(np.uint8))
    for _ in range(int(rng.integers(0, 6))):
        low = rng.integers(0, fine, 2)
        high = low + rng.integers(fine // 12, fine // 2, 2)
        colour = tuple(int(v) for v in 0.5 * np.array(_colour(rng)) + 0.5 * corners.mean(axis=(0, 1)))
        cv2.rectangle(canvas, low.tolist(), high.tolist(), colour, -1)
    return canvas


def _bodies(rng: Rng, fine: int) -> list[tuple[Array, bool]]:
    """(17, 2) keypoints, and whether from behind, of people who do not hide one another."""
    count = 1 + int(rng.choice(3, p=_CROWD))
    bodies: list[tuple[Array, bool]] = []
    boxes: list[Array] = []
    for _ in range(12 * count):
        height = rng.uniform(*_HEIGHTS[count]) * fine
        is_back = bool(rng.random() < _BACKS)
        points = _posed(rng, height, is_back)
        low, high = points.min(axis=0) - 0.05 * height, points.max(axis=0) + 0.05 * height
        spare = fine - (high - low)
        points = points - low + rng.uniform(np.minimum(0, spare), np.maximum(0, spare))
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        if all(_shared(box, other) < _MOST_SHARED for other in boxes):
            bodies.append((points, is_back))
            boxes.append(box)
        if len(bodies) == count:
            break
    return bodies


def _shared(a: Array, b: Array) -> float:
    size = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min((each[2:] - each[:2]).prod() for each in (a, b))
    return float(np.clip(size, 0, None).prod() / max(smaller, 1e-6))


def _along(start: Array, length: float, degrees: float) -> Array:
    """A limb's end; 0 hangs down, 90 points to the picture's right."""
    angle = np.deg2rad(degrees)
    return np.array(start + length * np.array([np.sin(angle), np.cos(angle)]))


def _posed(rng: Rng, height: float, is_back: bool) -> Array:
    """(17, 2) in COCO's order, somewhere. The wearer's left is on the picture's right, from behind not."""
    lean = rng.normal(0, 5)
    pelvis = np.zeros(2)
    chest = _along(pelvis, _TRUNK * height, 180 + lean)
    across = _along(np.zeros(2), 1.0, 90 + lean + rng.normal(0, 3))
    wide, hips = rng.uniform(0.85, 1.1) * height, rng.uniform(0.9, 1.15) * height
    places: dict[str, Array] = {}
    for side, sign in (("left", 1), ("right", -1)):
        shoulder, hip = chest + sign * _SHOULDER * wide * across, pelvis + sign * _HIP * hips * across
        raised = abs(rng.normal(12, 25)) if rng.random() < 0.75 else rng.uniform(60, 165)
        bent = rng.uniform(-15, 110) if rng.random() < 0.6 else rng.uniform(-10, 25)
        elbow = _along(shoulder, _UPPER_ARM * height, sign * raised)
        wrist = _along(elbow, _FOREARM * height, sign * (raised + rng.choice([1, -1]) * bent))
        step = rng.normal(7, 9)
        knee = _along(hip, _THIGH * height, sign * step)
        ankle = _along(knee, _SHIN * height, sign * (step - abs(rng.normal(0, 12))))
        joints = (shoulder, elbow, wrist, hip, knee, ankle)
        names = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        places |= {f"{side}_{name}": joint for name, joint in zip(names, joints, strict=True)}
    places |= _face(rng, height, _along(chest, (_NECK + _HEAD) * height, 180 + lean + rng.normal(0, 6)))
    points = np.stack([places[name] for name in COCO_17.names])
    return points * (-1, 1) if is_back else points


def _face(rng: Rng, height: float, centre: Array) -> dict[str, Array]:
    """Nose, eyes and ears of a head that may be turned a little."""
    radius, turn = _HEAD * height, rng.normal(0, 0.2)

    def at(x: float, y: float) -> Array:
        return np.array(centre + radius * np.array([x + turn, y]))

    return {
        "nose": at(turn, 0.15),
        "left_eye": at(0.34, -0.15),
        "right_eye": at(-0.34, -0.15),
        "left_ear": centre + radius * np.array([0.85 + 0.3 * min(turn, 0), 0.0]),
        "right_ear": centre + radius * np.array([-0.85 + 0.3 * max(turn, 0), 0.0]),
    }


@dataclass(frozen=True, slots=True)
class _Look:
    """What somebody wears: long: sleeves, trousers; skirt: a share of the thigh, 0 without one."""

    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    shoes: Colour
    long: tuple[bool, bool]
    skirt: float


def _look(rng: Rng) -> _Look:
    return _Look(
        _SKINS[rng.integers(len(_SKINS))],
        _HAIRS[rng.integers(len(_HAIRS))],
        _colour(rng),
        _colour(rng),
        _colour(rng),
        (bool(rng.random() < 0.5), bool(rng.random() < 0.7)),
        float(rng.uniform(0.6, 1.1)) if rng.random() < 0.25 else 0.0,
    )


class _Brush:
    """Draws one person over a canvas, and whose each pixel is."""

    def __init__(self, canvas: Pixels, owner: Pixels, number: int) -> None:
        self.layers: tuple[tuple[Pixels, Any], ...] = ((canvas, None), (owner, number))

    def line(self, a: Array, b: Array, width: float, colour: Colour) -> None:
        for layer, fixed in self.layers:
            ends = [tuple(int(v) for v in point.round()) for point in (a, b)]
            cv2.line(layer, ends[0], ends[1], fixed or colour, max(int(width), 1), cv2.LINE_8)

    def shape(self, points: list[Array], colour: Colour) -> None:
        for layer, fixed in self.layers:
            cv2.fillPoly(layer, [np.stack(points).round().astype(np.int32)], fixed or colour)

    def oval(self, centre: Array, radii: tuple[float, float], colour: Colour, *, arc: int = 360) -> None:
        middle = tuple(int(v) for v in centre.round())
        axes = tuple(max(int(v), 1) for v in radii)
        for layer, fixed in self.layers:
            cv2.ellipse(layer, middle, axes, 180, 0, arc, fixed or colour, -1)


def _paint(canvas: Pixels, owner: Pixels, number: int, points: Array, is_back: bool, rng: Rng) -> None:
    """Legs, trunk, head, arms."""
    brush, look = _Brush(canvas, owner, number), _look(rng)
    at = dict(zip(COCO_17.names, points, strict=True))
    tall = float(np.linalg.norm(at["left_shoulder"] - at["left_hip"]) / _TRUNK)
    for side in ("left", "right"):
        hip, knee, ankle = (at[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
        brush.line(hip, knee, 0.085 * tall, look.legs)
        brush.line(knee, ankle, 0.062 * tall, look.legs if look.long[1] else look.skin)
        brush.line(ankle, _along(ankle, 0.02 * tall, 0), 0.062 * tall, look.shoes)
    _paint_trunk(brush, look, at, tall)
    _paint_head(brush, look, at, tall, is_back)
    for side in ("left", "right"):
        shoulder, elbow, wrist = (at[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
        shade = tuple(int(0.85 * v) for v in look.top)
        brush.line(elbow, wrist, 0.043 * tall, shade if look.long[0] else look.skin)  # type: ignore[arg-type]
        brush.line(shoulder, elbow, 0.055 * tall, shade)  # type: ignore[arg-type]
        brush.oval(wrist, (0.026 * tall, 0.026 * tall), look.skin)


_KNEES = ("left_knee", "right_knee")


def _paint_trunk(brush: _Brush, look: _Look, at: dict[str, Array], tall: float) -> None:
    hips = [at["left_hip"], at["right_hip"]]
    shoulders = [at["right_shoulder"], at["left_shoulder"]]
    out = (hips[0] - hips[1]) * 0.35
    if look.skirt:
        knees = [hip + look.skirt * (at[knee] - hip) for knee, hip in zip(_KNEES, hips, strict=True)]
        brush.shape([hips[0] + out, knees[0] + out, knees[1] - out, hips[1] - out], look.legs)
    brush.line(shoulders[0], shoulders[1], 0.05 * tall, look.top)
    brush.shape([hips[0] + 0.6 * out, hips[1] - 0.6 * out, *shoulders], look.top)


def _paint_head(brush: _Brush, look: _Look, at: dict[str, Array], tall: float, is_back: bool) -> None:
    radius = _HEAD * tall
    centre = (at["left_ear"] + at["right_ear"]) / 2
    chest = (at["left_shoulder"] + at["right_shoulder"]) / 2
    brush.line(centre, chest, 0.05 * tall, look.skin)
    brush.oval(_along(centre, 0.15 * radius, 180), (1.05 * radius, 1.25 * radius), look.hair)
    if is_back:
        return
    brush.oval(_along(centre, 0.2 * radius, 0), (0.82 * radius, 0.98 * radius), look.skin)
    for side in ("left", "right"):
        brush.oval(at[f"{side}_ear"], (0.14 * radius, 0.2 * radius), look.skin)
        brush.oval(at[f"{side}_eye"], (0.13 * radius, 0.13 * radius), (30, 26, 30))
    nose = tuple(int(0.72 * v) for v in look.skin)
    brush.oval(at["nose"], (0.1 * radius, 0.16 * radius), nose)  # type: ignore[arg-type]


def _cover(canvas: Pixels, owner: Pixels, rng: Rng) -> None:
    """A thing in front of whoever is there."""
    fine = len(canvas)
    low = rng.integers(0, fine, 2)
    high = low + rng.integers(fine // 14, fine // 5, 2)
    colour = _colour(rng)
    for layer, value in ((canvas, colour), (owner, 0)):
        cv2.rectangle(layer, low.tolist(), high.tolist(), value, -1)


_BEHIND_A_HEAD = ("nose", "left_eye", "right_eye")


def _figure(owner: Pixels, number: int, points: Array, is_back: bool) -> Figure | None:
    """What became of a person; None where nearly nothing is seen."""
    mine = owner == number
    area = float(mine.sum()) / _FINER**2
    cells = np.floor(points).astype(int)
    inside = ((cells >= 0) & (cells < len(owner))).all(axis=1)
    seen = np.zeros(len(points), bool)
    seen[inside] = mine[cells[inside, 1], cells[inside, 0]]
    visibility = np.where(inside, np.where(seen, 2, 1), 0)
    if is_back:
        visibility[[COCO_17.index[name] for name in _BEHIND_A_HEAD]] = 0
    if seen.sum() < 5 or not area:
        return None
    rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / _FINER
    return Figure(points / _FINER, visibility, area, box)
