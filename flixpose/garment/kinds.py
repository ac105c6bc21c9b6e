"""The 13 kinds of garment and the landmarks of each, by name.

Left and right are the wearer's. The kinds are DeepFashion2's (Ge et al., 2019); the core landmarks are fewer
than theirs and keep to points that a person can place by eye on a product photo:

- `neck_left`, `neck_right`: outer edge of the neck opening on the shoulder line; slings: top of the strap.
- `neck_front`, `neck_back`: lowest centre of the front neckline; centre of the back neckline's top edge.
- `shoulder_*`: tip where the shoulder turns into the sleeve; sleeveless: outer end of the strap.
- `armpit_*`: visible fork of the outline between sleeve and body; sleeveless: kink at the armhole's foot.
- `cuff_*_outer`, `cuff_*_inner`: the two corners of a sleeve's or a leg's end.
- `hem_*`, `waist_*`, `crotch`: corners and centre of the lower edge; the narrowest place of a long garment or
  the upper edge of a skirt or trousers; where the legs part.

`KINDS` holds these core landmarks. `OUTLINED` adds, in DeepFashion2's manner, points spaced evenly between
them (`sleeve_left_outer_1`, ...); `flixpose.garment.between` finds those from the mask and the landmarks.
"""

from itertools import pairwise
from typing import NamedTuple

from flixpose.errors import UnknownKind
from flixpose.structures.keypoints import Skeleton

_NECK = ("neck_left", "neck_right", "neck_front", "neck_back")
_SHOULDERS = ("shoulder_left", "shoulder_right")
_ARMPITS = ("armpit_left", "armpit_right")
_CUFFS = ("cuff_left_outer", "cuff_left_inner", "cuff_right_outer", "cuff_right_inner")
_WAIST = ("waist_left", "waist_right")
_HEM = ("hem_left", "hem_right", "hem_center")

_SLEEVED = _NECK + _SHOULDERS + _ARMPITS + _CUFFS + _HEM
_SLEEVELESS = _NECK + _SHOULDERS + _ARMPITS + _HEM
_SLEEVED_LONG = _NECK + _SHOULDERS + _ARMPITS + _CUFFS + _WAIST + _HEM
_SLEEVELESS_LONG = _NECK + _SHOULDERS + _ARMPITS + _WAIST + _HEM
_LEGS = (*_WAIST, "crotch", *_CUFFS)
_SKIRT = _WAIST + _HEM

# Every edge that any kind draws; a kind keeps those whose two ends it has.
_EDGES = (
    ("neck_left", "neck_back"),
    ("neck_back", "neck_right"),
    ("neck_left", "neck_front"),
    ("neck_front", "neck_right"),
    ("neck_left", "shoulder_left"),
    ("neck_right", "shoulder_right"),
    ("shoulder_left", "cuff_left_outer"),
    ("shoulder_right", "cuff_right_outer"),
    ("cuff_left_outer", "cuff_left_inner"),
    ("cuff_right_outer", "cuff_right_inner"),
    ("cuff_left_inner", "armpit_left"),
    ("cuff_right_inner", "armpit_right"),
    ("armpit_left", "waist_left"),
    ("armpit_right", "waist_right"),
    ("waist_left", "hem_left"),
    ("waist_right", "hem_right"),
    ("hem_left", "hem_center"),
    ("hem_center", "hem_right"),
)
_EDGES_OF_SLEEVELESS = (("shoulder_left", "armpit_left"), ("shoulder_right", "armpit_right"))
_EDGES_WITHOUT_WAIST = (("armpit_left", "hem_left"), ("armpit_right", "hem_right"))
_EDGES_OF_LEGS = (
    ("waist_left", "waist_right"),
    ("waist_left", "cuff_left_outer"),
    ("waist_right", "cuff_right_outer"),
    ("cuff_left_inner", "crotch"),
    ("cuff_right_inner", "crotch"),
)
_EDGES_OF_SKIRT = (("waist_left", "waist_right"),)


class Stretch(NamedTuple):
    """A piece of outline between two core landmarks, and how many points are spaced on it."""

    start: str
    end: str
    name: str
    points: int


def _sides(start: str, end: str, name: str, points: int) -> tuple[Stretch, Stretch]:
    left, right = (
        (start.replace("*", s), end.replace("*", s), name.replace("*", s)) for s in ("left", "right")
    )
    return Stretch(*left, points), Stretch(*right, points)


# Every stretch that any kind has; a kind keeps those that are among its edges.
STRETCHES = (
    *_sides("neck_*", "neck_front", "neckline_*", 2),
    *_sides("neck_*", "neck_back", "nape_*", 1),
    *_sides("neck_*", "shoulder_*", "ridge_*", 1),
    *_sides("shoulder_*", "armpit_*", "armhole_*", 2),
    *_sides("shoulder_*", "cuff_*_outer", "sleeve_*_outer", 3),
    *_sides("armpit_*", "cuff_*_inner", "sleeve_*_inner", 2),
    *_sides("armpit_*", "hem_*", "side_*", 3),
    *_sides("armpit_*", "waist_*", "bodice_*", 1),
    *_sides("waist_*", "hem_*", "skirt_*", 3),
    *_sides("hem_*", "hem_center", "hemline_*", 1),
    *_sides("waist_*", "cuff_*_outer", "leg_*_outer", 4),
    *_sides("crotch", "cuff_*_inner", "leg_*_inner", 3),
    Stretch("waist_left", "waist_right", "waistband", 1),
)

