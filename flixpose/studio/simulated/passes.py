"""Truth without light: emission passes tell, at every pixel, what is seen there and which point of the cloth.

They are rendered from the same meshes as the pictures, so nothing has to be aligned.
"""

from enum import IntEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import UsageError
from flixpose.studio import blender
from flixpose.studio.solid import Array

_SHIFT = (0.7, 0.5, 0.05)
_STEPS = 16


class Label(IntEnum):
    """What a pixel of a `_labels.png` shows."""

    NOTHING = 0
    GARMENT = 1
    HAIR = 2
    HEAD = 3
    NECK = 4
    TRUNK = 5
    LEFT_ARM = 6
    RIGHT_ARM = 7
    LEFT_HAND = 8
    RIGHT_HAND = 9
    LEGS = 10
    BASE_TOP = 11
    BASE_BOTTOM = 12
    SHOES = 13
    MANNEQUIN = 14
    STAND = 15


_SKIN = frozenset(label for label in Label if Label.HEAD <= label <= Label.LEGS)


def set_labels(thing: Any, labels: NDArray[np.uint8]) -> None:
    """Tell what each face of a mesh shows; (F,) labels."""
    layer = thing.data.attributes.new("label", "FLOAT_VECTOR", "FACE")
    values = np.zeros((len(labels), 3), np.float32)
    values[:, 2] = labels / _STEPS
    layer.data.foreach_set("vector", values.ravel())


def label_pass(out: Path, name: str, what: dict[Any, Label | None]) -> None:
    """Write `<name>_labels.png` alone: for a picture without the garment."""
    _dark()
    _labels(out, name, what)


def passes(out: Path, name: str, what: dict[Any, Label | None]) -> None:
    """Write `_parts`, `_labels` and `_sewn` pictures of the stage, and `_seen` of a worn garment.

    Args:
        what: thing → its label; None = told face by face (see `set_labels`).
    """
    scene = _dark()
    scene.cycles.samples, scene.cycles.filter_width = 9, 1.0
    for thing, label in what.items():
        skin = label is None or label in _SKIN
        soft = (float(label == Label.GARMENT), float(label == Label.HAIR), float(skin))
        _repaint(thing, _glow(soft))
    blender.render(out / f"{name}_parts.png")
    _labels(out, name, what)
    scene.render.image_settings.color_depth = "16"
    if name == "worn":
        for thing, label in what.items():
            _repaint(thing, _glow(attribute="seen") if label == Label.GARMENT else _glow())
        blender.render(out / f"{name}_seen.png")
    for thing, label in what.items():
        sewn = _glow(attribute="sewn", shift=_SHIFT, scale=0.5)
        _repaint(thing, sewn if label == Label.GARMENT else _glow())
    blender.render(out / f"{name}_sewn.png")
    scene.render.image_settings.color_depth = "8"


def _labels(out: Path, name: str, what: dict[Any, Label | None]) -> None:
    scene = blender.blender().context.scene
    scene.cycles.samples, scene.cycles.filter_width = 1, 0.01
    scene.render.image_settings.color_depth = "16"
    for thing, label in what.items():
        told = _glow(attribute="label") if label is None else _glow((0.0, 0.0, label / _STEPS))
        _repaint(thing, told)
    path = out / f"{name}_labels.png"
    blender.render(path)
    scene.render.image_settings.color_depth = "8"
    shown = np.round(read(path)[..., 2] / 65535 * _STEPS).astype(np.uint8)
    cv2.imwrite(str(path), shown)


def _dark() -> Any:
    """Lights, backdrop and denoiser off."""
    scene = blender.blender().context.scene
    scene.view_settings.view_transform = "Raw"
    scene.cycles.use_denoising = False
    scene.cycles.pixel_filter_type = "BOX"
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.0
    for thing in scene.objects:
        if thing.type == "LIGHT" or thing.name.startswith("backdrop"):
            thing.hide_render = True
    return scene


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
    return read(path) / 65535 / 0.5 - np.array(_SHIFT)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """(H, W) `Label` of each pixel."""
    stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if stored is None:
        raise _no_picture(path)
    return np.asarray(stored, np.uint8)


def garment_mask(path: Path) -> NDArray[np.uint8]:
    """(H, W) coverage 0..255 of the garment in a `_parts.png`."""
    return read(path)[..., 0].astype(np.uint8)


def read(path: Path) -> Array:
    """(H, W, 3) red, green, blue as stored.

    Raises:
        UsageError: the file is missing or no picture.
    """
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise _no_picture(path)
    return stored[..., 2::-1].astype(np.float64)


def _no_picture(path: Path) -> UsageError:
    return UsageError(
        f"{path} is no picture.", advice="Remove its folder and run flixpose.studio.scenes again."
    )
