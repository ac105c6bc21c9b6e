"""Finer meshes: Loop subdivision as one sparse matrix, so that every state of a cloth is refined alike.

Source: C. Loop, "Smooth Subdivision Surfaces Based on Triangles", 1987; borders as cubic splines.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.solid import Array

Index = NDArray[np.int64]


def rim_edges(faces: Index) -> Index:
    """(E, 2) the mesh's open edges."""
    edges, count = np.unique(_sides(faces), axis=0, return_counts=True)
    return edges[count == 1]


def rim(faces: Index) -> Index:
    """Points on the mesh's open edges."""
    return np.unique(rim_edges(faces))


def _sides(faces: Index) -> Index:
    return np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)


def loop(faces: Index, count: int) -> tuple[Any, Index]:
    """One step of subdivision.

    Returns:
        A sparse (count + E, count) matrix that makes the finer points from the coarse ones (the first `count`
        stay the old points, moved), and the (4F, 3) finer faces.
    """
    from scipy.sparse import coo_matrix

    sides = _sides(faces)
    edges, of_side, used = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    of_side = of_side.reshape(-1)
    inner = used == 2
    rows, columns, values = [], [], []

    def put(row: Index, column: Index, value: Array) -> None:
        rows.append(row)
        columns.append(column)
        values.append(np.broadcast_to(value, row.shape))

    new = count + np.arange(len(edges))
    for end in (0, 1):
        put(new, edges[:, end], np.where(inner, 3 / 8, 1 / 2))
    opposite = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    across = inner[of_side]
    put(new[of_side[across]], opposite[across], np.asarray(1 / 8))
    _old(put, edges, inner, count)
    matrix = coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(count + len(edges), count),
    ).tocsr()
    third = len(faces)
    ab, bc, ca = (new[of_side[k * third : (k + 1) * third]] for k in range(3))
    a, b, c = faces.T
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return matrix, np.concatenate([np.stack(part, axis=1) for part in parts])


def _old(put: Any, edges: Index, inner: NDArray[np.bool_], count: int) -> None:
    """The coarse points' own rows: means with their neighbours, along the border where they lie on it."""
    border = np.zeros(count, bool)
    border[edges[~inner]] = True
    valence = np.maximum(np.bincount(edges.ravel(), minlength=count), 1)
    share = 5 / 8 - (3 / 8 + np.cos(2 * np.pi / valence) / 4) ** 2
    every = np.arange(count)
    put(every, every, np.where(border, 3 / 4, 1 - share))
    for a, b in ((0, 1), (1, 0)):
        free = ~border[edges[:, a]]
        at, other = edges[free, a], edges[free, b]
        put(at, other, (share / valence)[at])
        put(edges[~inner, a], edges[~inner, b], np.asarray(1 / 8))


def normals(points: Array, faces: Index) -> Array:
    """(V, 3) unit normals, weighted by area."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, k], flat[:, axis], len(points)) for k in range(3)) for axis in range(3)],
        axis=1,
    )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))
