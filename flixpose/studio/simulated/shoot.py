"""A scene before the camera: the garment falls into place twice, and is photographed with its truth."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.studio import blender
from flixpose.studio.blender import Shot
from flixpose.studio.body import Figure
from flixpose.studio.head import head
from flixpose.studio.people import add_person
from flixpose.studio.simulated.dressing import Fallen
from flixpose.studio.simulated.dummy import add_dummy
from flixpose.studio.simulated.fabric import fabric
from flixpose.studio.simulated.landmarks import Seen, marks
from flixpose.studio.simulated.passes import Label, label_pass, passes, read_labels, read_sewn, set_labels
from flixpose.studio.simulated.pattern import LOWER
from flixpose.studio.simulated.refine import normals, rim
from flixpose.studio.simulated.scene import Scene
from flixpose.studio.simulated.tips import read_off
from flixpose.studio.simulated.wearing import (
    Sheet,
    body_labels,
    keypoints,
    mesh_of,
    move_mesh,
    tuck_under,
)
from flixpose.studio.solid import Array

_COARSE = 2.2
_LABELS: dict[str, Label | None] = {
    "hair": Label.HAIR,
    "eye": Label.HEAD,
    "head": None,
    "body": None,
    "top": Label.BASE_TOP,
    "legs": Label.BASE_BOTTOM,
    "shoe": Label.SHOES,
    "backdrop": Label.NOTHING,
}
# pixels and metres of cloth within which a point counts as seen
_EXACTLY, _BESIDE = (1, 0.02), (2, 0.045)


def product_shot(s: Scene, fallen: Fallen, height: int, samples: int) -> Shot:
    """A camera that frames the garment on its mannequin, with room around."""
    lo, hi = fallen.product.min(axis=0), fallen.product.max(axis=0)
    view = max(float(hi[2] - lo[2]) * s.room, float(hi[0] - lo[0]) * (s.room - 0.1) / 0.75)
    centre = float(hi[2] + lo[2]) / 2
    return Shot(round(height * 0.75), height, centre_z=centre, view_height=view, samples=samples)


def person_shot(s: Scene, height: int, samples: int) -> Shot:
    """The whole figure, or from the knees up."""
    low, high = (0.50, 1.79) if s.close else (-0.08, 1.80)
    centre, view = (low + high) / 2, high - low
    return Shot(round(height * 0.72), height, centre_z=centre, view_height=view, samples=samples)


def shoot(s: Scene, fallen: Fallen, out: Path, *, height: int, samples: int, cores: int) -> dict[str, Any]:
    """Photograph everything into `out`; returns the truth that belongs into the scene's JSON.

    What is written is told in flixpose/studio/scenes.py. A garment that was not worn gives the product alone.

    Raises:
        UsageError: the extra `studio` is not installed.
    """
    product = product_shot(s, fallen, height, samples)
    _shoot_product(s, fallen, product, out, cores)
    told: dict[str, Any] = {"kind": s.pattern.kind, "view": s.view, "open": s.open}
    told |= {"display": s.display, "motif": s.motif, "trim": s.trim}
    shown = turned(fallen.product, s.product_turn)
    seen = {name: _seen(out, name, product, fallen, shown) for name in ("product", "ghost")}
    size = {name: [product.width, product.height] for name in seen}
    if fallen.worn is not None:
        person = person_shot(s, height, samples)
        sheet = _sheet(fallen, fallen.worn)
        joints = _shoot_person(s, sheet, fallen, person, product, out, cores)
        seen["worn"] = _seen(out, "worn", person, fallen, turned(fallen.worn, s.turn))
        size["worn"] = [person.width, person.height]
        _correspond(out, seen, fallen)
        told |= {"pose": s.pose, "yaw": round(float(np.degrees(s.yaw)), 1), "hair": s.look.cut.style}
        told |= {"keypoints": joints}
    sewn, long = fallen.sewn, s.pattern.kind.endswith("dress")
    found = {
        name: marks(view, sewn.landmarks, sewn.rims, sewn.shoulders, long=long, back=s.back, gaps=sewn.gaps)
        for name, view in seen.items()
    }
    read_off(out, s.pattern.kind, found)
    return told | {"size": size, "landmarks": found}


def turned(points: Array, yaw: float) -> Array:
    """(N, 3) points turned about the figure's axis by `yaw` radians, its left side to the back if > 0."""
    turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    return np.asarray(points @ turn.T)


