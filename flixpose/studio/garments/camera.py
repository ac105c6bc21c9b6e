"""How the photo is taken: framing, tilt, shadows on the paper, exposure, blur, noise, JPEG."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.curves import Points
from flixpose.studio.garments.cloth import Pixels
from flixpose.studio.garments.plan import Line, Part, Plan
from flixpose.studio.garments.sheet import Placement, Sheet

Rng = np.random.Generator

_FILL = [0.3, 0.5, 0.2]


def frame(rng: Rng, plan: Plan, width: int, height: int) -> Placement:
    """Where the garment lies in the picture: tight or loose, off centre, tilted, seen from a side."""
    outline = np.concatenate(list(_extent(plan)))
    tilt = rng.normal(0, 1.0) if rng.random() < 0.8 else rng.normal(0, 4)
    turn = rng.normal(0, 0.5) if rng.random() < 0.8 else rng.uniform(-3.2, 3.2)
    belly = turn * rng.uniform(0.5, 2.5) if abs(turn) > 1.2 else 0.0
    slant = rng.normal(0, 0.25) if rng.random() < 0.95 else rng.normal(0, 5)
    loose = Placement(
        _tilted(rng, width, height, tilt) @ _fitted(outline, width, height, 0.8, np.array([0.5, 0.5])),
        1.0,
        rng.uniform(0, 2 * np.pi, 4),
        rng.uniform(0.05, 0.45),
        float(turn),
        float(rng.normal(0, 0.008)),
        float(max(np.abs(outline[:, 0]).max(), 20.0)),
        float(slant),
        float(belly),
    )
    fills = [rng.uniform(0.9, 0.985), rng.uniform(0.74, 0.9), rng.uniform(0.5, 0.74)]
    place = np.clip(rng.normal(0.5, 0.1, 2), 0.1, 0.9)
    seen = loose.pixels(outline)
    zoom = _fitted(seen, width, height, float(rng.choice(fills, p=_FILL)), place)
    size = float(np.ptp(outline[:, 1]))
    return replace(loose, matrix=zoom @ loose.matrix, scale=float(np.ptp(seen[:, 1])) * zoom[0, 0] / size)


def _fitted(
    points: Points, width: int, height: int, fill: float, place: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(3, 3): makes the points' longer side `fill` of the picture's, at `place` of the spare room."""
    lo, size = points.min(axis=0), np.ptp(points, axis=0)
    scale = min(fill * max(width, height) / size.max(), 0.985 * width / size[0], 0.985 * height / size[1])
    shift = (np.array([width, height]) - size * scale) * place - lo * scale
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1.0]])


def _extent(plan: Plan) -> Iterator[Points]:
    for step in plan.steps:
        if isinstance(step, Part) and step.garment and not step.within and not step.hole:
            yield step.outline
        elif isinstance(step, Line) and step.garment:
            yield from step.points if isinstance(step.points, list) else [step.points]


def _tilted(rng: Rng, width: int, height: int, degrees: float) -> NDArray[np.float64]:
    """A turn about the picture's centre and a slight perspective."""
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    keystone = rng.normal(0, 0.015, 2) if rng.random() < 0.75 else rng.normal(0, 0.05, 2)
    turn = np.array([[c, -s, 0], [s, c, 0], [keystone[0] / width, keystone[1] / height, 1.0]])
    return np.linalg.inv(centre) @ turn @ centre


def throw_shadow(rng: Rng, sheet: Sheet) -> None:
    """Shadows on paper and floor around what has been painted."""
    pick = rng.random()
    if pick < 0.4:
        return
    h, w = sheet.height, sheet.width
    small = cv2.resize(sheet.solid, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    shift = rng.normal(0, 0.012 * h, 2) if pick < 0.85 else rng.normal(0, 0.04 * h, 2)
    move = np.array([[1, 0, shift[0] / 2], [0, 1, abs(shift[1]) / 2]])
    shadow = cv2.warpAffine(small, move, (w // 2, h // 2))
    shadow = cv2.GaussianBlur(shadow, (0, 0), float(rng.uniform(0.8, 7.0)))
    shadow = cv2.resize(shadow, (w, h))
    sheet.rgb *= 1 - np.float32(rng.uniform(0.03, 0.3)) * shadow * (1 - sheet.solid)
    if pick > 0.93:
        _floor_shadow(rng, sheet)


def _floor_shadow(rng: Rng, sheet: Sheet) -> None:
    rows, columns = (
        np.flatnonzero(sheet.cover.max(axis=1) > 0.5),
        np.flatnonzero(sheet.cover.max(axis=0) > 0.5),
    )
    if len(rows) == 0:
        return
    y = min(rows[-1] + int(rng.uniform(0, 12)), sheet.height - 2)
    wide = (columns[-1] - columns[0]) * rng.uniform(0.3, 0.5)
    pad = np.zeros((sheet.height, sheet.width), np.float32)
    cv2.ellipse(
        pad, (int(columns.mean()), int(y)), (int(wide) + 1, int(rng.uniform(2, 8))), 0, 0, 360, 1.0, -1
    )
    pad = cv2.GaussianBlur(pad, (0, 0), float(rng.uniform(1, 4)))
    sheet.rgb *= 1 - np.float32(rng.uniform(0.1, 0.6)) * pad * (1 - sheet.solid)


def develop(rng: Rng, rgb: Pixels) -> NDArray[np.uint8]:
    """(H, W, 3) of (3, H, W): exposure, colour cast, blur, grain and JPEG."""
    if rng.random() < 0.12:
        light = np.linspace(rng.uniform(0.75, 1), rng.uniform(0.75, 1), rgb.shape[2], dtype=np.float32)
        rgb = rgb * light
    picture = cv2.convertScaleAbs(cv2.merge(list(np.maximum(rgb, 0))), alpha=255.0)
    if rng.random() < 0.5:
        picture = cv2.LUT(picture, _exposure(rng))
    pick = rng.random()
    if pick < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.35, 0.9)))
    elif pick < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        amount = float(rng.uniform(0.2, 0.8))
        picture = cv2.addWeighted(picture, 1 + amount, soft, -amount, 0)
    if rng.random() < 0.35:
        picture = _grain(rng, picture)
    if rng.random() < 0.45:
        quality = int(rng.uniform(35, 95))
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
    return picture


def _exposure(rng: Rng) -> NDArray[np.uint8]:
    """(256, 1, 3) table: brightness, cast, contrast."""
    level = np.arange(256)[:, None, None] / 255.0
    level = level ** rng.uniform(0.8, 1.25) if rng.random() < 0.5 else level
    gain = rng.uniform(0.9, 1.08) * (1 + rng.normal(0, 0.015, 3))
    return np.clip(level * gain * 255 + 0.5, 0, 255).astype(np.uint8)


def _grain(rng: Rng, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    h, w = picture.shape[:2]
    noise = cv2.merge([rng.integers(0, 256, (h, w), dtype=np.uint8)] * 3)
    strength = rng.uniform(0.01, 0.06)
    return cv2.addWeighted(picture, 1.0, noise, strength, -127.5 * strength)
