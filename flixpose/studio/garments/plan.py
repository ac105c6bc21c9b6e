"""What is to be drawn, before a pixel is: parts of cloth in painting order, lines, prints and true landmarks.

Units: the half-width between a garment's shoulder tips is about 20; x grows to the image's right, y down;
the origin lies between the neck points (bottoms: on the waist's centre). Plans of back views are made in
the front view's frame too; `swap_sides` gives their landmarks the wearer's left and right.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flixpose.studio.curves import Points

Pair = tuple[float, float]


@dataclass(eq=False)
class Part:
    """A piece of cloth, plastic or skin with a closed outline.

    Attributes:
        outline: (N, 2) units. name: under which later steps may clip themselves to it.
        paint: key of the scene's paints. axis: degrees of the grain from vertical.
        shadow: how dark a shadow it throws on what it covers. bulge: how much it curves away at its edge.
        folds: strength of its creases. tone: multiplies its brightness. alpha: < 1 lets the ground through.
        garment: whether it belongs to the garment. within: name of the part that it is clipped to.
        hole: cuts the garment open instead of painting.
        solid: is a body's part, round and smooth, and lit as such.
    """

    outline: Points
    name: str = ""
    paint: str = "main"
    axis: float = 0.0
    shadow: float = 0.25
    bulge: float = 1.0
    folds: float = 1.0
    tone: float = 1.0
    alpha: float = 1.0
    garment: bool = True
    within: str = ""
    hole: bool = False
    solid: bool = False


@dataclass(eq=False)
class Line:
    """A seam, stitches, a cord, a zip: `tone` < 0 darkens, > 0 lightens; a paint covers instead.

    Attributes:
        points: one polyline or several. width: units. dash: (on, off) units, None = solid.
        soft: blur in units. garment: it widens the mask (cords, thin straps).
    """

    points: Points | list[Points]
    width: float = 0.25
    tone: float = -0.25
    paint: str = ""
    dash: Pair | None = None
    soft: float = 0.0
    within: str = ""
    garment: bool = False


@dataclass(eq=False)
class Print:
    """Lettering or an emblem lying on a part: RGBA uint8, `width` units wide around `centre`."""

    art: NDArray[np.uint8]
    centre: Pair
    width: float
    within: str = ""
    angle: float = 0.0


Step = Part | Line | Print


@dataclass(eq=False)
class Plan:
    """Steps in painting order and the landmarks.

    Attributes:
        marks: name → (x, y) units. hidden: names that cannot be seen, or that no picture can tell to 2 %.
        covered: the same, whatever is marked later.
        waisted: a seam or a belt shows where the waist is.
    """

    kind: str
    view: str = "front"
    display: str = "ghost"
    steps: list[Step] = field(default_factory=list)
    marks: dict[str, Pair] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    waisted: bool = False

    def add(self, *steps: Step) -> None:
        self.steps.extend(steps)

    def mark(self, name: str, at: ArrayLike, *, hidden: bool = False) -> None:
        x, y = np.asarray(at, float)
        self.marks[name] = (float(x), float(y))
        if hidden:
            self.hidden.add(name)
        else:
            self.hidden.discard(name)

    def mark_both(self, name: str, left: ArrayLike, *, hidden: bool = False) -> None:
        """`name` holds a * for left and right; the right one mirrors the left one."""
        x, y = np.asarray(left, float)
        self.mark(name.replace("*", "left"), (x, y), hidden=hidden)
        self.mark(name.replace("*", "right"), (-x, y), hidden=hidden)


def flipped(points: ArrayLike) -> Points:
    """x → -x, order kept."""
    return np.asarray(points, float) * (-1.0, 1.0)


def pts(*rows: ArrayLike) -> Points:
    """(N, 2) points."""
    return np.asarray(rows, float)


def moved(points: ArrayLike, dx: float, dy: float) -> Points:
    """The points shifted."""
    return np.asarray(points, float) + np.array([dx, dy])


def swap_sides(name: str) -> str:
    """cuff_left_outer ↔ cuff_right_outer."""
    if "_left" in name:
        return name.replace("_left", "_right")
    return name.replace("_right", "_left")


def ring(centre: ArrayLike, rx: float, ry: float | None = None, count: int = 28) -> Points:
    """An ellipse."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(t) * rx, np.sin(t) * (rx if ry is None else ry)], axis=1) + np.asarray(centre)


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    """A rectangle."""
    return pts((x0, y0), (x1, y0), (x1, y1), (x0, y1))
