"""A scene before the camera: the garment falls into place twice, and is photographed with its truth.

Truth comes from the same meshes as the pictures: emission passes without light tell, at every pixel, what is
seen there and which point of the cloth.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import UsageError
from flixpose.studio import blender
from flixpose.studio.blender import Shot
from flixpose.studio.body import Figure, figure
from flixpose.studio.people import add_person
from flixpose.studio.simulated.cloth import fall, threads
from flixpose.studio.simulated.scene import MANNEQUIN_STANCE, Scene, between_builds, between_stances
from flixpose.studio.simulated.sewing import FITTING, Sewn, sew
from flixpose.studio.solid import Array, mesh, sample

# what the id pass tells
CLOTH, HAIR, HEAD, BODY, DUMMY, CLOTHES, NOTHING = 8, 1, 3, 4, 5, 6, 0
_NECK_TOP = 1.52
_COARSE = 1.8
_SHIFT = (0.7, 0.5, 0.05)
_SAME = 0.02
_LOWER = ("trousers", "shorts", "skirt")


@dataclass(frozen=True, eq=False)
class Fallen:
    """A garment as it hangs: (V, 3) metres on the mannequin and on the person."""

    sewn: Sewn
    product: Array
    worn: Array


def dress(s: Scene, *, quick: bool = False) -> Fallen:
    """Sew the garment on the mannequin, let it fall there, then move the mannequin into the person."""
    sewn = sew(s.pattern, s.mannequin)
    web = threads(sewn.points, sewn.faces)
    lower = s.pattern.kind in _LOWER
    keep = 0.012 if lower else 0.008

    def clay(body: Figure) -> tuple[Any, ...]:
        return body.torso + body.legs if lower else body.torso + body.legs + body.arms + body.hands

    def lowering(t: float) -> tuple[Any, ...]:
        return clay(figure(s.mannequin, between_stances(FITTING, MANNEQUIN_STANCE, t)))

    def becoming(t: float) -> tuple[Any, ...]:
        build = between_builds(s.mannequin, s.look.build, t)
        return clay(figure(build, between_stances(MANNEQUIN_STANCE, s.look.stance, t)))

    frames, settle = (6, 2) if quick else (44, 30)
    product = fall(sewn.points, web, lowering, frames=frames, settle=settle, thickness=keep)
    worn = fall(product, web, becoming, frames=frames + 24, settle=settle, thickness=keep)
    return Fallen(sewn, product, worn)


def product_shot(fallen: Fallen, height: int, samples: int) -> Shot:
    """A camera that frames the garment on its mannequin, with room around."""
    lo, hi = fallen.product.min(axis=0), fallen.product.max(axis=0)
    view = max(float(hi[2] - lo[2]) * 1.35, float(hi[0] - lo[0]) * 1.25 / 0.75)
    return Shot(
        round(height * 0.75), height, centre_z=float(hi[2] + lo[2]) / 2, view_height=view, samples=samples
    )


def person_shot(height: int, samples: int) -> Shot:
    return Shot(round(height * 0.72), height, centre_z=0.86, view_height=1.88, samples=samples)


def shoot(s: Scene, fallen: Fallen, out: Path, *, height: int, samples: int, cores: int) -> dict[str, Any]:
    """Photograph everything into `out`; returns the truth that belongs into the scene's JSON.

    What is written is told in flixpose/studio/scenes.py.

    Raises:
        UsageError: the extra `studio` is not installed.
    """
    product, person = product_shot(fallen, height, samples), person_shot(height, samples)
    _shoot_product(s, fallen, product, out, cores)
    joints = _shoot_person(s, fallen, person, product, out, cores)
    sewn = fallen.sewn
    seen = {
        "product": _visible(out / "product_sewn.png", product, fallen.product, sewn.points),
        "worn": _visible(out / "worn_sewn.png", person, fallen.worn, sewn.points),
    }
    places = {"product": product.project(fallen.product), "worn": person.project(fallen.worn)}
    both = np.flatnonzero(seen["product"] & seen["worn"])
    np.savez_compressed(
        out / "correspondence.npz",
        product_xy=places["product"][both].astype(np.float32),
        worn_xy=places["worn"][both].astype(np.float32),
        part=sewn.part[both],
    )
    return {
        "kind": s.pattern.kind,
        "pose": s.pose,
        "size": {"product": [product.width, product.height], "worn": [person.width, person.height]},
        "joints": joints,
        "landmarks": {name: _marks(sewn, places[name], seen[name]) for name in places},
    }


def _visible(path: Path, shot: Shot, points: Array, sewn: Array) -> NDArray[np.bool_]:
    """(V,) whether the picture shows the cloth's own point where it is projected."""
    truth = read_sewn(path)
    x, y = np.floor(shot.project(points)).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < shot.width) & (y < shot.height)
    shown = truth[np.clip(y, 0, shot.height - 1), np.clip(x, 0, shot.width - 1)]
    return inside & (np.linalg.norm(shown - sewn, axis=1) < _SAME)


