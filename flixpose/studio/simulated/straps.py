"""Tops of a sling's straps: one landmark per side, as on drawn slings and as people annotate photos."""

from flixpose.studio.body import SIDES
from flixpose.studio.simulated.landmarks import Marks


def strap_tops(marks: Marks) -> Marks:
    """A sling's landmarks with each strap's end told once.

    The cloth knows its two corners, the neckline's and the armhole's. What a thin strap shows is its top:
    `neck`, half-way between them, hidden where either is. There is no `shoulder` then.
    """
    told = dict(marks)
    for name, _side in SIDES:
        inner, outer = told.get(f"neck_{name}"), told.pop(f"shoulder_{name}", None)
        if inner and outer:
            x, y = ((a + b) / 2 for a, b in zip(inner[:2], outer[:2], strict=True))
            told[f"neck_{name}"] = [round(x, 2), round(y, 2), min(inner[2], outer[2])]
    return told
