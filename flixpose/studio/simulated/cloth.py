"""Cloth that falls on a body: position-based dynamics over a signed distance field.

Each frame takes a few small steps: gravity, then every thread is pulled towards its length (XPBD, one sweep
over the threads in groups that share no point), then points are kept outside the body, which holds them by
friction.
Source: Macklin et al., "Small Steps in Physics Simulation", SCA 2019, https://doi.org/10.1145/3309486.3340247.
Frame and units: flixpose.studio.solid (metres; seconds).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.simulated.layers import Layers, part_layers
from flixpose.studio.solid import Array, Part, smooth_min

Index = NDArray[np.int64]
Body = Callable[[float], Sequence[Part]]
Carry = Callable[[Array, float, float], Array]

_GRAVITY = np.array([0.0, 0.0, -9.81])
_FRAME = 1 / 60
_SUBSTEPS = 7
_FRICTION = 0.9
_DAMPING = 0.985
_FASTEST = 1.5
_PROBE = 0.002
_BENDING = 3e-4
_BAND_GIVES = 0.012


@dataclass(frozen=True, eq=False)
class Threads:
    """What holds a cloth together: pairs of points with their lengths, in groups that share no point.

    Attributes:
        groups: per group (N, 2) points. lengths: per group (N,) metres.
        compliance: per group, metres per newton; 0 = does not give.
    """

    groups: tuple[Index, ...]
    lengths: tuple[Array, ...]
    compliance: tuple[float, ...]


def threads(points: Array, faces: Index, *, bending: float = _BENDING) -> Threads:
    """The threads of a mesh: its edges, and across each edge the pair of corners that face one another.

    Args:
        points: (V, 3) as sewn. faces: (F, 3).
        bending: compliance of the cross pairs: small = stiff cloth.
    """
    edges, across = _edges(faces)
    groups: list[Index] = []
    compliance: list[float] = []
    for pairs, gives in ((edges, 0.0), (across, bending)):
        for group in _groups(pairs, len(points)):
            groups.append(group)
            compliance.append(gives)
    lengths = tuple(np.linalg.norm(points[g[:, 0]] - points[g[:, 1]], axis=1) for g in groups)
    return Threads(tuple(groups), lengths, tuple(compliance))


def _edges(faces: Index) -> tuple[Index, Index]:
    """(E, 2) edges, and (I, 2) the corners opposite to each inner edge."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    opposite = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    sides = np.sort(sides, axis=1)
    order = np.lexsort((sides[:, 1], sides[:, 0]))
    sides, opposite = sides[order], opposite[order]
    same = np.all(sides[1:] == sides[:-1], axis=1)
    return np.unique(sides, axis=0), np.stack([opposite[:-1][same], opposite[1:][same]], axis=1)


def _groups(pairs: Index, count: int) -> list[Index]:
    """The pairs in groups within which no point occurs twice (greedy)."""
    used = np.zeros(count, dtype=np.int64)
    colour = np.empty(len(pairs), dtype=np.int64)
    masks = used.tolist()
    for n, (a, b) in enumerate(pairs.tolist()):
        free = ~(masks[a] | masks[b])
        bit = free & -free
        colour[n] = bit.bit_length() - 1
        masks[a] |= bit
        masks[b] |= bit
    return [pairs[colour == c] for c in range(int(colour.max()) + 1)] if len(pairs) else []