def _correspond(out: Path, seen: dict[str, Seen], fallen: Fallen) -> None:
    both = np.flatnonzero(seen["product"].visible & seen["worn"].visible)
    np.savez_compressed(
        out / "correspondence.npz",
        product_xy=seen["product"].places[both].astype(np.float32),
        worn_xy=seen["worn"].places[both].astype(np.float32),
        part=fallen.part[both],
    )


def _seen(out: Path, name: str, shot: Shot, fallen: Fallen, points: Array) -> Seen:
    """Where a picture shows the finer cloth's points, which of them, and which part each pixel shows."""
    from scipy.spatial import cKDTree

    sewn = fallen.fine(fallen.sewn.points)
    truth = read_sewn(out / f"{name}_sewn.png")
    cloth = read_labels(out / f"{name}_labels.png") == Label.GARMENT
    parts = np.full(cloth.shape, 255, np.uint8)
    parts[cloth] = fallen.part[cKDTree(sewn).query(truth[cloth])[1]]
    places = shot.project(fallen.fine(points))
    return Seen(
        places, _visible(truth, places, sewn, *_EXACTLY), _visible(truth, places, sewn, *_BESIDE), parts
    )


def _visible(truth: Array, places: Array, sewn: Array, around: int, same: float) -> NDArray[np.bool_]:
    """(V,) whether the picture shows cloth within `same` metres of each point within `around` px of it."""
    height, width = truth.shape[:2]
    x, y = np.floor(places).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    found = np.zeros(len(places), bool)
    for dx in range(-around, around + 1):
        for dy in range(-around, around + 1):
            shown = truth[np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)]
            found |= np.linalg.norm(shown - sewn, axis=1) < same
    return inside & found


def _shoot_product(s: Scene, fallen: Fallen, shot: Shot, out: Path, cores: int) -> None:
    _stage(shot, s.seed, cores)
    _light(s.product_side, 0.0, s.paper)
    things = add_dummy(s)
    cloth = _add_cloth(s, fallen, fallen.fine(fallen.product), shot)
    _turn([cloth, *things], s.product_turn)
    blender.render(out / "product.png")
    for thing in things:
        thing.hide_render = True
    blender.render(out / "ghost.png")
    for thing in things:
        thing.hide_render = False
    passes(out, "product", {cloth: Label.GARMENT, **things})
    for thing in things:
        thing.hide_render = True
    passes(out, "ghost", {cloth: Label.GARMENT})


def _shoot_person(
    s: Scene, sheet: Sheet, fallen: Fallen, shot: Shot, product: Shot, out: Path, cores: int
) -> dict[str, list[float]]:
    _stage(shot, s.seed + 1, cores)
    _light(s.side, s.warmth, s.wall)
    body = add_person(s.look, coarse=_COARSE, over=sheet.points, outside=s.layered)
    things = {thing: _label(thing.name) for thing in _meshes()}
    _turn(list(things), s.turn)
    _tell_skin(s, body, things)
    blender.render(out / "person.png")
    bare = _put_on(s, body, sheet, things)
    cloth = _add_cloth(s, fallen, sheet.points, product)
    _turn([cloth], s.turn)
    blender.render(out / "worn.png")
    passes(out, "worn", {**things, cloth: Label.GARMENT})
    cloth.hide_render = True
    for thing, points in bare.items():
        move_mesh(thing, points)
        thing.hide_render = False
    label_pass(out, "person", things)
    labels = read_labels(out / "person_labels.png")
    return keypoints(body, lambda points: shot.project(turned(points, s.turn)), labels, back=s.back)


def _stage(shot: Shot, seed: int, cores: int) -> None:
    scene = blender.new_scene(shot, seed=seed, threads=cores)
    # the same things are rendered many times, small and soft
    scene.render.use_persistent_data = True
    scene.cycles.max_bounces = 3


def _sheet(fallen: Fallen, worn: Array) -> Sheet:
    points, faces = fallen.fine(worn), fallen.finer[1]
    edge = np.zeros(len(points), bool)
    edge[rim(faces)] = True
    return Sheet(points, normals(points, faces), fallen.part, edge)


def _put_on(s: Scene, body: Figure, sheet: Sheet, things: dict[Any, Label | None]) -> dict[Any, Array]:
    """Take off what the garment replaces, push beneath it what it covers; returns the points before."""
    face = tuple(head(s.look.face))
    bare = {}
    for thing, label in things.items():
        if label not in (None, Label.BASE_TOP, Label.BASE_BOTTOM):
            continue
        thing.hide_render = label == _replaced(s)
        points, outward, _ = mesh_of(thing)
        labels = body_labels(body, face, points) if label is None else np.full(len(points), label, np.uint8)
        bare[thing] = points
        move_mesh(thing, tuck_under(points, outward, labels, body, sheet))
    return bare