def _marks(sewn: Sewn, places: Array, seen: NDArray[np.bool_]) -> dict[str, list[float]]:
    """Landmark → x, y, COCO visibility (1 hidden, 2 seen)."""
    rounded = places.round(2)
    return {
        name: [float(rounded[i, 0]), float(rounded[i, 1]), 2.0 if seen[i] else 1.0]
        for name, i in sewn.landmarks.items()
    }


def _shoot_product(s: Scene, fallen: Fallen, shot: Shot, out: Path, cores: int) -> None:
    blender.new_scene(shot, seed=s.seed, threads=cores)
    _light(0.2, 0.0)
    dummy = _add_dummy(s)
    cloth = _add_cloth(s, fallen, fallen.product, shot)
    blender.render(out / "product.png")
    dummy.hide_render = True
    blender.render(out / "ghost.png")
    dummy.hide_render = False
    _passes(out, "product", {cloth: CLOTH, dummy: DUMMY})


def _shoot_person(
    s: Scene, fallen: Fallen, shot: Shot, product: Shot, out: Path, cores: int
) -> dict[str, list[float]]:
    blender.new_scene(shot, seed=s.seed + 1, threads=cores)
    _light(s.side, s.warmth)
    body = add_person(s.look, coarse=_COARSE)
    things = {thing: _what(thing.name) for thing in _meshes()}
    blender.render(out / "person.png")
    cloth = _add_cloth(s, fallen, fallen.worn, product)
    for thing in things:
        thing.hide_render = thing.name.startswith(_hidden(s.pattern.kind))
    blender.render(out / "worn.png")
    _passes(out, "worn", things | {cloth: CLOTH})
    places = shot.project(np.array(list(body.joints.values())))
    return {
        name: [round(float(x), 2), round(float(y), 2)]
        for name, (x, y) in zip(body.joints, places, strict=True)
    }


def _hidden(kind: str) -> str:
    """The piece of the base layer that the garment takes the place of."""
    return "legs" if kind in ("trousers", "shorts") else "top"


def _what(name: str) -> int:
    if name.startswith("hair"):
        return HAIR
    if name.startswith(("head", "eye")):
        return HEAD
    if name.startswith(("top", "legs", "shoe")):
        return CLOTHES
    return NOTHING if name.startswith("backdrop") else BODY


def _meshes() -> list[Any]:
    bpy = blender.blender()
    return [o for o in bpy.context.scene.objects if o.type in ("MESH", "CURVES")]


