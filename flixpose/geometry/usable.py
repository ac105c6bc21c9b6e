"""Which control points a warp is solved from: those that count, one a spot."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.structures.warp import ControlPoints

_SAME_SPOT = 0.01  # person pixels: nearer than that, two control points are one


def usable(controls: ControlPoints) -> tuple[ControlPoints, list[tuple[str, float]]]:
    """The points of weight > 0, those on one spot merged into their mean; names and weights of these.

    Raises: DegenerateWarp: no point has any weight, or one is not finite.
    """
    rows = np.flatnonzero(controls.weights > 0)
    _refuse_not_finite(controls, rows)
    if not len(rows):
        raise DegenerateWarp(f"{controls.part}: no control point has any weight.", reason="too_few")
    person_xy = np.asarray(controls.person_xy, dtype=np.float64)[rows]
    x, y = person_xy.T
    near = np.maximum(np.abs(x[:, None] - x), np.abs(y[:, None] - y)) < _SAME_SPOT
    if near.sum() == len(rows):
        return kept(controls, controls.weights > 0), []
    leaders = near.argmax(axis=1)  # the first point on each one's spot
    merged = [
        (controls.names[rows[i]], float(controls.weights[rows[i]]))
        for i in np.flatnonzero(leaders != np.arange(len(rows)))
    ]
    return _merged(controls, rows, leaders), merged


def _merged(controls: ControlPoints, rows: NDArray[np.intp], leaders: NDArray[np.intp]) -> ControlPoints:
    kept, group = np.unique(leaders, return_inverse=True)
    share = np.zeros((len(kept), len(rows)))
    share[group, np.arange(len(rows))] = controls.weights[rows]
    weights = share.sum(axis=1)
    share /= np.maximum(weights, 1e-300)[:, None]
    return ControlPoints(
        controls.part,
        tuple(controls.names[row] for row in rows[kept]),
        share @ controls.person_xy[rows],
        share @ controls.garment_xy[rows],
        weights,
    )


def _refuse_not_finite(controls: ControlPoints, rows: NDArray[np.intp]) -> None:
    values = np.column_stack([controls.person_xy, controls.garment_xy, controls.weights])
    bad = [controls.names[row] for row in rows if not np.isfinite(values[row]).all()]
    if bad or not np.isfinite(controls.weights).all():
        raise DegenerateWarp(
            f"{controls.part}: not finite: {', '.join(bad) or 'a weight'}.",
            reason="not_finite",
            subject=",".join(bad),
        )


def kept(controls: ControlPoints, keep: NDArray[np.bool_]) -> ControlPoints:
    """The control points of the rows that are kept."""
    rows = np.flatnonzero(keep)
    return replace(
        controls,
        names=tuple(controls.names[row] for row in rows),
        person_xy=controls.person_xy[rows],
        garment_xy=controls.garment_xy[rows],
        weights=controls.weights[rows],
    )
