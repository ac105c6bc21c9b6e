"""Tops and dresses in the drawn studio."""

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.canvas import Canvas, Colour, Pixels, barrel, bulge, shade, wrinkles
from flixpose.studio.curves import Points, bow, joined, line, mirrored
from flixpose.studio.design import Design
from flixpose.studio.mannequin import draw_mannequin
from flixpose.studio.patterns import Top
from flixpose.studio.prints import emblem, put_print


def draw_top(canvas: Canvas, design: Design, top: Top, rng: np.random.Generator) -> None:
    """Draw a top or a dress: inner back, sleeves, front, bands, seams, print, buttons."""
    whole = canvas.region(top.torso())
    if top.sleeve is not None:
        for sleeve in (top.sleeve_outline(), mirrored(top.sleeve_outline())):
            whole = np.maximum(whole, canvas.region(sleeve))
    canvas.cast_shadow(whole)
    if design.mannequin:
        draw_mannequin(canvas, top)
    _draw_inner_back(canvas, design, top, rng)
    if top.sleeve is not None:
        for side in (1.0, -1.0):
            _draw_sleeve(canvas, design, top, side, rng)
    light = _draw_front(canvas, design, top, rng)
    _draw_neck_band(canvas, design, top, rng)
    if design.words:
        art = emblem(900, *design.ink, design.words)
        put_print(canvas, art, (0.0, top.neck_front + 15.5), 25.0, light)
    if design.buttons is not None:
        _draw_buttons(canvas, top, design.buttons)


def _draw_inner_back(canvas: Canvas, design: Design, top: Top, rng: np.random.Generator) -> None:
    inside = canvas.region(joined(top.back_neckline(), top.neckline(0.6)))
    x, y = canvas.x, canvas.y
    cloth = design.fabric(canvas, rng, y)
    depth = np.clip((y - top.neck_back) / max(top.neck_front - top.neck_back, 1.0), 0, 1)
    tone = 0.66 - 0.16 * depth + 0.05 * x / top.neck
    canvas.lay(inside, cloth * tone[..., None], shadow=0.0)
    band = canvas.region(joined(top.back_neckline(), top.back_neckline(top.collar)[::-1]))
    trim = cloth if design.trim is None else np.broadcast_to(np.asarray(design.trim, np.float32), cloth.shape)
    canvas.lay(band * inside, trim * 0.80 * _ribs(canvas, top)[..., None], shadow=0.25)
    _draw_label(canvas, top, inside)


def _draw_label(canvas: Canvas, top: Top, inside: Pixels) -> None:
    y0 = top.neck_back + top.collar + 0.5
    label = canvas.region(np.array([(-2.1, y0), (2.1, y0), (2.05, y0 + 2.2), (-2.05, y0 + 2.2)])) * inside
    canvas.lay(label, np.full_like(canvas.rgb, 0.90), shadow=0.25)
    lines = [line((-1.3, y0 + 0.8 + 0.6 * n), (1.3 - 0.6 * n, y0 + 0.8 + 0.6 * n), 2) for n in range(2)]
    ink = canvas.strokes(lines, 0.22) * label * np.float32(0.7)
    canvas.paint(ink, (0.25, 0.25, 0.27))


def _ribs(canvas: Canvas, top: Top) -> Pixels:
    """Fine ribs that run out from the neck's centre."""
    x, y = canvas.x, canvas.y
    angle = np.arctan2(y + 2.0, x)
    return 0.96 + 0.05 * np.sin(angle * top.neck * 7.5).astype(np.float32)


def _draw_sleeve(canvas: Canvas, design: Design, top: Top, side: float, rng: np.random.Generator) -> None:
    sleeve = top.sleeve
    if sleeve is None:
        return
    flip = np.array([side, 1.0])
    region = canvas.region(top.sleeve_outline() * flip)
    root = (np.asarray(top.shoulder) + top.armpit) / 2
    end = (np.asarray(sleeve.outer) + sleeve.inner) / 2
    axis = (end - root) / np.linalg.norm(end - root) * flip
    x, y = canvas.x, canvas.y
    along = (x - root[0] * side) * axis[0] + (y - root[1]) * axis[1]
    across = -(x - root[0] * side) * axis[1] + (y - root[1]) * axis[0]
    length = float(np.linalg.norm(end - root))
    sideways = np.array([-axis[1], axis[0]])
    edges = [(line - root) * flip for line in top.sleeve_lines(sleeve)]
    over, under = (np.stack([line @ axis, line @ sideways], axis=1) for line in edges)
    height = barrel(along, across, (over, under), 0.6)
    lean = np.rad2deg(np.arctan2(axis[0], axis[1]))
    creases = (
        wrinkles(canvas, rng, -lean + 62 * side, 3.6, 13.0) * 0.6
        + wrinkles(canvas, rng, -lean, 3.2, 16.0) * 0.4
    )
    height = height + design.folds * 1.2 * creases * (0.55 + 0.45 * np.cos(along / length * 2 * np.pi))
    bent = along + 0.012 * across**2 * np.sign(length)
    light = shade(canvas, height, gloss=design.gloss) * (1.0 - 0.05 * (side > 0))
    canvas.lay(region, design.fabric(canvas, rng, bent) * light[..., None], shadow=0.30)
    _finish_cuff(canvas, design, top, side, region, light)


