"""Trousers and shorts in the drawn studio."""

import numpy as np

from flixpose.studio.canvas import Canvas, Pixels, barrel, bulge, shade, wrinkles
from flixpose.studio.curves import bow, joined, line, offset
from flixpose.studio.design import Design
from flixpose.studio.patterns import Legs


def draw_legs(canvas: Canvas, design: Design, legs: Legs, rng: np.random.Generator) -> None:
    """Draw trousers or shorts: back of the waist, front, seams, pockets, loops, button."""
    region = canvas.region(legs.outline())
    canvas.cast_shadow(region)
    _draw_back_waist(canvas, design, legs, rng)
    x, y = canvas.x, canvas.y
    height = _leg_barrels(legs, x, y) + design.folds * _leg_folds(canvas, legs, rng, x, y)
    light = shade(canvas, height, gloss=design.gloss)
    canvas.lay(region, design.fabric(canvas, rng, y) * light[..., None], shadow=0.2)
    _finish_legs(canvas, legs, region)


def _draw_back_waist(canvas: Canvas, design: Design, legs: Legs, rng: np.random.Generator) -> None:
    t = np.linspace(-1, 1, 41)
    back = np.stack([legs.waist * 0.985 * t, -1.0 * (1 - t**2)], axis=1)
    front = np.stack([legs.waist * t[::-1], 1.2 * (1 - t**2)], axis=1)
    y = canvas.y
    canvas.lay(canvas.region(joined(back, front)), design.fabric(canvas, rng, y) * 0.58, shadow=0.0)


def _leg_barrels(legs: Legs, x: Pixels, y: Pixels) -> Pixels:
    """One tube for the hips that turns into one for each leg."""
    side, inseam = legs.side()[:, ::-1], legs.inseam()[:, ::-1]
    hips = barrel(y, x, (side, side * (1.0, -1.0)), 0.42)
    left, right = (barrel(y, x, (side * (1.0, k), inseam * (1.0, k)), 0.55) for k in (1.0, -1.0))
    share = np.clip((y - legs.crotch * 0.62) / (legs.crotch * 0.5), 0, 1)
    share = share * share * (3 - 2 * share)
    return hips * (1 - share) + np.where(x > 0, left, right) * share


def _leg_folds(canvas: Canvas, legs: Legs, rng: np.random.Generator, x: Pixels, y: Pixels) -> Pixels:
    fork = np.exp(-(((y - legs.crotch) / 9) ** 2))
    spread = np.where(x > 0, wrinkles(canvas, rng, -58, 3.0, 15.0), wrinkles(canvas, rng, 58, 3.0, 15.0))
    length = legs.outer[1]
    knee = np.exp(-(((y - length * 0.56) / (length * 0.10)) ** 2))
    ankle = np.exp(-(((y - length * 0.95) / (length * 0.08)) ** 2))
    total = 1.3 * fork * spread + 0.8 * (knee + ankle) * wrinkles(canvas, rng, 80, 3.4, 12.0)
    middle = (legs.outer[0] + legs.inner[0]) / 2
    centre = np.interp(y, (0, length), (legs.waist * 0.55, middle))
    crease = np.exp(-(((np.abs(x) - centre) / 0.55) ** 2)) * np.clip((y - legs.crotch * 0.9) / 10, 0, 1)
    return (total + 0.6 * wrinkles(canvas, rng, 3, 5.0, 40.0) + 0.2 * crease).astype(np.float32)


def _finish_legs(canvas: Canvas, legs: Legs, region: Pixels) -> None:
    t = np.linspace(-1, 1, 61)
    band = np.stack([legs.waist * 1.1 * t, legs.band + 0.9 * (1 - t**2)], axis=1)
    canvas.seam(band, depth=0.4, within=region)
    canvas.seam(np.array([(0.0, 0.8), (0.0, legs.crotch)]), depth=0.32, within=region)
    fly = joined(
        line((3.4, legs.band + 0.8), (3.3, legs.crotch * 0.56)),
        bow((3.3, legs.crotch * 0.56), (0.2, legs.crotch * 0.80), -0.22),
    )
    canvas.stitches(fly, within=region)
    for flip in ((1.0, 1.0), (-1.0, 1.0)):
        pocket = (
            bow((legs.waist * 0.66, legs.band + 0.5), (legs.hip[0] * 0.985, legs.band + 13.0), -0.05) * flip
        )
        canvas.seam(pocket, depth=0.42, within=region)
        canvas.stitches(pocket - (0.7 * flip[0], 0.0), within=region)
        canvas.seam(offset(legs.side()[30:], 1.0 * flip[0]) * flip, depth=0.10, within=region)
        for x in (legs.waist * 0.42, legs.waist * 0.88):
            loop = np.array(
                [(x - 0.55, 0.1), (x + 0.55, 0.1), (x + 0.55, legs.band + 1.1), (x - 0.55, legs.band + 1.1)]
            )
            shape = canvas.region(loop * flip)
            canvas.lay(shape, canvas.rgb * 1.04, shadow=0.4)
        end = bow(legs.outer, legs.inner, -0.012, 20) * flip
        canvas.stitches(end - (0.0, 3.0), within=region)
    _waist_button(canvas, legs)


def _waist_button(canvas: Canvas, legs: Legs) -> None:
    t = np.linspace(0, 2 * np.pi, 40)
    disc = canvas.region(np.stack([np.cos(t) * 0.9 + 0.9, np.sin(t) * 0.9 + legs.band * 0.72], axis=1))
    light = shade(canvas, bulge(canvas, disc, 0.6), relief=0.8, gloss=0.3)
    canvas.lay(disc, np.asarray((0.32, 0.24, 0.17), np.float32) * light[..., None], shadow=0.5)
