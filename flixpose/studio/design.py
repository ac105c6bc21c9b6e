"""What is to be drawn: a pattern, its cloth and how it is photographed."""

from dataclasses import dataclass

from flixpose.studio.canvas import Colour
from flixpose.studio.patterns import Legs, Top
from flixpose.studio.prints import Fabric


@dataclass(frozen=True)
class Design:
    """A garment to draw.

    Attributes:
        fabric: what is on the cloth. trim: colour of collar, cuffs and hem bands; None = as the cloth.
        words: lettering of the printed emblem; empty = no print. buttons: colour; None = none.
        folds: 0 = ironed, 1 = as worn. background: sRGB 0..1. mannequin: whether its neck and stand show.
        fill: share of the photo's height (or width, where that binds) that the garment takes.
    """

    kind: str
    pattern: Top | Legs
    fabric: Fabric
    trim: Colour | None = None
    words: str = ""
    ink: tuple[Colour, Colour] = ((0.95, 0.93, 0.88), (0.95, 0.62, 0.30))
    buttons: Colour | None = None
    folds: float = 0.6
    gloss: float = 0.0
    background: Colour = (0.955, 0.955, 0.955)
    mannequin: bool = False
    fill: float = 0.84
    knit: float = 0.0