def _replaced(s: Scene) -> Label:
    """The piece of the base layer that the garment takes the place of; none where it is worn open over it."""
    if s.open:
        return Label.NOTHING
    return Label.BASE_BOTTOM if s.pattern.kind in LOWER else Label.BASE_TOP


def _tell_skin(s: Scene, body: Figure, things: dict[Any, Label | None]) -> None:
    face = tuple(head(s.look.face))
    for thing, label in things.items():
        if label is None:
            points, _, faces = mesh_of(thing)
            set_labels(thing, body_labels(body, face, points[faces].mean(axis=1)))


def _label(name: str) -> Label | None:
    """What a thing of the person is; None = skin, told face by face."""
    known: dict[str, Label | None] = {
        "hair": Label.HAIR,
        "eye": Label.HEAD,
        "top": Label.BASE_TOP,
        "legs": Label.BASE_BOTTOM,
    }
    known |= {"shoe": Label.SHOES, "body": None, "head": None, "backdrop": Label.NOTHING}
    return known[name.split(".")[0]]


def _turn(things: list[Any], yaw: float) -> None:
    for thing in things:
        if not thing.name.startswith("backdrop"):
            thing.rotation_euler = (0.0, 0.0, yaw)


def _meshes() -> list[Any]:
    bpy = blender.blender()
    return [o for o in bpy.context.scene.objects if o.type in ("MESH", "CURVES")]


def _light(side: float, warmth: float, paper: tuple[float, float, float]) -> None:
    """A key light from one side, a fill from the other, a rim; a paper sweep."""
    warm = (1.0, 1.0 - 0.10 * max(warmth, 0) - 0.04 * max(-warmth, 0), 1.0 - 0.22 * max(warmth, 0))
    cool = (1.0 - 0.12 * max(-warmth, 0), 1.0, 1.0)
    colour = tuple(a * b for a, b in zip(warm, cool, strict=True))
    blender.ambient(0.42)
    key, fill = (-2.2, 2.4) if side < 0 else (2.2, -2.4)
    strength = 70 + 50 * abs(side)
    blender.softbox(np.array([key, -3.0, 2.6]), np.array([0.0, 0.0, 1.1]), 1.8, strength, colour)  # type: ignore[arg-type]
    blender.softbox(np.array([fill, -2.5, 1.6]), np.array([0.0, 0.0, 1.0]), 2.0, 110 - strength * 0.7)
    blender.softbox(np.array([0.5, 1.5, 3.0]), np.array([0.0, 0.0, 1.3]), 1.2, 40.0)
    blender.backdrop(paper)


def _add_cloth(s: Scene, fallen: Fallen, points: Array, product: Shot) -> Any:
    """The garment at the finer mesh's `points`.

    Attributes carry where it lay as sewn, where the product photo shows it, and how far its edge is.
    """
    thing = blender.add_mesh("cloth", points, fallen.finer[1], fabric(s))
    sewn = fallen.fine(fallen.sewn.points)
    places = turned(fallen.fine(fallen.product), s.product_turn)
    seen = product.project(places) / (product.width, product.height)
    _attribute(thing, "sewn", sewn)
    _attribute(thing, "seen", np.column_stack([seen, np.ones(len(seen))]))
    _attribute(thing, "rim", np.column_stack([_to_edge(fallen, sewn), np.zeros((len(seen), 2))]))
    return thing


def _to_edge(fallen: Fallen, sewn: Array) -> Array:
    """(W,) metres to the nearest edge that is trimmed: neck, open fronts, waist and cuffs."""
    from scipy.spatial import cKDTree

    trimmed = [
        e for name, e in fallen.sewn.rims.items() if name.startswith(("neck", "waist", "cuff", "front"))
    ]
    edge = rim(fallen.finer[1])
    coarse = fallen.sewn.points[np.concatenate(trimmed)]
    near = cKDTree(coarse).query(sewn[edge])[0] < 0.014
    return np.asarray(cKDTree(sewn[edge[near]]).query(sewn)[0])


def _attribute(thing: Any, name: str, values: Array) -> None:
    layer = thing.data.attributes.new(name, "FLOAT_VECTOR", "POINT")
    layer.data.foreach_set("vector", np.asarray(values, np.float32).ravel())
