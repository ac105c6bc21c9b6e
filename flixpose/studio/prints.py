"""What is on the cloth: plain, heather, stripes, dots, leaves, and the house's own emblem with lettering."""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from flixpose.studio.canvas import Canvas, Colour, Pixels

Fabric = Callable[[Canvas, np.random.Generator, Pixels], Pixels]


def plain(colour: Colour, grain: float = 0.02) -> Fabric:
    """One colour with the yarn's grain."""

    def paint(canvas: Canvas, rng: np.random.Generator, bent: Pixels) -> Pixels:
        noise = rng.normal(0.0, grain, (canvas.height // 2, canvas.width // 2)).astype(np.float32)
        noise = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 0.8), (canvas.width, canvas.height))
        return np.asarray(colour, np.float32) * (1 + noise[..., None])

    return paint


def heather(colour: Colour, amount: float = 0.16) -> Fabric:
    """Mottled yarn, as grey marl has it."""
    base = plain(colour)

    def paint(canvas: Canvas, rng: np.random.Generator, bent: Pixels) -> Pixels:
        noise = rng.normal(0.0, 1.0, (canvas.height // 2, canvas.width // 2)).astype(np.float32)
        streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=2.6, sigmaY=0.7)
        streaks = cv2.resize(streaks / streaks.std(), (canvas.width, canvas.height))
        return base(canvas, rng, bent) * (1 + amount * 0.45 * streaks[..., None])

    return paint


def stripes(ground: Colour, stripe: Colour, *, pitch: float, share: float) -> Fabric:
    """Stripes across the part; `bent` (units down the part, following its shape) carries them."""
    cloth = plain(ground)

    def paint(canvas: Canvas, rng: np.random.Generator, bent: Pixels) -> Pixels:
        phase = np.mod(bent / pitch, 1.0)
        edge = 0.06 / pitch
        inside = np.clip((share / 2 - np.abs(phase - 0.5)) / edge + 0.5, 0, 1)[..., None]
        tone = np.asarray(stripe, np.float32) / np.asarray(ground, np.float32)
        return cloth(canvas, rng, bent) * (1 + (tone - 1) * inside)

    return paint


def leaves(ground: Colour, inks: tuple[Colour, ...], *, pitch: float = 5.2) -> Fabric:
    """Scattered sprigs of leaves with small flowers, as printed on dresses."""
    cloth = plain(ground)

    def paint(canvas: Canvas, rng: np.random.Generator, bent: Pixels) -> Pixels:
        colour = cloth(canvas, rng, bent)
        layers = [np.zeros((canvas.height, canvas.width), np.uint8) for _ in inks]
        step = pitch * canvas.scale
        for row in range(int(canvas.height / step) + 2):
            for column in range(int(canvas.width / step) + 2):
                centre = np.array([column + 0.5 * (row % 2), row]) * step + rng.normal(0, 0.13 * step, 2)
                _sprig(layers, centre, rng.uniform(0, 2 * np.pi), step * rng.uniform(0.8, 1.1), rng)
        for layer, ink in zip(layers, inks, strict=True):
            colour += (np.asarray(ink, np.float32) - colour) * (layer.astype(np.float32) / 255)[..., None]
        return colour

    return paint


def _sprig(layers: list, centre: np.ndarray, angle: float, size: float, rng: np.random.Generator) -> None:
    direction = np.array([np.cos(angle), np.sin(angle)])
    for n in range(5):
        side = -1 if n % 2 else 1
        turn = angle + side * 0.9
        at = centre + direction * size * (-0.30 + 0.13 * n)
        middle = at + np.array([np.cos(turn), np.sin(turn)]) * size * 0.13
        axes = (int(size * 0.125), int(size * 0.05))
        cv2.ellipse(layers[0], _pixel(middle), axes, np.rad2deg(turn), 0, 360, 255, -1, cv2.LINE_AA)
    tail, tip = centre - direction * size * 0.34, centre + direction * size * 0.30
    cv2.line(layers[0], _pixel(tail), _pixel(tip), 255, max(2, int(size * 0.025)), cv2.LINE_AA)
    flower = layers[1 + int(rng.integers(len(layers) - 1))]
    for petal in range(5):
        turn = angle + petal * 2 * np.pi / 5
        at = tip + np.array([np.cos(turn), np.sin(turn)]) * size * 0.09
        cv2.circle(flower, _pixel(at), int(size * 0.072), 255, -1, cv2.LINE_AA)
    cv2.circle(layers[0], _pixel(tip), int(size * 0.045), 255, -1, cv2.LINE_AA)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def emblem(size: int, ink: Colour, second: Colour, words: str) -> Pixels:
    """(size, size, 4) float32 RGBA: a sun over waves, with lettering below; the project's own drawing."""
    picture = Image.new("RGBA", (size, size), (*(int(c * 255) for c in ink), 0))
    pen = ImageDraw.Draw(picture)
    one, two = ((*(int(c * 255) for c in colour), 255) for colour in (ink, second))
    middle, radius = size * 0.5, size * 0.27
    top = size * 0.36
    pen.pieslice((middle - radius, top - radius, middle + radius, top + radius), 180, 360, fill=two)
    for n in range(5):
        y = top + size * (0.025 + 0.058 * n)
        wide = radius * (1.32 - 0.17 * n)
        xs = np.linspace(-wide, wide, 80)
        wave = [(middle + x, y + size * 0.013 * np.sin(x / size * 46 + n * 1.9)) for x in xs]
        pen.line(wave, fill=one, width=int(size * (0.026 - 0.002 * n)), joint="curve")
    font = ImageFont.load_default(size * 0.135)
    left, _, right, _ = pen.textbbox((0, 0), words, font=font)
    pen.text((middle - (right - left) / 2, size * 0.70), words, font=font, fill=one)
    return np.asarray(picture, np.float32) / 255.0


def put_print(canvas: Canvas, art: Pixels, centre: tuple[float, float], width: float, light: Pixels) -> None:
    """Lay an RGBA print on the canvas, `width` units wide, shaded like the cloth below by `light`."""
    at = canvas.place(np.array([centre]))[0]
    pixels = int(width * canvas.scale)
    art = cv2.resize(art, (pixels, pixels), interpolation=cv2.INTER_AREA)
    x, y = int(at[0] - pixels / 2), int(at[1] - pixels / 2)
    window = (slice(y, y + pixels), slice(x, x + pixels))
    ink = art[..., :3] * light[window][..., None]
    canvas.rgb[window] += (ink - canvas.rgb[window]) * (0.94 * art[..., 3:])
