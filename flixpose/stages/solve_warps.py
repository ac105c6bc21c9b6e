"""Control points → warps, one for each part of the garment."""

from flixpose.fit.layout import Layout
from flixpose.geometry.solve import Change, WarpFit, solve_warp
from flixpose.structures.drape import PartWarp
from flixpose.structures.warp import ControlPoints


def solve_warps(layout: Layout) -> tuple[PartWarp, ...]:
    """Homography, then thin-plate spline, person → garment, for every part.

    Raises:
        DegenerateWarp: a part's control points carry no warp that is free of folds; names part and points.
    """
    return tuple(
        _part_warp(part.controls, solve_warp(part.controls, area=part.border)) for part in layout.parts
    )


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
