"""A person in a garment: which part of the body is where, and skin and base layer kept beneath the cloth.

A garment that is simulated on smooth clay may cut a little into hips, elbows or a base layer's edge. Studios'
tools hide or push back what is covered; so does `tuck_under`, for the picture alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.body import SIDES, Figure
from flixpose.studio.head import CHIN, eye_centre
from flixpose.studio.simulated.cloth import at_points
from flixpose.studio.simulated.passes import Label
from flixpose.studio.solid import Array, Part, moved

_NECK_FROM = 1.435
_BENEATH = 0.005
_DEEPEST, _ASIDE, _ASIDE_RIM = 0.045, 0.02, 0.005
_NEAR_SHOULDER = 0.085
_ARMS = (Label.LEFT_ARM, Label.RIGHT_ARM, Label.LEFT_HAND, Label.RIGHT_HAND)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Cloth as worn: (V, 3) points and outward normals, (V,) part (see Sewn) and whether on the rim."""

    points: Array
    normals: Array
    part: NDArray[np.uint8]
    rim: NDArray[np.bool_]


def body_labels(body: Figure, face: tuple[Part, ...], points: Array) -> NDArray[np.uint8]:
    """(N,) Label of points on a person's skin."""
    half = len(body.arms) // 2
    fingers = len(body.hands) // 2
    groups = {
        Label.TRUNK: body.torso,
        Label.LEGS: body.legs,
        Label.LEFT_ARM: body.arms[:half],
        Label.RIGHT_ARM: body.arms[half:],
        Label.LEFT_HAND: body.hands[:fingers],
        Label.RIGHT_HAND: body.hands[fingers:],
        Label.HEAD: face,
    }
    away = np.stack([at_points(parts, points) for parts in groups.values()])
    found = np.array([int(label) for label in groups], np.uint8)[away.argmin(axis=0)]
    found[(found == Label.TRUNK) & (points[:, 2] > _NECK_FROM) & (np.abs(points[:, 0]) < 0.075)] = Label.NECK
    return found


def tuck_under(points: Array, normals: Array, labels: NDArray[np.uint8], body: Figure, sheet: Sheet) -> Array:
    """(N, 3) the points of skin or a base layer, those above the cloth that covers them pushed beneath it."""
    moved = points.copy()
    for cloth_parts, mask in _covered(points, labels, body):
        chosen = np.flatnonzero(mask)
        cloth = np.flatnonzero(np.isin(sheet.part, cloth_parts))
        if len(chosen) and len(cloth):
            moved[chosen] = _beneath(points[chosen], normals[chosen], sheet, cloth)
    return moved


def _covered(
    points: Array, labels: NDArray[np.uint8], body: Figure
) -> list[tuple[tuple[int, ...], NDArray[np.bool_]]]:
    """Which parts of the garment may cover which points; hands lie in front of everything."""
    trunk = np.isin(labels, (Label.TRUNK, Label.NECK, Label.BASE_TOP, Label.BASE_BOTTOM, Label.LEGS))
    found: list[tuple[tuple[int, ...], NDArray[np.bool_]]] = [((0,), trunk)]
    legs = np.isin(labels, (Label.LEGS, Label.BASE_BOTTOM))
    for part, arm, joint in ((1, Label.LEFT_ARM, "left"), (2, Label.RIGHT_ARM, "right")):
        own = labels == arm
        near = np.linalg.norm(points - body.joints[f"{joint}_shoulder"], axis=1) < _NEAR_SHOULDER
        side = points[:, 0] * (1 if part == 1 else -1) > -0.02
        found += [((part,), own | (legs & side)), ((0, part), own & near)]
    return found


def _beneath(points: Array, normals: Array, sheet: Sheet, cloth: NDArray[np.int64]) -> Array:
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(sheet.points[cloth]).query(points, distance_upper_bound=0.06)
    known = nearest < len(cloth)
    at = cloth[np.where(known, nearest, 0)]
    outward = sheet.normals[at]
    apart = points - sheet.points[at]
    above = np.einsum("ij,ij->i", apart, outward)
    aside = np.linalg.norm(apart - above[:, None] * outward, axis=1)
    same = np.einsum("ij,ij->i", normals, outward) > 0.3
    near = aside < np.where(sheet.rim[at], _ASIDE_RIM, _ASIDE)
    push = known & same & near & (above > -_BENEATH) & (above < _DEEPEST)
    return np.asarray(points - np.where(push, above + _BENEATH, 0.0)[:, None] * outward)


def mesh_of(thing: Any) -> tuple[Array, Array, NDArray[np.int64]]:
    """(V, 3) points, (V, 3) normals and (F, 3) triangles of a thing on the stage."""
    mesh = thing.data
    points, outward = (
        np.empty(3 * len(mesh.vertices), np.float32),
        np.empty(3 * len(mesh.vertices), np.float32),
    )
    mesh.vertices.foreach_get("co", points)
    mesh.vertices.foreach_get("normal", outward)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    return (
        points.reshape(-1, 3).astype(float),
        outward.reshape(-1, 3).astype(float),
        corners.reshape(-1, 3).astype(np.int64),
    )


def move_mesh(thing: Any, points: Array) -> None:
    """Put a thing's points elsewhere."""
    thing.data.vertices.foreach_set("co", points.astype(np.float32).ravel())
    thing.data.update()


def keypoints(
    body: Figure, project: Callable[[Array], Array], labels: NDArray[np.uint8], *, back: bool = False
) -> dict[str, list[float]]:
    """COCO's 17 body points by name: x, y px and visibility (2 seen, 1 behind hair, an arm or the body).

    Args:
        back: the picture shows the person from behind, where no face is seen.
    """
    points = {"nose": moved(CHIN, 0, -0.115, 0.078)}
    for name, side in SIDES:
        points[f"{name}_eye"] = eye_centre(side)
        points[f"{name}_ear"] = moved(CHIN, side * 0.078, 0.005, 0.10)
    points |= body.joints
    places = project(np.array(list(points.values())))
    found = {
        name: [round(float(x), 2), round(float(y), 2), _visibility(name, x, y, labels)]
        for name, (x, y) in zip(points, places, strict=True)
    }
    for name in ("nose", "left_eye", "right_eye") if back else ():
        found[name][2] = min(found[name][2], 1.0)
    return found


def _visibility(name: str, x: float, y: float, labels: NDArray[np.uint8]) -> float:
    height, width = labels.shape
    if not (0 <= x < width and 0 <= y < height):
        return 0.0
    row, column = int(y), int(x)
    shown = set(labels[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel().tolist())
    side, _, joint = name.partition("_")
    if joint in ("elbow", "wrist"):
        own = (Label.LEFT_ARM, Label.LEFT_HAND) if side == "left" else (Label.RIGHT_ARM, Label.RIGHT_HAND)
        return 2.0 if shown & set(own) else 1.0
    if joint in ("hip", "knee", "ankle"):
        return 1.0 if shown <= set(_ARMS) else 2.0
    if joint == "shoulder":
        return 1.0 if shown <= {Label.HAIR} else 2.0
    return 2.0 if Label.HEAD in shown else 1.0
