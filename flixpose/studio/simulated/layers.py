"""Cloth that does not pass through itself: layers that meet are kept apart.

Points of cloth that were sewn far from one another and have come near are pairs. Between a sleeve and the
trunk, or between two legs, it is known on which side each belongs: their outer sides face one another, so
even layers that have passed through come apart again. Within one part, points are only kept at a distance.
Frame and units: flixpose.studio.solid.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.simulated.refine import normals
from flixpose.studio.solid import Array

Index = NDArray[np.int64]

# metres: apart as sewn, or they are neighbours (of different parts; of one); within which layers look for one
# another; between them. Nearer than so an armpit or an elbow is one fold of cloth, and would be torn open
_SEWN_APART, _SAME_PART, _REACH, _BETWEEN = 0.07, 0.045, 0.018, 0.009
# metres aside of one another up to which two points of different parts touch
_ASIDE = 0.011
_FACING = -0.3


@dataclass(frozen=True, eq=False)
class Contacts:
    """Pairs of points that have met, in one frame.

    Attributes:
        a, b: (N,) points.
        direction: (N, 3) unit vectors along which `a` is to be beyond `b`; zeros = along the line between.
    """

    a: Index
    b: Index
    direction: Array


@dataclass(frozen=True, eq=False)
class Layers:
    """A cloth's own mesh, which it must not pass through: (V, 3) as sewn, (F, 3), (V,) part (see Sewn)."""

    sewn: Array
    faces: Index
    part: NDArray[np.uint8]

    def contacts(self, points: Array) -> Contacts:
        """The pairs that are near one another where the cloth is now."""
        from scipy.spatial import cKDTree

        a, b = cKDTree(points).query_pairs(_REACH, output_type="ndarray").T
        same = self.part[a] == self.part[b]
        far = np.linalg.norm(self.sewn[a] - self.sewn[b], axis=1) > np.where(same, _SAME_PART, _SEWN_APART)
        a, b = a[far], b[far]
        outward = normals(points, self.faces)
        same, facing = self.part[a] == self.part[b], np.einsum("ij,ij->i", outward[a], outward[b])
        sided = ~same & (facing < _FACING)
        direction = np.where(sided[:, None], outward[b] - outward[a], 0.0)
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
        apart = points[a] - points[b]
        above = np.einsum("ij,ij->i", apart, direction)
        beside = np.linalg.norm(apart - above[:, None] * direction, axis=1) > _ASIDE
        kept = np.flatnonzero(~(sided & beside))
        return Contacts(a[kept], b[kept], direction[kept])


def part_layers(points: Array, met: Contacts) -> None:
    """Push pairs apart that are nearer than layers of cloth lie, each point by the mean of its pushes."""
    if not len(met.a):
        return
    apart = points[met.a] - points[met.b]
    length = np.linalg.norm(apart, axis=1)
    sided = np.asarray(met.direction.any(axis=1))
    along = np.where(sided[:, None], met.direction, apart / np.maximum(length, 1e-9)[:, None])
    lacking = _BETWEEN - np.where(sided, np.einsum("ij,ij->i", apart, met.direction), length)
    near = np.flatnonzero(lacking > 0)
    a, b, push = met.a[near], met.b[near], along[near] * (lacking[near] / 2)[:, None]
    both, moves = np.concatenate([a, b]), np.concatenate([push, -push])
    count = np.bincount(both, minlength=len(points))
    total = np.stack([np.bincount(both, moves[:, k], len(points)) for k in range(3)], axis=1)
    points += total / np.maximum(count, 1)[:, None]
