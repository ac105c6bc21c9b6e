"""A tailor's dummy under a drawn garment: its neck with the wooden cap, and its pole."""

import numpy as np

from flixpose.studio.canvas import Canvas, Colour, Pixels, barrel, bulge, shade
from flixpose.studio.curves import Points, joined, mirrored, smooth
from flixpose.studio.patterns import Top

_LINEN: Colour = (0.88, 0.85, 0.79)
_WOOD: Colour = (0.50, 0.34, 0.21)


def draw_mannequin(canvas: Canvas, top: Top) -> None:
    """Draw what a garment on a dummy leaves to be seen; the garment goes over it afterwards."""
    low = top.hem[1]
    _post(canvas, 1.3, low - 6.0, low + 60.0, _WOOD, gloss=0.2)
    _neck(canvas, top)


def _neck(canvas: Canvas, top: Top) -> None:
    neck = top.neck * 0.76
    side = smooth([(neck * 0.90, -9.5), (neck * 0.90, -5.5), (neck * 1.04, -1.5), (top.neck * 1.25, 2.5)])
    below = np.array([(top.neck * 1.2, 9.0), (0.0, top.neck_front + 8)])
    _cloth(canvas, joined(side, below, mirrored(joined(side, below))), side, (0.0, 0.62))
    t = np.linspace(0, 2 * np.pi, 60)
    rim = np.stack([neck * 0.92 * np.cos(t), -9.3 + 1.15 * np.sin(t)], axis=1)
    lid = rim - (0.0, 0.7)
    for shape, tone in ((rim, 0.62), (lid, 1.0)):
        region = canvas.region(shape)
        grain = 1 + 0.04 * np.sin(
            canvas.rows / canvas.scale * 9 + np.sin(canvas.columns / canvas.scale * 1.5)
        )
        _lay(canvas, region, _WOOD, (tone * grain).astype(np.float32))
    _post(canvas, 0.75, -12.2, -10.0, _WOOD, gloss=0.3)
    knob = canvas.region(np.stack([1.25 * np.cos(t), -12.6 + 1.25 * np.sin(t)], axis=1))
    _lay(canvas, knob, _WOOD, shade(canvas, bulge(canvas, knob, 1.2), gloss=0.4))


def _cloth(canvas: Canvas, outline: Points, side: Points, form: tuple[float, float]) -> None:
    region = canvas.region(outline)
    x, y = canvas.x, canvas.y
    height = form[0] + barrel(y, x, (side[:, ::-1], side[:, ::-1] * (1.0, -1.0)), form[1])
    weave = 1 + 0.012 * np.sin(x * 26) * np.sin(y * 26)
    _lay(canvas, region, _LINEN, (shade(canvas, height) * weave).astype(np.float32))
    canvas.darken(
        0.22 * canvas.blur(canvas.strokes([np.array([(0.0, -9.5), (0.0, 200.0)])], 0.14), 0.08) * region
    )


def _post(canvas: Canvas, half: float, y0: float, y1: float, colour: Colour, gloss: float) -> None:
    region = canvas.region(np.array([(-half, y0), (half, y0), (half, y1), (-half, y1)]))
    x, y = canvas.x, canvas.y
    ends = np.array([(y0, half), (y1, half)])
    light = shade(canvas, barrel(y, x, (ends, ends * (1.0, -1.0)), 0.9), gloss=gloss)
    _lay(canvas, region, colour, light)


def _lay(canvas: Canvas, region: Pixels, colour: Colour, light: Pixels) -> None:
    canvas.lay(region, np.asarray(colour, np.float32) * light[..., None], shadow=0.25, garment=False)
