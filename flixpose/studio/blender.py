"""The stage: a Blender scene with backdrop, softboxes and camera, rendered headless by Cycles.

Only here is `bpy` imported, inside the functions, so that the rest of the studio works without it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import UsageError
from flixpose.studio.solid import Array

Colour = tuple[float, float, float]

_SIGNATURE = 8


@dataclass(frozen=True)
class Shot:
    """What the camera sees.

    Attributes:
        width, height: pixels. centre_z, view_height: metres of the scene seen from the camera's axis.
        distance: metres to the subject. samples: light paths per pixel, before denoising.
    """

    width: int = 1000
    height: int = 1400
    centre_z: float = 0.86
    view_height: float = 1.95
    distance: float = 6.0
    samples: int = 48

    def project(self, points: Array) -> Array:
        """(N, 2) pixels of (N, 3) metres, in the house's frame (first pixel's centre at 0.5, 0.5)."""
        depth = (points[:, 1] + self.distance) / self.distance
        scale = self.height / self.view_height
        x = self.width / 2 + points[:, 0] / depth * scale
        y = self.height / 2 - (points[:, 2] - self.centre_z) / depth * scale
        return np.stack([x, y], axis=1)


def blender() -> Any:
    """The `bpy` module.

    Raises:
        UsageError: the optional extra is not installed.
    """
    try:
        import bpy
    except ImportError as failure:
        raise UsageError(
            "Figures are rendered by Blender, which is not installed here.",
            advice="With Python 3.11: pip install 'flixpose[studio]' && pip install --no-deps bpy==4.5.15.",
        ) from failure
    return bpy


def new_scene(shot: Shot, *, seed: int = 0, threads: int = 1) -> Any:
    """An empty scene with the camera and the renderer set up."""
    bpy = blender()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.seed = shot.samples, seed
    scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
    scene.cycles.max_bounces, scene.cycles.use_adaptive_sampling = 6, False
    scene.render.resolution_x, scene.render.resolution_y = shot.width, shot.height
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    _camera(bpy, scene, shot)
    return scene


def _camera(bpy: Any, scene: Any, shot: Shot) -> None:
    lens = bpy.data.cameras.new("camera")
    lens.sensor_fit, lens.sensor_height = "VERTICAL", 24.0
    lens.lens = lens.sensor_height * shot.distance / shot.view_height
    holder = bpy.data.objects.new("camera", lens)
    holder.location = (0.0, -shot.distance, shot.centre_z)
    holder.rotation_euler = (np.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(holder)
    scene.camera = holder


def softbox(at: Array, aim: Array, size: float, watts: float, colour: Colour = (1.0, 1.0, 1.0)) -> None:
    """A square area light at `at`, facing `aim` (metres)."""
    import mathutils

    bpy = blender()
    light = bpy.data.lights.new("softbox", "AREA")
    light.size, light.energy, light.color = size, watts, colour
    holder = bpy.data.objects.new("softbox", light)
    holder.location = tuple(at)
    direction = mathutils.Vector(tuple(np.asarray(aim) - np.asarray(at)))
    holder.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(holder)


def ambient(strength: float, colour: Colour = (1.0, 1.0, 1.0)) -> None:
    """Even light from everywhere."""
    bpy = blender()
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (*colour, 1.0)
    background.inputs["Strength"].default_value = strength


def add_mesh(
    name: str, vertices: Array, faces: NDArray[np.int64], material: Any, colours: Array | None = None
) -> Any:
    """A smooth-shaded mesh; `colours` (V, 3) linear RGB become the attribute "tint"."""
    bpy = blender()
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(vertices).tolist(), [], np.asarray(faces).tolist())
    mesh.shade_smooth()
    if colours is not None:
        layer = mesh.color_attributes.new("tint", "FLOAT_COLOR", "POINT")
        layer.data.foreach_set(
            "color", np.column_stack([colours, np.ones(len(colours))]).astype(np.float32).ravel()
        )
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def add_strands(name: str, strands: Array, radii: Array, material: Any) -> Any:
    """Hair: (S, P, 3) metres of S strands, (S, P) radii."""
    bpy = blender()
    curves = bpy.data.hair_curves.new(name)
    count, points = strands.shape[:2]
    curves.add_curves([points] * count)
    curves.attributes["position"].data.foreach_set("vector", strands.astype(np.float32).ravel())
    layer = curves.attributes.get("radius") or curves.attributes.new("radius", "FLOAT", "POINT")
    layer.data.foreach_set("value", radii.astype(np.float32).ravel())
    curves.materials.append(material)
    thing = bpy.data.objects.new(name, curves)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def material(
    name: str,
    colour: Colour = (0.8, 0.8, 0.8),
    *,
    tinted: bool = False,
    roughness: float = 0.6,
    specular: float = 0.4,
    sheen: float = 0.0,
    subsurface: float = 0.0,
    subsurface_radius: float = 0.012,
    weave: float = 0.0,
) -> Any:
    """A principled surface; `tinted` takes its colour from the mesh's "tint"; `weave` bumps it finely."""
    made = blender().data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    surface = nodes["Principled BSDF"]
    values = {"Roughness": roughness, "Specular IOR Level": specular, "Sheen Weight": sheen}
    values |= {"Subsurface Weight": subsurface, "Subsurface Scale": subsurface_radius}
    for slot, value in values.items():
        surface.inputs[slot].default_value = value
    surface.inputs["Subsurface Radius"].default_value = (1.0, 0.35, 0.2)
    surface.inputs["Base Color"].default_value = (*colour, 1.0)
    if tinted:
        tint = nodes.new("ShaderNodeVertexColor")
        tint.layer_name = "tint"
        links.new(tint.outputs["Color"], surface.inputs["Base Color"])
    if weave > 0:
        _weave(nodes, links, surface, weave)
    return made