def _finish_cuff(
    canvas: Canvas, design: Design, top: Top, side: float, region: Pixels, light: Pixels
) -> None:
    sleeve = top.sleeve
    if sleeve is None:
        return
    flip = np.array([side, 1.0])
    end = bow(sleeve.outer, sleeve.inner, -0.03, 20)
    upper = np.array([sleeve.outer, sleeve.inner]).mean(axis=0) - (np.asarray(top.shoulder) + top.armpit) / 2
    back = upper / np.linalg.norm(upper)
    if sleeve.band <= 0:
        for gap in (1.9, 2.3):
            canvas.stitches((end - back * gap) * flip, within=region)
        return
    beyond = end + (end - end.mean(axis=0)) * 0.3
    band = canvas.region(joined(beyond * flip, ((beyond - back * sleeve.band)[::-1]) * flip)) * region
    _draw_band(canvas, design, band, light, (end - back * sleeve.band) * flip, back * flip, sleeve.ribbed)


def _draw_band(
    canvas: Canvas,
    design: Design,
    band: Pixels,
    light: Pixels,
    seam: Points,
    run: NDArray[np.float64],
    ribbed: bool,
) -> None:
    """A cuff or hem band: its colour, ribs that run along `run`, and the seam that joins it."""
    x, y = canvas.x, canvas.y
    ribs = np.sin((-x * run[1] + y * run[0]) * 7.5) if ribbed else np.zeros_like(x)
    if design.trim is not None:
        trim = np.asarray(design.trim, np.float32) * (light * 0.97)[..., None]
        canvas.rgb += (trim - canvas.rgb) * band[..., None]
    canvas.darken(band * (0.05 + 0.06 * ribs))
    canvas.seam(seam, depth=0.30, within=canvas.mask)


def _draw_front(canvas: Canvas, design: Design, top: Top, rng: np.random.Generator) -> Pixels:
    region = canvas.region(top.torso())
    x, y = canvas.x, canvas.y
    height = _trunk(top, x, y) + design.folds * _torso_folds(canvas, top, rng, x, y)
    light = shade(canvas, height, gloss=design.gloss)
    sag = y - top.hem_drop * np.clip(1 - (x / top.armpit[0]) ** 2, -1, 1)
    cloth = design.fabric(canvas, rng, sag)
    if design.knit > 0:
        light = light * (1 + design.knit * np.sin(x * 9.0) * np.clip(np.sin(y * 12.0), -0.3, 1)).astype(
            np.float32
        )
    canvas.lay(region, cloth * light[..., None], shadow=0.42 if top.sleeve is not None else 0.2)
    _finish_edges(canvas, design, top, region, light)
    return light


def _trunk(top: Top, x: Pixels, y: Pixels) -> Pixels:
    """The front as a tube, and the shoulders' slope above it."""
    side = joined(np.array([(top.armpit[0] * 0.88, 0.0)]), top.side())[:, ::-1]
    tube = barrel(y, x, (side, side * (1.0, -1.0)), 0.42)
    return tube - 0.9 * np.clip((top.armpit[1] * 0.55 - y) / 10, 0, None).astype(np.float32) ** 1.5


