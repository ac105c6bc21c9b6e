"""The sample catalogue's people, and the studio light that they are photographed in."""

from pathlib import Path

import numpy as np

from flixpose.studio import blender
from flixpose.studio.blender import Shot
from flixpose.studio.body import ON_HIP, Build, Stance
from flixpose.studio.hair import Cut
from flixpose.studio.head import Face
from flixpose.studio.people import Look, add_person

PEOPLE: dict[str, Look] = {
    "ines": Look(Build(), Stance(right=ON_HIP, sway=0.02), Face(), Cut()),
    "malik": Look(
        Build(form=1.0, muscle=0.4, bust=0.0),
        Stance(),
        Face(jaw=1.15, brow=1.2, nose=1.12, lips=0.8, eyes=0.85),
        Cut("crop", 0.022, lift=0.006),
        skin=(0.20, 0.085, 0.045),
        lips=(0.16, 0.06, 0.045),
        iris=(0.03, 0.015, 0.008),
        brows=(0.012, 0.008, 0.006),
        melanin=0.97,
        top_colour=(0.30, 0.31, 0.325),
        legs="shorts",
    ),
    "noor": Look(
        Build(girth=1.18, hips=1.06, bust=0.9),
        Stance(sway=-0.012),
        Face(jaw=1.06, lips=1.1),
        Cut("bun", 0.16, lift=0.01),
        skin=(0.42, 0.20, 0.125),
        lips=(0.36, 0.13, 0.10),
        iris=(0.05, 0.025, 0.012),
        brows=(0.02, 0.012, 0.008),
        melanin=0.9,
        top_colour=(0.50, 0.455, 0.40),
        legs_colour=(0.028, 0.032, 0.055),
        seed=2,
    ),
}

FULL_FIGURE = Shot(900, 1260, centre_z=0.855, view_height=1.88, samples=32)


def light_studio() -> None:
    """Soft light from the left, a weaker fill, a rim from behind; a light grey paper sweep."""
    blender.ambient(0.42)
    blender.softbox(np.array([-2.0, -3.0, 2.6]), np.array([0.0, 0.0, 1.1]), 1.8, 100.0)
    blender.softbox(np.array([2.4, -2.5, 1.6]), np.array([0.0, 0.0, 1.0]), 2.0, 34.0)
    blender.softbox(np.array([0.5, 1.5, 3.0]), np.array([0.0, 0.0, 1.3]), 1.2, 40.0)
    blender.backdrop((0.8, 0.8, 0.81))


def photograph(
    name: str, path: Path, *, shot: Shot = FULL_FIGURE, threads: int = 2
) -> dict[str, tuple[float, float]]:
    """Render one of PEOPLE to a PNG; returns the true joints, name → (x, y) pixels.

    Raises:
        UsageError: the extra `studio` is not installed.
    """
    look = PEOPLE[name]
    blender.new_scene(shot, seed=look.seed, threads=threads)
    light_studio()
    body = add_person(look)
    blender.render(path)
    places = shot.project(np.array(list(body.joints.values())))
    return {joint: (float(x), float(y)) for joint, (x, y) in zip(body.joints, places, strict=True)}
