"""Dressed people for the stage: skin, eyes, hair, shoes and a plain base layer, from clay to meshes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flixpose.studio import blender
from flixpose.studio.body import SIDES, Build, Figure, Stance, figure, unit
from flixpose.studio.hair import Cut, grow, on_scalp
from flixpose.studio.head import CHIN, EYE_RADIUS, Face, eye_centre, head, lid_edge
from flixpose.studio.solid import Array, Grid, Part, ellipsoid, mesh, moved, round_cone, sample

Colour = tuple[float, float, float]

_SKIN_STEP, _HEAD_STEP, _CLOTH_STEP = 0.003, 0.0013, 0.003
_NECK_SEAM = 1.466
_CLOTH_HALF = 0.007
# how steeply hair comes down over the edge of cloth behind the neck, backwards per downwards
_SLOPE = 0.6


@dataclass(frozen=True)
class Look:
    """What a person looks like. Colours are linear RGB.

    Attributes:
        legs: "leggings" or "shorts".
        melanin, redness: of the hair (see blender.hair_material).
    """

    build: Build
    stance: Stance
    face: Face
    cut: Cut
    skin: Colour = (0.62, 0.36, 0.26)
    lips: Colour = (0.50, 0.17, 0.15)
    iris: Colour = (0.10, 0.06, 0.03)
    brows: Colour = (0.06, 0.035, 0.02)
    melanin: float = 0.75
    redness: float = 0.4
    legs: Literal["leggings", "shorts"] = "leggings"
    top_colour: Colour = (0.55, 0.55, 0.56)
    legs_colour: Colour = (0.035, 0.036, 0.04)
    shoe_colour: Colour = (0.75, 0.75, 0.75)
    seed: int = 0


def add_person(
    look: Look, *, coarse: float = 1.0, over: Array | None = None, outside: bool = False
) -> Figure:
    """Put a dressed person on the stage; returns the model with its joints.

    Args:
        coarse: how many times wider than usual the lattices of skin, head and clothes are (small pictures).
        over: (N, 3) metres of cloth that long hair shall fall over, also while it is not worn.
        outside: behind the neck, too, where it would slip beneath the cloth's edge.
    """
    body = figure(look.build, look.stance)
    face = tuple(head(look.face))
    _add_skin(look, body, face, coarse)
    for _, side in SIDES:
        _add_eye(look, side)
    _add_clothes(look, body, coarse)
    _add_hair(look, body, face, over, outside=outside)
    return body


def _add_skin(look: Look, body: Figure, face: tuple[Part, ...], coarse: float) -> None:
    skin = blender.material("skin", tinted=True, roughness=0.48, specular=0.35, subsurface=0.18)
    trunk = sample(
        body.skin + face, (-0.75, -0.35, 0.0), (0.75, 0.35, _NECK_SEAM + 0.003), _SKIN_STEP * coarse
    )
    vertices, faces = mesh(trunk)
    blender.add_mesh("body", vertices, faces, skin, _body_tint(look, body, vertices))
    top = sample(body.torso + face, (-0.12, -0.16, _NECK_SEAM), (0.12, 0.16, 1.75), _HEAD_STEP * coarse)
    vertices, faces = mesh(top)
    blender.add_mesh("head", vertices, faces, skin, _face_tint(look, vertices))


def _body_tint(look: Look, body: Figure, vertices: Array) -> Array:
    """Skin, a little redder at elbows, knees and fingers."""
    tint = np.tile(np.array(look.skin), (len(vertices), 1))
    for name, joint in body.joints.items():
        if name.endswith(("elbow", "knee")):
            near = np.exp(-((np.linalg.norm(vertices - joint, axis=1) / 0.05) ** 2))
            tint *= 1 - near[:, None] * np.array([0.02, 0.10, 0.10])
        if name.endswith("wrist"):
            near = np.exp(-(((np.linalg.norm(vertices - joint, axis=1) - 0.14) / 0.07) ** 2))
            tint *= 1 - near[:, None] * np.array([0.01, 0.09, 0.08])
    return tint


def _blob(points: Array, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
    away = (points - np.asarray(centre)) / np.asarray(radii)
    return np.exp(-(away**2).sum(axis=1))[:, None]


def _face_tint(look: Look, vertices: Array) -> Array:
    local = vertices - CHIN
    tint = np.tile(np.array(look.skin), (len(vertices), 1))
    for side in (1.0, -1.0):
        tint *= 1 - _blob(local, (side * 0.044, -0.075, 0.078), (0.022, 0.04, 0.016)) * np.array(
            [0.0, 0.13, 0.11]
        )
        tint *= 1 - _blob(local, (side * 0.032, -0.08, 0.104), (0.016, 0.02, 0.006)) * np.array(
            [0.06, 0.12, 0.10]
        )
        tint *= 1 - _blob(local, (side * 0.08, 0.01, 0.10), (0.012, 0.03, 0.04)) * np.array(
            [0.01, 0.08, 0.07]
        )
    tint *= 1 - _blob(local, (0, -0.108, 0.078), (0.014, 0.02, 0.012)) * np.array([0.0, 0.10, 0.09])
    tint = _paint(tint, 0.75 * on_scalp(local), look.brows)
    tint = _paint(tint, _lips(local, look.face), look.lips)
    tint = _paint(tint, _brows(local), look.brows)
    return _paint(tint, _lashes(vertices, look.face), (0.02, 0.013, 0.01))


def _paint(tint: Array, amount: Array, colour: Colour) -> Array:
    return tint + (np.array(colour) - tint) * amount[:, None]


def _lips(local: Array, face: Face) -> Array:
    x, y, z = np.abs(local[:, 0]), local[:, 1], local[:, 2]
    share = np.clip(x / 0.0245, 0, 1)
    line = 0.0512 + 0.0036 * share**2
    top = line + 0.0066 * face.lips * (1 - share**1.6) - 0.0020 * np.exp(-((x / 0.0035) ** 2))
    bottom = line - 0.0088 * face.lips * (1 - share**2.2)
    inside = np.minimum(top - z, z - bottom)
    return np.clip(inside / 0.0012 + 0.5, 0, 1) * (y < -0.06) * (x < 0.0245) * 0.8


def _brows(local: Array) -> Array:
    x, y, z = np.abs(local[:, 0]), local[:, 1], local[:, 2]
    share = np.clip((x - 0.012) / 0.038, 0, 1)
    middle = 0.1310 + 0.0045 * np.sin(share * 2.4) - 0.002 * share
    thick = 0.0040 * (1 - 0.6 * share)
    inside = np.clip((thick - np.abs(z - middle)) / 0.0022 + 0.5, 0, 1)
    ends = np.clip((x - 0.0115) / 0.004, 0, 1) * np.clip((0.0505 - x) / 0.005, 0, 1)
    return inside * ends * (y < -0.03) * 0.93


def _lashes(vertices: Array, face: Face) -> Array:
    dark = np.zeros(len(vertices))
    for side in (1.0, -1.0):
        centre = eye_centre(side)
        out, up = (vertices[:, 0] - centre[0]) * side, vertices[:, 2] - centre[2]
        near = (np.abs(out) < 0.0145) & (np.abs(vertices[:, 1] - centre[1] + 0.010) < 0.012)
        upper = np.exp(-(((up - lid_edge(out, face, True)) / 0.0014) ** 2))
        lower = 0.35 * np.exp(-(((up - lid_edge(out, face, False)) / 0.0008) ** 2))
        dark = np.maximum(dark, np.where(near, np.maximum(upper, lower), 0.0))
    return dark


def _add_eye(look: Look, side: float) -> None:
    rows, columns = 48, 64
    theta = np.linspace(0, np.pi, rows)[:, None]
    phi = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None, :]
    sphere = np.stack(
        [np.sin(theta) * np.cos(phi), -np.cos(theta) * np.ones_like(phi), np.sin(theta) * np.sin(phi)],
        axis=-1,
    ).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    near, far = i * columns + j, i * columns + (j + 1) % columns
    faces = np.stack([near, far, far + columns, near + columns], axis=-1).reshape(-1, 4)
    white = np.array([0.66, 0.62, 0.60])
    angle = np.arccos(np.clip(sphere @ unit((side * -0.03, -1.0, 0.0)), -1, 1))
    iris = np.array(look.iris)
    tint = np.tile(white, (len(sphere), 1))
    tint[angle < 0.52] = iris * 0.4
    tint[angle < 0.45] = iris
    tint[angle < 0.20] = 0.003
    eye = blender.material("eye", tinted=True, roughness=0.15, specular=0.35)
    blender.add_mesh("eye", sphere * EYE_RADIUS + eye_centre(side), faces, eye, tint)


def _add_clothes(look: Look, body: Figure, coarse: float) -> None:
    cloth = blender.material("top", look.top_colour, roughness=0.85, specular=0.15, sheen=0.25, weave=0.25)
    blender.add_mesh("top", *mesh(top_grid(look, body, _CLOTH_STEP * coarse)), cloth)
    cloth = blender.material("legs", look.legs_colour, roughness=0.7, specular=0.25, sheen=0.15, weave=0.15)
    blender.add_mesh("legs", *mesh(legs_grid(look, body, _CLOTH_STEP * coarse)), cloth)
    shoe = blender.material("shoes", look.shoe_colour, roughness=0.6)
    sole = blender.material("soles", (0.8, 0.8, 0.78), roughness=0.7)
    for name, side in SIDES:
        upper, under = _shoe(body.joints[f"{name}_ankle"], side)
        for part, paint in ((upper, shoe), (under, sole)):
            lo = body.joints[f"{name}_ankle"] - (0.12, 0.25, 0.09)
            hi = body.joints[f"{name}_ankle"] + (0.12, 0.12, 0.06)
            blender.add_mesh("shoe", *mesh(sample(part, lo, hi, 0.0022)), paint)


def top_grid(look: Look, body: Figure, step: float = _CLOTH_STEP) -> Grid:
    """The top as a field: the body's, thickened, between hem, neckline and armholes."""
    lo, hi = (-0.45, -0.25, 0.86), (0.45, 0.25, 1.5)
    grid = sample(body.torso + body.legs, lo, hi, step)
    x, y, z = grid.axes
    ease = 0.006 + 0.007 * np.clip((1.12 - z) / 0.16, 0.0, 1.0)
    cloth = np.maximum(grid.values - ease - _wrinkles(x, y, z, look.seed), 0.945 - z)
    cloth = np.maximum(cloth, _neckline(x, y, z))
    for name, side in SIDES:
        hole = ellipsoid(
            moved(body.joints[f"{name}_shoulder"], side * 0.042, 0.0, -0.045), (0.078, 0.20, 0.115)
        )
        cloth = np.maximum(cloth, -hole.field(x, y, z))
    return Grid(cloth.astype(np.float32), grid.origin, grid.step)


