"""Mannequins that garments are photographed on: a torso on a pole, a headless figure, a full one, legs."""

from typing import Any

import numpy as np

from flixpose.studio import blender
from flixpose.studio.body import SIDES, Figure, figure
from flixpose.studio.head import CHIN
from flixpose.studio.simulated.passes import Label
from flixpose.studio.simulated.scene import MANNEQUIN_STANCE, Scene
from flixpose.studio.solid import Grid, Part, ellipsoid, mesh, moved, round_cone, sample

_STEP = 0.006
_NECK_TOP, _LEGS_TOP, _TORSO_FOOT = 1.515, 1.13, 0.775
_WOOD, _STEEL = (0.30, 0.17, 0.08), (0.45, 0.45, 0.46)


def add_dummy(s: Scene) -> dict[Any, Label]:
    """Put the scene's mannequin on the stage; returns its things with their labels."""
    body = figure(s.mannequin, MANNEQUIN_STANCE)
    paint = blender.material(
        "dummy",
        s.dummy,
        roughness=0.75 - s.gloss,
        specular=0.3 + 0.4 * s.gloss,
        weave=0.35 if s.display == "torso" else 0.0,
    )
    shape = mesh(_shape(s, body))
    found = {blender.add_mesh("dummy", *shape, paint): Label.MANNEQUIN}
    for part, colour in _stand(s, body):
        steel = blender.material("stand", colour, roughness=0.35, specular=0.5)
        lo, hi = part[0].lo - 0.03, part[0].hi + 0.03
        found[blender.add_mesh("stand", *mesh(sample(part, lo, hi, _STEP / 1.5)), steel)] = Label.STAND
    return found


def _shape(s: Scene, body: Figure) -> Grid:
    lo, hi = (-0.7, -0.35, -0.02), (0.7, 0.35, 1.78)
    if s.display == "torso":
        caps = tuple(
            ellipsoid(
                moved(body.joints[f"{name}_shoulder"], side * 0.004, 0, -0.012), (0.043, 0.05, 0.062), 0.04
            )
            for name, side in SIDES
        )
        return _flat(sample(body.torso + caps, lo, hi, _STEP), low=_TORSO_FOOT, high=_NECK_TOP)
    if s.display == "legs":
        return _flat(sample(body.torso + body.legs + _feet(body), lo, hi, _STEP), high=_LEGS_TOP)
    clay = body.torso + body.legs + _feet(body) + body.arms + body.hands
    if s.display == "full":
        return sample(clay + _egg(), lo, hi, _STEP)
    return _flat(sample(clay, lo, hi, _STEP), high=_NECK_TOP)


def _flat(grid: Grid, *, low: float = -1.0, high: float = 9.0) -> Grid:
    """The shape between two heights, closed there."""
    z = grid.axes[2]
    values = np.maximum(grid.values, np.maximum(low - z, z - high))
    return Grid(values.astype(np.float32), grid.origin, grid.step)


def _egg() -> tuple[Part, ...]:
    """A head without a face."""
    return (
        ellipsoid(moved(CHIN, 0, 0.0, 0.125), (0.074, 0.092, 0.112), 0.03),
        ellipsoid(moved(CHIN, 0, -0.045, 0.055), (0.052, 0.052, 0.062), 0.06),
    )


def _feet(body: Figure) -> tuple[Part, ...]:
    parts: list[Part] = []
    for name, side in SIDES:
        ankle = body.joints[f"{name}_ankle"]
        toe = moved(ankle, side * 0.03, -0.15, -0.062)
        parts.append(round_cone(moved(ankle, 0, 0.01, -0.045), toe, 0.036, 0.026, 0.03))
    return tuple(parts)


def _stand(s: Scene, body: Figure) -> list[tuple[list[Part], tuple[float, float, float]]]:
    if s.display != "torso":
        return []
    cap = [
        ellipsoid((0, 0.006, _NECK_TOP + 0.004), (0.049, 0.053, 0.009)),
        ellipsoid((0, 0.006, _NECK_TOP + 0.022), (0.012, 0.012, 0.016), 0.006),
    ]
    foot = [
        round_cone((0, 0.015, 0.02), (0, 0.015, _TORSO_FOOT + 0.03), 0.014, 0.014),
        ellipsoid((0, 0.015, 0.012), (0.16, 0.16, 0.02), 0.01),
    ]
    # the pole's box must hold its foot
    foot[0] = Part(foot[0].field, foot[0].lo - 0.17, foot[0].hi + 0.17, 0.0)
    return [(cap, _WOOD), (foot, _STEEL)]
