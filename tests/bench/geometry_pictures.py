"""Checkerboard, zone plate, stripes and lettering through a strong warp, each beside Kornia's result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.sampling import sample
from flixpose.geometry.solve import solve_warp
from flixpose.structures.warp import ControlPoints

OUT = Path("out/bench")
SIDE, DRAWN = 1400, 640

Peer = Callable[[NDArray[np.uint8], ControlPoints, tuple[int, int]], NDArray[np.float32]]


def write(peer: Peer) -> None:
    """out/bench/<name>.png: source, ours, the peer's on the same control points (drawn as crosses)."""
    OUT.mkdir(parents=True, exist_ok=True)
    points = strong_points()
    for name, source in sources().items():
        drawn = sample(source, solve_warp(points).warp, (DRAWN, DRAWN))
        ours = np.full((DRAWN, DRAWN, 3), 110, np.uint8)
        x0, y0, x1, y1 = (int(v) for v in (drawn.box.x0, drawn.box.y0, drawn.box.x1, drawn.box.y1))
        room = 1 - drawn.patch[..., 3:] / 255.0
        ours[y0:y1, x0:x1] = np.rint(ours[y0:y1, x0:x1] * room + drawn.patch[..., :3])
        theirs = _peers(peer, source, points)
        views = [cv2.resize(source, (DRAWN, DRAWN), interpolation=cv2.INTER_AREA), ours, theirs]
        titles = ("source", "flixpose", "Kornia")
        sheet = [_titled(v, t, None if t == "source" else points) for v, t in zip(views, titles, strict=True)]
        cv2.imwrite(str(OUT / f"{name}.png"), np.hstack(sheet)[..., ::-1])


def strong_points() -> ControlPoints:
    """14 landmarks of a shirt, moved by some 4 % at random."""
    unit = np.array(
        [[0.35, 0.1], [0.65, 0.1], [0.5, 0.17], [0.16, 0.18], [0.84, 0.18], [0.05, 0.42], [0.95, 0.42],
         [0.2, 0.45], [0.8, 0.45], [0.22, 0.7], [0.78, 0.7], [0.2, 0.93], [0.8, 0.93], [0.5, 0.95]]
    )  # fmt: skip
    moved = unit + np.random.default_rng(3).normal(0, 0.035, unit.shape)
    names = tuple(f"p{row}" for row in range(len(unit)))
    return ControlPoints("shirt", names, moved * DRAWN, unit * SIDE, np.ones(len(unit)))


def sources() -> dict[str, NDArray[np.uint8]]:
    """Four RGB pictures of SIDE × SIDE."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    checks = np.where((x // 50 + y // 50) % 2, 235, 25)
    rings = 127.5 + 127.5 * np.cos(np.pi * 0.5 / SIDE * 2 * ((x - SIDE / 2) ** 2 + (y - SIDE / 2) ** 2))
    stripes = np.where((x // 3) % 2, 235, 30)
    grey = {"checkerboard": checks, "zone_plate": rings, "stripes": stripes}
    found = {k: np.repeat(np.rint(v).astype(np.uint8)[..., None], 3, axis=2) for k, v in grey.items()}
    sheet = np.full((SIDE, SIDE, 3), (250, 246, 238), np.uint8)
    for row in range(24):
        text = "flixpose 0123456789 exact, unfoldable" if row % 2 else "THE QUICK BROWN FOX jumps over it"
        height, thick = (1.9, 4) if row % 3 else (1.2, 2)
        place = (30, 70 + row * 58)
        cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_DUPLEX, height, (30, 40, 90), thick, cv2.LINE_AA)
    return {**found, "lettering": sheet}


def _peers(peer: Peer, source: NDArray[np.uint8], points: ControlPoints) -> NDArray[np.uint8]:
    """The peer draws at the source's size; its result is point-sampled to ours, as its own sampling would."""
    canvas = SIDE / DRAWN
    large = ControlPoints(
        points.part, points.names, points.person_xy * canvas, points.garment_xy, points.weights
    )
    drawn = np.clip(peer(source, large, (SIDE, SIDE)), 0, 255).astype(np.uint8)
    return cv2.resize(drawn, (DRAWN, DRAWN), interpolation=cv2.INTER_LINEAR)


def _titled(view: NDArray[Any], title: str, points: ControlPoints | None) -> NDArray[np.uint8]:
    out = np.ascontiguousarray(view)
    for x, y in [] if points is None else points.person_xy:
        cv2.drawMarker(out, (round(x), round(y)), (220, 20, 60), cv2.MARKER_CROSS, 12, 2, cv2.LINE_AA)
    bar = np.full((36, out.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, title, (10, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([bar, out])
