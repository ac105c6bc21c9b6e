"""Hair that grows: strands leave the scalp, follow comb and gravity, and never enter the body."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.head import CHIN
from flixpose.studio.solid import Array, Grid, moved

_POINTS = 22


@dataclass(frozen=True)
class Cut:
    """A haircut.

    Attributes:
        style: "crop" lies close, "long" hangs by its length, "bun" is gathered behind, "curly" stands off.
        length: metres of the longest strands. parting: x of the parting line, metres.
        lift: metres above the scalp.
        strands: how many. wave: metres by which strands wave.
        front: share of long strands that fall before the shoulders.
    """

    style: Literal["crop", "long", "bun", "curly"] = "long"
    length: float = 0.35
    parting: float = 0.012
    lift: float = 0.012
    strands: int = 16000
    wave: float = 0.004
    front: float = 0.0


def grow(cut: Cut, around: Grid, seed: int) -> tuple[Array, Array]:
    """(S, P, 3) strands and (S, P) radii, metres; `around` is the field of head and shoulders."""
    rng = np.random.default_rng(seed)
    roots = _roots(cut, around, rng)
    length = _lengths(cut, roots, rng)
    step = length / (_POINTS - 1)
    phase = rng.uniform(0, 2 * np.pi, len(roots))
    lift = cut.lift * rng.uniform(0.25, 1.0, len(roots))
    points = np.empty((len(roots), _POINTS, 3))
    points[:, 0] = roots
    heading = around.gradient_at(roots)
    # what falls in front grows in front: the strands whose roots lie foremost
    foremost = (roots[:, 1] <= np.quantile(roots[:, 1], cut.front)).astype(float)
    for n in range(1, _POINTS):
        heading = _turn(cut, points[:, n - 1], heading, n / _POINTS, phase)
        heading = _forward(cut, points[:, n - 1], heading, foremost)
        ahead = points[:, n - 1] + heading * step[:, None]
        points[:, n] = _settle(cut, around, ahead, np.minimum(lift, 0.002 + lift * n / 4))
        heading = points[:, n] - points[:, n - 1]
        heading /= np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-9)
    along = np.linspace(1.0, 0.35, _POINTS)
    return points, np.outer(rng.uniform(0.00011, 0.00017, len(roots)), along) * 1.6


def _roots(cut: Cut, around: Grid, rng: np.random.Generator) -> Array:
    """Points on the scalp above the hairline."""
    direction = rng.normal(size=(cut.strands * 5, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    points = CHIN + (0.0, 0.008, 0.135) + direction * (0.0735, 0.097, 0.089)
    for _ in range(4):
        points -= around.gradient_at(points) * around.at(points)[:, None]
    return points[on_scalp(points - CHIN)][: cut.strands]


def on_scalp(local: Array) -> NDArray[np.bool_]:
    """(N,) whether points, relative to the chin, lie above the hairline."""
    y, z = local[:, 1], local[:, 2]

    side = np.interp(
        y,
        (-0.082, -0.07, -0.055, -0.04, -0.02, 0.0, 0.02, 0.04, 0.07, 0.11),
        (0.188, 0.178, 0.162, 0.140, 0.124, 0.122, 0.115, 0.075, 0.045, 0.045),
    )
    return (z > side) & (z > 0.045)


def _lengths(cut: Cut, roots: Array, rng: np.random.Generator) -> Array:
    local = roots - CHIN
    if cut.style == "crop":
        top = np.clip((local[:, 2] - 0.12) / 0.09, 0.0, 1.0)
        return cut.length * (0.3 + 0.7 * top) * rng.uniform(0.8, 1.0, len(roots))
    return (
        cut.length
        * rng.uniform(0.86, 1.0, len(roots))
        * (0.75 + 0.25 * np.clip((local[:, 2] - 0.05) / 0.15, 0, 1))
    )


def _turn(cut: Cut, points: Array, heading: Array, share: float, phase: Array) -> Array:
    local = points - CHIN
    away = np.where(local[:, :1] >= cut.parting, 1.0, -1.0)
    comb = np.zeros_like(points)
    if cut.style == "crop":
        top = np.clip((local[:, 2] - 0.14) / 0.05, 0, 1)
        comb[:, 0] = 0.35 * top
        comb[:, 1] = 0.7 - 1.1 * top
        comb[:, 2] = -0.35 + 0.65 * top
    elif cut.style == "curly":
        comb[:, 0] = np.sin(phase + share * 17) + 0.5 * np.sign(local[:, 0])
        comb[:, 1] = np.cos(phase * 3 + share * 13)
        comb[:, 2] = np.sin(phase * 5 + share * 15) + 0.1
    elif cut.style == "bun":
        knot = moved(CHIN, 0.0, 0.115, 0.135)
        comb = knot - points
        comb /= np.maximum(np.linalg.norm(comb, axis=1, keepdims=True), 0.02)
    else:
        on_top = np.clip((local[:, 2] - 0.13) / 0.06, 0, 1)
        comb[:, 0] = away[:, 0] * (0.8 * on_top + 0.05)
        comb[:, 1] = 0.35 * on_top + 0.25 * (local[:, 1] > -0.03) * (local[:, 2] > 0.05)
        comb[:, 2] = -1.0 + 0.6 * on_top
        comb[:, 0] += np.sin(phase + share * 14) * cut.wave * 30
        # no strand lies down along a shoulder
        outside = np.clip((np.abs(local[:, 0]) - 0.085) / 0.03, 0, 1) * (local[:, 2] < 0.03)
        comb[:, 0] -= 0.8 * np.sign(local[:, 0]) * outside
    turned = heading * 0.55 + comb * 0.6
    return turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)


def _forward(cut: Cut, points: Array, heading: Array, foremost: Array) -> Array:
    """Bring the foremost strands over the shoulders to the chest."""
    if cut.front <= 0 or cut.style != "long":
        return heading
    local = points - CHIN
    below = np.clip((0.06 - local[:, 2]) / 0.06, 0.0, 1.0) * foremost
    bent = heading.copy()
    bent[:, 1] -= 0.55 * below * np.clip((local[:, 1] + 0.10) / 0.05, 0.0, 1.0)
    bent[:, 0] -= 0.30 * below * np.clip((np.abs(local[:, 0]) - 0.085) / 0.03, 0, 1) * np.sign(local[:, 0])
    return np.asarray(bent / np.maximum(np.linalg.norm(bent, axis=1, keepdims=True), 1e-9))


def _settle(cut: Cut, around: Grid, points: Array, lift: Array) -> Array:
    """Keep strands out of the body, and on the head no farther from it than they are lifted."""
    for _ in range(2):
        over = around.at(points) - lift
        hold = np.clip((points[:, 2] - CHIN[2] - 0.055) / 0.05, 0.0, 1.0) * 0.8
        over = np.where(over > 0, np.minimum(over, 0.02) * hold, np.maximum(over, -0.03))
        points = points - around.gradient_at(points) * over[:, None]
    return points
