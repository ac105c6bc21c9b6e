"""The drawn studio: product photos in two dimensions, with the true mask and landmarks.

A photo is built as a tailor builds a garment: inner back, sleeves, front, bands, seams, buttons; each part is
shaded as a bulging, creased surface under one light.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.canvas import Canvas, Placement
from flixpose.studio.curves import Points, joined, mirrored
from flixpose.studio.design import Design
from flixpose.studio.drawn_legs import draw_legs
from flixpose.studio.drawn_tops import draw_top
from flixpose.studio.patterns import Legs, Top

_FACTOR = 2


@dataclass(frozen=True, eq=False)
class DrawnPhoto:
    """A product photo with its truth.

    Attributes:
        pixels: (H, W, 3) uint8 RGB. mask: (H, W) uint8, the garment alone.
        landmarks: name → (x, y) pixels, house's frame; the names are the kind's.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    kind: str
    view: str
    landmarks: dict[str, tuple[float, float]]


def draw(design: Design, *, seed: int = 0, width: int = 960, height: int = 1200) -> DrawnPhoto:
    """The photo of a design. The same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    canvas = _canvas(design, width * _FACTOR, height * _FACTOR, rng)
    if isinstance(design.pattern, Top):
        draw_top(canvas, design, design.pattern, rng)
    else:
        draw_legs(canvas, design, design.pattern, rng)
    canvas.rgb += rng.normal(0, 0.006, canvas.rgb.shape).astype(np.float32)
    pixels, mask = canvas.finish(_FACTOR)
    marks = design.pattern.landmarks()
    places = canvas.place(np.array(list(marks.values()))) / _FACTOR
    landmarks = {name: (float(x), float(y)) for name, (x, y) in zip(marks, places, strict=True)}
    return DrawnPhoto(pixels, mask, design.kind, "front", landmarks)


def _extent(pattern: Top | Legs) -> tuple[Points, Points]:
    points = pattern.outline() if isinstance(pattern, Legs) else pattern.torso()
    if isinstance(pattern, Top) and pattern.sleeve is not None:
        sleeve = pattern.sleeve_outline()
        points = joined(points, sleeve, mirrored(sleeve))
    return points.min(axis=0), points.max(axis=0)


def _canvas(design: Design, width: int, height: int, rng: np.random.Generator) -> Canvas:
    lo, hi = _extent(design.pattern)
    head_room, foot_room = (12.0, 12.0) if design.mannequin else (0.0, 0.0)
    tall, wide = hi[1] - lo[1] + head_room + foot_room, hi[0] - lo[0]
    scale = min(design.fill * height / tall, 0.88 * width / wide)
    middle = (lo[1] - head_room + hi[1] + foot_room) / 2

    origin = np.array([width / 2, height / 2 - middle * scale])
    placement = Placement(scale, origin, rng.uniform(0, 2 * np.pi, 4))
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    falloff = 1.0 - 0.035 * (columns**2 + (rows + 0.1) ** 2)
    background = falloff[..., None] * np.asarray(design.background, np.float32)
    return Canvas(width, height, placement, background.astype(np.float32))
