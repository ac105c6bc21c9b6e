"""Control points → warps, one for each part of the garment."""

from flixpose.fit.layout import Layout
from flixpose.geometry.parts import follow
from flixpose.geometry.solve import Change, WarpFit, solve_warp
from flixpose.structures.drape import PartWarp
from flixpose.structures.warp import ControlPoints


def solve_warps(layout: Layout) -> tuple[PartWarp, ...]:
    """Homography, then thin-plate spline, person → garment, for every part.

    Raises:
        DegenerateWarp: a part's control points carry no warp that is free of folds; names part and points.
    """
    trunk, *limbs = layout.parts
    fit = solve_warp(trunk.controls, area=trunk.border)
    solved = [_part_warp(trunk.controls, fit)]
    for part in limbs:
        # Hung on the trunk as it came out, so that cloth does not part along the seam.
        controls = follow(part.controls, fit.warp, part.seam)
        solved.append(_part_warp(controls, solve_warp(controls, area=part.border)))
    return tuple(solved)


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
