"""What a garment is made of: its weave, a print that goes where the cloth goes, ribs and buttons."""

from typing import Any

from flixpose.studio import blender
from flixpose.studio.simulated.scene import Scene
from flixpose.studio.simulated.signs import Stroke, signs

_RIB = 0.016
_BUTTON_EVERY, _BUTTON = 0.085, 0.0065


def fabric(s: Scene) -> Any:
    """The material; it reads the cloth's attributes "sewn" (metres) and "rim" (x: metres to the edge)."""
    made = blender.material("cloth", s.cloth, roughness=s.roughness, specular=0.2, sheen=0.2, weave=0.3)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    place = nodes.new("ShaderNodeAttribute")
    place.attribute_name = "sewn"
    colour = None
    if s.motif != "plain":
        colour = _printed(s, nodes, links, place)
    if s.trim != "none":
        colour = _mixed(nodes, links, colour, s.cloth, _rib(nodes, links), _trim_colour(s))
    if s.buttoned:
        for where, tone in _placket(nodes, links, place):
            colour = _mixed(nodes, links, colour, s.cloth, where, tuple(c * tone for c in s.cloth))
    for stroke in signs(s.pattern, s.seed) if s.signed else ():
        darker = tuple(c * stroke.tone for c in s.cloth)
        colour = _mixed(nodes, links, colour, s.cloth, _stroke(nodes, links, place, stroke), darker)
    if s.open:
        inside = nodes.new("ShaderNodeNewGeometry").outputs["Backfacing"]
        colour = _mixed(nodes, links, colour, s.cloth, inside, s.second)
    if colour is not None:
        links.new(colour, nodes["Principled BSDF"].inputs["Base Color"])
    return made


def _trim_colour(s: Scene) -> tuple[float, ...]:
    return s.second if s.trim == "contrast" else tuple(c * 0.82 for c in s.cloth)


def _mixed(nodes: Any, links: Any, under: Any, plain: Any, where: Any, over: Any) -> Any:
    mix = nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    links.new(where, mix.inputs["Factor"])
    # a mix node has one pair of inputs per type; 6 and 7 are the colours
    first, second = mix.inputs[6], mix.inputs[7]
    first.default_value, second.default_value = (*plain, 1.0), (*over, 1.0)
    if under is not None:
        links.new(under, first)
    return mix.outputs[2]


def _math(nodes: Any, links: Any, what: str, first: Any, second: float) -> Any:
    made = nodes.new("ShaderNodeMath")
    made.operation = what
    links.new(first, made.inputs[0])
    made.inputs[1].default_value = second
    return made.outputs[0]


def _rib(nodes: Any, links: Any) -> Any:
    """1 within a rib's width of an edge."""
    edge, axes = nodes.new("ShaderNodeAttribute"), nodes.new("ShaderNodeSeparateXYZ")
    edge.attribute_name = "rim"
    links.new(edge.outputs["Vector"], axes.inputs[0])
    return _math(nodes, links, "LESS_THAN", axes.outputs["X"], _RIB)


def _placket(nodes: Any, links: Any, place: Any) -> list[tuple[Any, float]]:
    """Where a button band's edge and its buttons are, and their tones."""
    axes = nodes.new("ShaderNodeSeparateXYZ")
    links.new(place.outputs["Vector"], axes.inputs[0])
    front = _math(nodes, links, "LESS_THAN", axes.outputs["Y"], 0.0)

    def both(one: Any, other: Any) -> Any:
        made = nodes.new("ShaderNodeMath")
        made.operation = "MULTIPLY"
        links.new(one, made.inputs[0])
        links.new(other, made.inputs[1])
        return made.outputs[0]

    aside = _math(nodes, links, "ABSOLUTE", _math(nodes, links, "SUBTRACT", axes.outputs["X"], 0.016), 0.0)
    edge = both(front, _math(nodes, links, "LESS_THAN", aside, 0.0016))
    up = _math(nodes, links, "PINGPONG", axes.outputs["Z"], _BUTTON_EVERY / 2)
    square = _math(nodes, links, "POWER", up, 2.0)
    across = _math(nodes, links, "POWER", _math(nodes, links, "ABSOLUTE", axes.outputs["X"], 0.0), 2.0)
    total = nodes.new("ShaderNodeMath")
    links.new(square, total.inputs[0])
    links.new(across, total.inputs[1])
    button = both(front, _math(nodes, links, "LESS_THAN", total.outputs[0], _BUTTON**2))
    return [(edge, 0.45), (button, 0.25)]


def _stroke(nodes: Any, links: Any, place: Any, stroke: Stroke) -> Any:
    """1 where a stroke covers the cloth; the nodes say what `Stroke.covers` says."""
    axes = nodes.new("ShaderNodeSeparateXYZ")
    links.new(place.outputs["Vector"], axes.inputs[0])
    down = _math(nodes, links, "SUBTRACT", axes.outputs["Z"], stroke.z)
    shift = _math(nodes, links, "SUBTRACT", _math(nodes, links, "MULTIPLY", down, -stroke.slope), -stroke.x)
    across = nodes.new("ShaderNodeMath")
    across.operation = "SUBTRACT"
    links.new(_math(nodes, links, "ABSOLUTE", axes.outputs["X"], 0.0), across.inputs[0])
    links.new(shift, across.inputs[1])
    aside = _math(nodes, links, "ABSOLUTE", across.outputs[0], 0.0)
    found = _math(nodes, links, "LESS_THAN", aside, stroke.half)
    side = "GREATER_THAN" if stroke.back else "LESS_THAN"
    for test in (
        _math(nodes, links, side, axes.outputs["Y"], 0.0),
        _math(nodes, links, "LESS_THAN", axes.outputs["Z"], stroke.z),
        _math(nodes, links, "GREATER_THAN", axes.outputs["Z"], stroke.low_z),
    ):
        both = nodes.new("ShaderNodeMath")
        both.operation = "MULTIPLY"
        links.new(found, both.inputs[0])
        links.new(test, both.inputs[1])
        found = both.outputs[0]
    return found


def _printed(s: Scene, nodes: Any, links: Any, place: Any) -> Any:
    pattern = _motif(nodes, s)
    # seen from the front, the print lies flat
    flat = nodes.new("ShaderNodeVectorMath")
    flat.operation, flat.inputs[1].default_value = "MULTIPLY", (1.0, 0.0, 1.0)
    links.new(place.outputs["Vector"], flat.inputs[0])
    links.new(flat.outputs[0], pattern.inputs["Vector"])
    dots = s.motif == "dots"
    where = _math(
        nodes, links, "GREATER_THAN", pattern.outputs["Distance" if dots else "Fac"], 0.25 if dots else 0.6
    )
    first, last = (s.second, s.cloth) if dots else (s.cloth, s.second)
    return _mixed(nodes, links, None, first, where, last)


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