def _weave(nodes: Any, links: Any, surface: Any, strength: float) -> None:
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 900.0
    place = nodes.new("ShaderNodeTexCoord")
    bump = nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = strength, 0.001
    links.new(place.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs["Fac"], bump.inputs["Height"])
    links.new(bump.outputs["Normal"], surface.inputs["Normal"])


def hair_material(melanin: float, redness: float) -> Any:
    """Hair by its pigment: melanin 0 = white … 1 = black."""
    made = blender().data.materials.new("hair")
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    shader, output = nodes.new("ShaderNodeBsdfHairPrincipled"), nodes.new("ShaderNodeOutputMaterial")
    shader.parametrization = "MELANIN"
    values = {"Melanin": melanin, "Melanin Redness": redness, "Roughness": 0.35, "Radial Roughness": 0.4}
    values |= {"Random Color": 0.25, "Random Roughness": 0.2}
    for slot, value in values.items():
        shader.inputs[slot].default_value = value
    links.new(shader.outputs[0], output.inputs["Surface"])
    return made


def backdrop(colour: Colour, back: float = 1.6) -> None:
    """A paper sweep: floor, a wide bend, wall."""
    bend, wide, front = 1.2, 8.0, -7.0
    angles = np.linspace(0, np.pi / 2, 24)
    y = np.concatenate([[front], back + bend * np.sin(angles), [back + bend]])
    z = np.concatenate([[0.0], bend * (1 - np.cos(angles)), [6.0]])
    profile = np.stack([y, z], axis=1)
    vertices = np.concatenate([np.insert(profile, 0, x, axis=1) for x in (-wide, wide)])
    n = len(profile)
    faces = np.array([(i, i + 1, n + i + 1, n + i) for i in range(n - 1)])
    add_mesh("backdrop", vertices, faces, material("paper", colour, roughness=0.9, specular=0.1))


def render(path: Path) -> None:
    """Write the picture as PNG (`path` ends in .png)."""
    bpy = blender()
    bpy.context.scene.render.filepath = str(path)
    with _quiet():
        bpy.ops.render.render(write_still=True)
    path.write_bytes(bare_png(path.read_bytes()))


def bare_png(data: bytes) -> bytes:
    """A PNG without notes such as the hour of its making, so that the same picture is the same bytes."""
    kept, at = [data[:_SIGNATURE]], _SIGNATURE
    while at < len(data):
        end = at + int.from_bytes(data[at : at + 4], "big") + 12
        if data[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from standard output what Blender writes there about its progress, past Python's own stream."""
    sys.stdout.flush()
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)
