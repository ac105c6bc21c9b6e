"""Control points → warps, one for each part of the garment."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.fit.layout import Layout, PartPlan
from flixpose.fit.panel import without_panel
from flixpose.fit.strips import plainer
from flixpose.geometry.parts import follow
from flixpose.geometry.solve import Change, WarpFit, solve_warp
from flixpose.geometry.threads import gathered
from flixpose.structures.drape import PartWarp
from flixpose.structures.warp import ControlPoints

_MISSED = 0.004  # of the trunk's diagonal: straight rows may cost the outline no more


def solve_warps(layout: Layout) -> tuple[PartWarp, ...]:
    """Homography, then thin-plate spline, person → garment, for every part.

    Raises:
        DegenerateWarp: a part's control points carry no warp that is free of folds; names part and points.
    """
    trunk, *limbs = layout.parts
    controls, fit = _trunk_fit(trunk)
    return (_part_warp(controls, fit), *gathered(lambda part: _limb_warp(part, fit), limbs))


def _trunk_fit(trunk: PartPlan) -> tuple[ControlPoints, WarpFit]:
    """Where straight rows cost the outline its place, as in a photo taken from the side, rows may bend.

    Raises DegenerateWarp.
    """
    controls, plain = trunk.controls, without_panel(trunk.controls)
    if len(plain) == len(controls):
        return controls, solve_warp(controls, area=trunk.border)
    outline = np.isin(controls.names, plain.names)
    least = _MISSED * float(np.hypot(*np.ptp(trunk.border, axis=0)))
    try:
        straight = solve_warp(controls, area=trunk.border)
    except DegenerateWarp:
        return plain, solve_warp(plain, area=trunk.border)
    missed = _rms(straight.residuals[outline])
    if missed <= least:
        return controls, straight
    bent = solve_warp(plain, area=trunk.border)
    return (controls, straight) if missed <= _rms(bent.residuals) + least else (plain, bent)


def _rms(residuals: NDArray[np.float64]) -> float:
    return float(np.sqrt((residuals**2).mean()))


def _limb_warp(part: PartPlan, trunk: WarpFit) -> PartWarp:
    """Hung on the trunk as it came out, so that cloth does not part along the seam.

    Where an arm bends further than cloth can follow without a fold, it follows the arm more plainly.
    """
    first: DegenerateWarp | None = None
    for plain, seam in _attempts(part):
        try:
            controls = follow(plain, trunk.warp, seam) if len(seam) else plain
            solved = _part_warp(controls, solve_warp(controls, area=part.border, perspective=not part.half))
        except DegenerateWarp as problem:
            first = first or problem
            continue
        notes = (f"{part.controls.part} follows its limb in {len(plain)} points",) if first else ()
        return replace(solved, notes=(*notes, *solved.notes))
    raise first or DegenerateWarp(f"{part.controls.part}: no control points.", subject=part.controls.part)


def _attempts(part: PartPlan) -> Iterator[tuple[ControlPoints, NDArray[np.float64]]]:
    """Control points with the seam's places; for a half of a sleeve at last without those."""
    for plain in plainer(part.controls):
        yield plain, part.seam
    if part.half and len(part.seam):
        for plain in plainer(part.controls):
            yield plain, part.seam[:0]


def _part_warp(controls: ControlPoints, fit: WarpFit) -> PartWarp:
    return PartWarp(
        controls=controls,
        warp=fit.warp,
        model=fit.model,
        stiffness=float(fit.stiffness),
        residual_px=fit.residuals,
        fold_ratio=float(fit.distortion.folds),
        stretch=(float(fit.distortion.smallest), float(fit.distortion.largest)),
        notes=tuple(_words(change) for change in fit.changes),
    )


def _words(change: Change) -> str:
    return f"{change.kind} {change.name} {change.before:.4g} to {change.after:.4g}".replace("  ", " ")