def fall(
    points: Array,
    web: Threads,
    body: Body,
    *,
    frames: int,
    settle: int,
    thickness: float = 0.006,
    carry: Carry | None = None,
    band: Index | None = None,
    layers: Layers | None = None,
) -> Array:
    """Where cloth comes to rest on a body that moves.

    Args:
        points: (V, 3) at the start.
        body: the body's clay at a moment from 0 (start) to 1 (end of the movement).
        frames: of the movement. settle: frames after it. thickness: metres kept between cloth and body.
        carry: moves points along with the body from one moment to another, so that it drags its cloth.
        band: points of a waistband, which does not slide down.
        layers: the cloth, which then does not pass through itself.
    """
    here, speed = points.copy(), np.zeros_like(points)
    step, before = _FRAME / _SUBSTEPS, 0.0
    for frame in range(frames + settle):
        share = min(1.0, (frame + 1) / max(frames, 1))
        moment = share * share * (3 - 2 * share)
        if carry is not None and moment > before:
            here = carry(here, before, moment)
        before = moment
        away, normal = nearest(body(moment), here)
        anchor = here - normal * (away - thickness)[:, None]
        met = layers.contacts(here) if layers is not None else None
        for _ in range(_SUBSTEPS):
            speed = np.clip((speed + _GRAVITY * step) * _DAMPING, -_FASTEST, _FASTEST)
            ahead = here + speed * step
            _pull(ahead, web, step)
            if met is not None:
                part_layers(ahead, met)
            _keep_out(ahead, here, anchor, normal)
            if band is not None:
                ahead[band, 2] = np.maximum(ahead[band, 2], points[band, 2] - _BAND_GIVES)
            speed, here = (ahead - here) / step, ahead
    return here


def _pull(points: Array, web: Threads, step: float) -> None:
    for pairs, lengths, gives in zip(web.groups, web.lengths, web.compliance, strict=True):
        a, b = pairs[:, 0], pairs[:, 1]
        apart = points[a] - points[b]
        length = np.sqrt(np.einsum("ij,ij->i", apart, apart)) + 1e-9
        # unit masses stand for one gram a point; a thread pushes as little as it can
        share = (length - lengths) / (length * (2.0 + gives / (step * step) * 1e-3))
        move = apart * share[:, None]
        points[a] -= move
        points[b] += move


def _keep_out(ahead: Array, here: Array, anchor: Array, normal: Array) -> None:
    """Lift points that entered the body back to its surface, and let it hold them."""
    deep = np.einsum("ij,ij->i", ahead - anchor, normal)
    inside = deep < 0
    if not inside.any():
        return
    n = normal[inside]
    lifted = ahead[inside] - n * deep[inside][:, None]
    slide = lifted - here[inside]
    slide -= n * np.einsum("ij,ij->i", slide, n)[:, None]
    reach = np.linalg.norm(slide, axis=1) + 1e-12
    held = np.minimum(1.0, _FRICTION * -deep[inside] / reach)
    ahead[inside] = lifted - slide * held[:, None]


def nearest(parts: Sequence[Part], points: Array) -> tuple[Array, Array]:
    """(N,) distances from the clay's surface, negative inside, and (N, 3) the directions away from it."""
    steps = np.concatenate([np.zeros((1, 3)), np.eye(3) * _PROBE])
    probes = points[None] + steps[:, None]
    values = _joined(parts, points, probes)
    slope = (values[1:] - values[0]).T / _PROBE
    steep = np.maximum(np.linalg.norm(slope, axis=1), 0.2)
    return values[0] / steep, slope / steep[:, None]


def at_points(parts: Sequence[Part], points: Array) -> Array:
    """(N,) the joined field at (N, 3) points."""
    return _joined(parts, points, points[None])[0]


def _joined(parts: Sequence[Part], points: Array, probes: Array) -> Array:
    """(P, N) the field at P probes of each of N points; a part is evaluated only where points are near it."""
    total = np.full(probes.shape[:2], 1.0)
    x, y, z = np.ascontiguousarray(points.T)
    for part in parts:
        margin = 2.5 * part.blend + 0.06
        low, high = part.lo - margin, part.hi + margin
        near = np.flatnonzero(z > low[2])
        near = near[(z[near] < high[2]) & (x[near] > low[0]) & (x[near] < high[0])]
        near = near[(y[near] > low[1]) & (y[near] < high[1])]
        if not len(near):
            continue
        there = total[:, near]
        new = part.field(*np.moveaxis(probes[:, near], -1, 0))
        if part.join == "add":
            total[:, near] = smooth_min(there, new, part.blend)
        else:
            total[:, near] = -smooth_min(-there, new, part.blend)
    return total