def _light(side: float, warmth: float) -> None:
    """A key light from one side, a fill from the other, a rim; a grey paper sweep."""
    warm = (1.0, 1.0 - 0.10 * max(warmth, 0) - 0.04 * max(-warmth, 0), 1.0 - 0.22 * max(warmth, 0))
    cool = (1.0 - 0.12 * max(-warmth, 0), 1.0, 1.0)
    colour = tuple(a * b for a, b in zip(warm, cool, strict=True))
    blender.ambient(0.42)
    key, fill = (-2.2, 2.4) if side < 0 else (2.2, -2.4)
    strength = 70 + 50 * abs(side)
    blender.softbox(np.array([key, -3.0, 2.6]), np.array([0.0, 0.0, 1.1]), 1.8, strength, colour)  # type: ignore[arg-type]
    blender.softbox(np.array([fill, -2.5, 1.6]), np.array([0.0, 0.0, 1.0]), 2.0, 110 - strength * 0.7)
    blender.softbox(np.array([0.5, 1.5, 3.0]), np.array([0.0, 0.0, 1.3]), 1.2, 40.0)
    blender.backdrop((0.8, 0.8, 0.81))


def _add_dummy(s: Scene) -> Any:
    body = figure(s.mannequin, MANNEQUIN_STANCE)
    lower = s.pattern.kind in _LOWER
    clay = body.torso + body.legs if lower else body.torso + body.legs + body.arms
    top = 1.16 if lower else _NECK_TOP
    vertices, faces = mesh(sample(clay, (-0.6, -0.35, 0.0), (0.6, 0.35, top), 0.005))
    paint = blender.material("dummy", s.dummy, roughness=0.75 - s.gloss, specular=0.3 + 0.4 * s.gloss)
    return blender.add_mesh("dummy", vertices, faces, paint)


def _add_cloth(s: Scene, fallen: Fallen, points: Array, product: Shot) -> Any:
    """The garment at `points`; attributes carry where it lay as sewn and where the product photo shows it."""
    thing = blender.add_mesh("cloth", points, fallen.sewn.faces, _fabric(s))
    _attribute(thing, "sewn", fallen.sewn.points)
    seen = product.project(fallen.product) / (product.width, product.height)
    _attribute(thing, "seen", np.column_stack([seen, np.full(len(seen), CLOTH / 8)]))
    smooth = thing.modifiers.new("smooth", "SUBSURF")
    smooth.levels = smooth.render_levels = 1
    return thing


def _attribute(thing: Any, name: str, values: Array) -> None:
    layer = thing.data.attributes.new(name, "FLOAT_VECTOR", "POINT")
    layer.data.foreach_set("vector", np.asarray(values, np.float32).ravel())


def _fabric(s: Scene) -> Any:
    """Cloth with a print that is woven in: placed by the point as sewn, it goes where the cloth goes."""
    made = blender.material("cloth", s.cloth, roughness=s.roughness, specular=0.2, sheen=0.2, weave=0.3)
    if s.motif == "plain":
        return made
    nodes, links = made.node_tree.nodes, made.node_tree.links
    place = nodes.new("ShaderNodeAttribute")
    place.attribute_name = "sewn"
    pattern = _motif(nodes, s)
    # seen from the front, the print lies flat
    flat = nodes.new("ShaderNodeVectorMath")
    flat.operation, flat.inputs[1].default_value = "MULTIPLY", (1.0, 0.0, 1.0)
    links.new(place.outputs["Vector"], flat.inputs[0])
    links.new(flat.outputs[0], pattern.inputs["Vector"])
    step, mix = nodes.new("ShaderNodeMath"), nodes.new("ShaderNodeMix")
    step.operation, step.inputs[1].default_value = "GREATER_THAN", 0.25 if s.motif == "dots" else 0.6
    mix.data_type = "RGBA"
    links.new(pattern.outputs["Distance" if s.motif == "dots" else "Fac"], step.inputs[0])
    links.new(step.outputs[0], mix.inputs["Factor"])
    first, last = (s.second, s.cloth) if s.motif == "dots" else (s.cloth, s.second)
    mix.inputs["A"].default_value, mix.inputs["B"].default_value = (*first, 1.0), (*last, 1.0)
    links.new(mix.outputs["Result"], nodes["Principled BSDF"].inputs["Base Color"])
    return made