def _torso_folds(canvas: Canvas, top: Top, rng: np.random.Generator, x: Pixels, y: Pixels) -> Pixels:
    """Creases: diagonal from the armpits, soft drapes that grow towards the hem, a little everywhere."""
    low = np.clip((y - top.armpit[1]) / (top.hem[1] - top.armpit[1]), 0, 1)
    near_arm = np.exp(-(((y - top.armpit[1] - 4) / 13) ** 2)) * np.clip(np.abs(x) / top.armpit[0], 0, 1)
    left, right = wrinkles(canvas, rng, 40, 3.8, 17.0), wrinkles(canvas, rng, -40, 3.8, 17.0)
    total = 1.5 * near_arm * np.where(x > 0, left, right) + 0.55 * wrinkles(canvas, rng, 0, 8.0, 13.0)
    total += 1.25 * low * wrinkles(canvas, rng, 4, 4.6, 40.0) + 0.4 * low * wrinkles(
        canvas, rng, 70, 4.0, 14.0
    )
    if top.waist_seam > 0:
        skirt = np.clip((y - top.waist_seam) / 6, 0, 1)
        fan = x / np.maximum(1.0, 0.55 * (y - top.waist_seam) / 20 + 1.0)
        total += skirt * (1.5 * np.sin(fan * 0.92 + 0.8) + 0.9 * np.sin(fan * 1.63 + 2.1)) * (0.5 + low)
        total += 0.5 * np.exp(-(((y - top.waist_seam) / 3.5) ** 2)) * wrinkles(canvas, rng, 0, 1.3, 6.0)
    return total.astype(np.float32)


def _finish_edges(canvas: Canvas, design: Design, top: Top, region: Pixels, light: Pixels) -> None:
    armhole = top.armhole()
    for flip in ((1.0, 1.0), (-1.0, 1.0)):
        if top.sleeve is not None:
            canvas.seam(armhole * flip, depth=0.30, within=region)
        else:
            inner = (armhole - (1.1, 0.0)) * flip
            canvas.seam(inner, depth=0.24, within=region)
            canvas.stitches((armhole - (1.5, 0.0)) * flip, within=region)
    if top.waist_seam > 0:
        across = np.stack([np.linspace(-40, 40, 81), np.full(81, top.waist_seam)], axis=1)
        canvas.seam(across, depth=0.4, within=region)
    hem = top.hemline()
    if top.hem_band > 0:
        band = canvas.region(joined(hem, hem[::-1] - (0.0, top.hem_band))) * region
        _draw_band(canvas, design, band, light, hem - (0.0, top.hem_band), np.array([0.0, 1.0]), True)
    else:
        for gap in (2.0, 2.4):
            canvas.stitches(hem - (0.0, gap), within=region)


def _draw_neck_band(canvas: Canvas, design: Design, top: Top, rng: np.random.Generator) -> None:
    """The front half of the collar, and the button band of a garment that opens."""
    edge = joined(top.neckline(), top.neckline(top.collar)[::-1])
    region = canvas.region(edge)
    if top.open_front > 0:
        f, low = top.open_front, top.hem[1] + top.hem_drop
        region = np.maximum(
            region, canvas.region(np.array([(-f, top.neck_front), (f, top.neck_front), (f, low), (-f, low)]))
        )
    region = region * np.maximum(canvas.mask, canvas.region(top.torso()))
    height = bulge(canvas, region, 1.3)
    light = shade(canvas, height, relief=0.55) * _ribs(canvas, top)
    y = canvas.y
    colour = design.fabric(canvas, rng, y) if design.trim is None else np.asarray(design.trim, np.float32)
    canvas.lay(region, colour * light[..., None], shadow=0.35)
    if top.open_front <= 0:
        canvas.stitches(top.neckline(top.collar + 0.55), depth=0.20, within=canvas.mask)
    else:
        canvas.seam(np.array([(top.open_front, top.neck_front + 3), (top.open_front, top.hem[1])]), depth=0.3)


def _draw_buttons(canvas: Canvas, top: Top, colour: Colour) -> None:
    rows = np.linspace(top.neck_front + 3.0, top.hem[1] - 3.0, 6)
    for y in rows:
        t = np.linspace(0, 2 * np.pi, 40)
        ring = np.stack([np.cos(t), np.sin(t)], axis=1)
        disc = canvas.region(ring * 0.98 + (0.0, y))
        height = bulge(canvas, disc, 0.4) - 0.6 * canvas.region(ring * 0.62 + (0.0, y))
        light = shade(canvas, canvas.blur(height, 0.08), relief=0.8, gloss=0.35)
        canvas.lay(disc, np.asarray(colour, np.float32) * light[..., None], shadow=0.5)
        holes = [
            np.array([(dx - 0.02, y + dy), (dx + 0.02, y + dy)])
            for dx in (-0.25, 0.25)
            for dy in (-0.25, 0.25)
        ]
        canvas.darken(0.7 * canvas.strokes(holes, 0.24))
