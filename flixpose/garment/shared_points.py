"""The landmarks that the net knows: shared between kinds, and named by the side of the photo.

A net cannot tell left from right by looking at a cloth's outline, only by knowing front from back. So its
points are named as on a front (the wearer's left is on the photo's right); on a back, names are exchanged
afterwards by the view alone, and a single heat map never has to choose between two sides.
"""

from collections.abc import Mapping
from typing import TypeVar

from flixpose.garment import kinds

_SEEN = (name for skeleton in kinds.KINDS.values() for name in skeleton.names)

POINTS: tuple[str, ...] = tuple(dict.fromkeys(_SEEN))
KIND_NAMES: tuple[str, ...] = tuple(kinds.KINDS)
INDEX: dict[str, int] = {name: row for row, name in enumerate(POINTS)}

Value = TypeVar("Value")


def mirror_name(name: str) -> str:
    """ "cuff_left_outer" → "cuff_right_outer"; a name without a side is its own mirror."""
    words = {"left": "right", "right": "left"}
    return "_".join(words.get(word, word) for word in name.split("_"))


MIRROR: tuple[int, ...] = tuple(INDEX[mirror_name(name)] for name in POINTS)


def as_seen(points: Mapping[str, Value], view: str) -> dict[str, Value]:
    """Between the wearer's names and the photo's; its own inverse."""
    if view != "back":
        return dict(points)
    return {mirror_name(name): value for name, value in points.items()}