# OKS constants: how far careful people differ in placing the point, relative to the root of the garment's
# area (COCO's own for bodies lie between 0.025 and 0.107).
_SIGMA = {
    "neck": 0.020,
    "shoulder": 0.035,
    "armpit": 0.035,
    "cuff": 0.025,
    "waist": 0.030,
    "crotch": 0.030,
    "hem": 0.025,
}
# A point between landmarks may slide along its edge.
_SIGMA_BETWEEN = 0.05


def _skeleton(kind: str, names: tuple[str, ...], more_edges: tuple[tuple[str, str], ...]) -> Skeleton:
    have = set(names)
    edges = tuple(edge for edge in _EDGES + more_edges if have.issuperset(edge))
    mirror = tuple((n, n.replace("_left", "_right")) for n in names if "_left" in n)
    sigmas = {name: _SIGMA[name.split("_")[0]] for name in names}
    return Skeleton(kind, names, edges, mirror, sigmas)


_BARE = _EDGES_OF_SLEEVELESS

KINDS: dict[str, Skeleton] = {
    "short_sleeve_top": _skeleton("short_sleeve_top", _SLEEVED, _EDGES_WITHOUT_WAIST),
    "long_sleeve_top": _skeleton("long_sleeve_top", _SLEEVED, _EDGES_WITHOUT_WAIST),
    "short_sleeve_outwear": _skeleton("short_sleeve_outwear", _SLEEVED, _EDGES_WITHOUT_WAIST),
    "long_sleeve_outwear": _skeleton("long_sleeve_outwear", _SLEEVED, _EDGES_WITHOUT_WAIST),
    "vest": _skeleton("vest", _SLEEVELESS, _BARE + _EDGES_WITHOUT_WAIST),
    "sling": _skeleton("sling", _SLEEVELESS, _BARE + _EDGES_WITHOUT_WAIST),
    "shorts": _skeleton("shorts", _LEGS, _EDGES_OF_LEGS),
    "trousers": _skeleton("trousers", _LEGS, _EDGES_OF_LEGS),
    "skirt": _skeleton("skirt", _SKIRT, _EDGES_OF_SKIRT),
    "short_sleeve_dress": _skeleton("short_sleeve_dress", _SLEEVED_LONG, ()),
    "long_sleeve_dress": _skeleton("long_sleeve_dress", _SLEEVED_LONG, ()),
    "vest_dress": _skeleton("vest_dress", _SLEEVELESS_LONG, _BARE),
    "sling_dress": _skeleton("sling_dress", _SLEEVELESS_LONG, _BARE),
}


def skeleton(kind: str) -> Skeleton:
    """The kind's core landmarks. Raises UnknownKind."""
    if kind not in KINDS:
        raise UnknownKind(f"{kind!r} is not a garment kind; the 13 are {', '.join(KINDS)}.", subject=kind)
    return KINDS[kind]


def stretches(kind: str) -> tuple[Stretch, ...]:
    """The pieces of outline that carry points between the kind's core landmarks. Raises UnknownKind."""
    edges = {frozenset(edge) for edge in skeleton(kind).edges}
    return tuple(stretch for stretch in STRETCHES if frozenset(stretch[:2]) in edges)


def _outlined(core: Skeleton) -> Skeleton:
    names, edges, sigmas = list(core.names), {frozenset(edge): edge for edge in core.edges}, dict(core.sigmas)
    chains: list[tuple[str, str]] = []
    for start, end, name, points in stretches(core.name):
        between = [f"{name}_{k}" for k in range(1, points + 1)]
        names += between
        sigmas |= dict.fromkeys(between, _SIGMA_BETWEEN)
        chains += list(pairwise([start, *between, end]))
        edges.pop(frozenset((start, end)))
    mirror = tuple((n, n.replace("_left", "_right")) for n in names if "_left" in n)
    return Skeleton(f"{core.name}_outlined", tuple(names), (*edges.values(), *chains), mirror, sigmas)


OUTLINED: dict[str, Skeleton] = {kind: _outlined(core) for kind, core in KINDS.items()}

LEGGED = frozenset({"shorts", "trousers"})
LOWER = LEGGED | {"skirt"}
FULL = frozenset(kind for kind in KINDS if kind.endswith("_dress"))
SLEEVED = frozenset(kind for kind in KINDS if "_sleeve_" in kind)


def group(kind: str) -> str:
    """Which part of the body it dresses: "upper", "lower" or "full". Raises UnknownKind."""
    skeleton(kind)
    if kind in LOWER:
        return "lower"
    return "full" if kind in FULL else "upper"


def is_dress(kind: str) -> bool:
    """Whether it hangs from the shoulders and covers the thighs."""
    return group(kind) == "full"


def has_sleeves(kind: str) -> bool:
    """Whether it has sleeves, and so sleeve cuffs."""
    skeleton(kind)
    return kind in SLEEVED


def has_legs(kind: str) -> bool:
    """Whether it has two legs, and so leg cuffs and a crotch."""
    skeleton(kind)
    return kind in LEGGED