def _wrinkles(x: Array, y: Array, z: Array, seed: int) -> Array:
    """Shallow creases across the waist, metres."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, 4)
    waist = np.exp(-(((z - 1.03) / 0.07) ** 2))
    waves = np.sin(95 * (z + 0.25 * np.abs(x)) + 9 * x + phase[0]) + np.sin(61 * z - 22 * x + phase[1])
    return 0.0011 * waist * waves + 0.0012 * np.sin(14 * x + 9 * z + phase[2])


def _neckline(x: Array, y: Array, z: Array) -> Array:
    """Positive where the neck opening is (the cloth must be below its field)."""
    wide, drop = 0.087, 0.120
    behind = 1 / (1 + np.exp(-y / 0.008))
    depth = drop * (1 - behind) + 0.03 * behind
    below = np.minimum(z - 1.452, 0.0) / depth
    return (1.0 - np.sqrt((x / wide) ** 2 + below**2)) * np.minimum(wide, depth)


def legs_grid(look: Look, body: Figure, step: float = _CLOTH_STEP) -> Grid:
    """Leggings or shorts as a field."""
    grid = sample(body.torso + body.legs, (-0.3, -0.25, 0.08), (0.3, 0.25, 1.02), step)
    _, _, z = grid.axes
    bottom = 0.125 if look.legs == "leggings" else 0.60
    loose = 0.003 if look.legs == "leggings" else 0.005 + 0.009 * np.clip((0.85 - z) / 0.25, 0, 1)
    cloth = np.maximum(grid.values - loose, np.maximum(bottom - z, z - 0.985))
    return Grid(cloth.astype(np.float32), grid.origin, grid.step)


def _shoe(ankle: Array, side: float) -> tuple[list[Part], list[Part]]:
    """A plain trainer: upper and sole, toes turned a little out."""
    out = side * 0.035

    def at(x: float, y: float, z: float) -> Array:
        return np.array([ankle[0] + x * side - y * out / 0.15, ankle[1] + y, z])

    upper = [
        ellipsoid(at(0, 0.0, 0.060), (0.036, 0.052, 0.058)),
        ellipsoid(at(0, -0.07, 0.045), (0.039, 0.085, 0.040), 0.04),
        ellipsoid(at(0.002, -0.135, 0.036), (0.043, 0.062, 0.030), 0.03),
        ellipsoid(moved(ankle, 0, 0, 0.03), (0.031, 0.036, 0.04), 0.008, "cut"),
    ]
    under = [
        round_cone(at(0, 0.018, 0.013), at(0.001, -0.06, 0.012), 0.034, 0.036),
        round_cone(at(0.001, -0.06, 0.012), at(0.003, -0.15, 0.012), 0.036, 0.044, 0.01),
        ellipsoid(at(0, -0.07, 0.088), (0.2, 0.4, 0.062), 0.003, "cut"),
        ellipsoid(at(0, -0.07, -0.06), (0.2, 0.4, 0.06), 0.003, "cut"),
    ]
    return upper, under


def _add_hair(look: Look, body: Figure, face: tuple[Part, ...], over: Array | None, *, outside: bool) -> None:
    around = sample(body.torso + face, (-0.3, -0.25, 1.1), (0.3, 0.28, 1.80), 0.004)
    if over is not None and look.cut.style == "long":
        around = _covered(around, over, outside=outside)
    strands, radii = grow(look.cut, around, look.seed)
    blender.add_strands("hair", strands, radii, blender.hair_material(look.melanin, look.redness))


def _covered(around: Grid, cloth: Array, *, outside: bool) -> Grid:
    """The field with a sheet of cloth, known by its points, laid over it."""
    from scipy.ndimage import distance_transform_edt

    place = np.rint((cloth - around.origin) / around.step).astype(int)
    place = place[np.all((place >= 0) & (place < around.values.shape), axis=1)]
    if not len(place):
        return around
    free = np.ones(around.values.shape, bool)
    free[tuple(place.T)] = False
    if outside:
        free &= ~_filled_behind(~free, int(-around.origin[1] / around.step))
    sheet = distance_transform_edt(free) * around.step - _CLOTH_HALF
    if outside:
        sheet -= distance_transform_edt(~free) * around.step
    return Grid(np.minimum(around.values, sheet).astype(np.float32), around.origin, around.step)


def _filled_behind(cloth: NDArray[np.bool_], middle: int) -> NDArray[np.bool_]:
    """(X, Y, Z) cells between the body and cloth behind it, and above its edge a slope down from the neck."""
    deep = cloth.shape[1]
    last = np.where(cloth.any(axis=1), deep - 1 - cloth[:, ::-1].argmax(axis=1), -1).astype(float)
    for z in range(1, last.shape[1]):
        last[:, z] = np.maximum(last[:, z], last[:, z - 1] - _SLOPE)
    row = np.arange(deep)[None, :, None]
    return np.asarray((row >= middle) & (row <= last[:, None, :]))