def _motif(nodes: Any, s: Scene) -> Any:
    if s.motif in ("stripes", "upright"):
        wave = nodes.new("ShaderNodeTexWave")
        wave.bands_direction = "Z" if s.motif == "stripes" else "X"
        wave.inputs["Scale"].default_value = s.scale / 3.2
        return wave
    if s.motif == "checks":
        checker = nodes.new("ShaderNodeTexChecker")
        checker.inputs["Scale"].default_value = s.scale
        return checker
    cells = nodes.new("ShaderNodeTexVoronoi")
    cells.inputs["Scale"].default_value, cells.inputs["Randomness"].default_value = s.scale * 1.3, 0.0
    return cells


def _passes(out: Path, name: str, what: dict[Any, int]) -> None:
    """Truth without light: soft parts, then one point a pixel in 16 bits."""
    scene = blender.blender().context.scene
    _lights_off(scene)
    scene.cycles.samples, scene.cycles.filter_width = 16, 1.0
    for thing, kind in what.items():
        soft = (float(kind == CLOTH), float(kind == HAIR), float(kind in (BODY, HEAD)))
        _repaint(thing, _glow(soft))
    blender.render(out / f"{name}_parts.png")
    scene.cycles.samples, scene.cycles.filter_width = 1, 0.01
    scene.render.image_settings.color_depth = "16"
    for thing, kind in what.items():
        _repaint(thing, _glow((0.0, 0.0, kind / 8)) if kind != CLOTH else _glow(attribute="seen"))
    blender.render(out / f"{name}_seen.png")
    for thing, kind in what.items():
        if kind == CLOTH:
            _repaint(thing, _glow(attribute="sewn", shift=_SHIFT, scale=0.5))
        else:
            _repaint(thing, _glow())
    blender.render(out / f"{name}_sewn.png")
    scene.render.image_settings.color_depth = "8"


def _lights_off(scene: Any) -> None:
    scene.view_settings.view_transform = "Raw"
    scene.cycles.use_denoising = False
    scene.cycles.pixel_filter_type = "BOX"
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.0
    for thing in scene.objects:
        if thing.type == "LIGHT" or thing.name.startswith("backdrop"):
            thing.hide_render = True


def _repaint(thing: Any, paint: Any) -> None:
    thing.data.materials.clear()
    thing.data.materials.append(paint)


def _glow(
    colour: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    attribute: str = "",
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0),
    scale: float = 1.0,
) -> Any:
    """A material that shows a colour, or an attribute as (value + shift) · scale, whatever the light."""
    made = blender.blender().data.materials.new("glow")
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    shine, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(shine.outputs[0], output.inputs["Surface"])
    shine.inputs["Color"].default_value = (*colour, 1.0)
    if attribute:
        place, move = nodes.new("ShaderNodeAttribute"), nodes.new("ShaderNodeVectorMath")
        place.attribute_name = attribute
        move.operation = "MULTIPLY_ADD"
        move.inputs[1].default_value = (scale,) * 3
        move.inputs[2].default_value = tuple(v * scale for v in shift)
        links.new(place.outputs["Vector"], move.inputs[0])
        links.new(move.outputs[0], shine.inputs["Color"])
    return made


def read_sewn(path: Path) -> Array:
    """(H, W, 3) metres: the point of the garment as sewn that each pixel shows; far away where none is."""
    return _read(path) / 65535 / 0.5 - np.array(_SHIFT)


def garment_mask(path: Path) -> NDArray[np.uint8]:
    """(H, W) coverage 0..255 of the garment in a `_parts.png`."""
    return _read(path)[..., 0].astype(np.uint8)


def _read(path: Path) -> Array:
    """(H, W, 3) red, green, blue as stored."""
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise UsageError(
            f"{path} is no picture.", advice="Remove its folder and run flixpose.studio.scenes again."
        )
    return stored[..., 2::-1].astype(np.float64)
