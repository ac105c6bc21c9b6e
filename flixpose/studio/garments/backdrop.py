"""What stands behind: white and grey paper, colours, gradients, black, floors, rooms full of things."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.garments.cloth import Pixels, colour

Rng = np.random.Generator


def backdrop(rng: Rng, width: int, height: int, *, clutter: float) -> tuple[Pixels, Pixels]:
    """(H, W, 3) sRGB and its dominant colour; `clutter` is how often it is a room."""
    pick = rng.random()
    if pick < 0.34:
        base = np.full(3, rng.uniform(0.985, 1.0))
    elif pick < 0.58:
        base = np.full(3, rng.uniform(0.90, 0.98)) + rng.normal(0, 0.004, 3)
    elif pick < 0.68:
        base = np.full(3, rng.uniform(0.25, 0.9)) + rng.normal(0, 0.02, 3)
    elif pick < 0.72:
        base = np.full(3, rng.uniform(0.0, 0.12))
    else:
        base = np.clip(colour(rng) * rng.uniform(0.5, 1.0) + rng.uniform(0, 0.4), 0, 1)
    base = np.clip(base, 0, 1).astype(np.float32)
    picture = np.ones((height, width, 1), np.float32) * base
    if pick > 0.5 and rng.random() < 0.6:
        picture *= _gradient(rng, width, height)[..., None]
    if rng.random() < clutter:
        picture = _room(rng, picture)
    elif rng.random() < 0.08:
        picture = _texture(rng, picture)
    return picture, base


def _gradient(rng: Rng, width: int, height: int) -> Pixels:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    if rng.random() < 0.5:
        field = -(np.square(x - rng.normal(0, 0.3)) + np.square(y - rng.normal(0, 0.3)))
    else:
        field = x * rng.normal(0, 0.7) + y * rng.normal(0, 1.0)
    return (1 + rng.uniform(0.02, 0.16) * field).astype(np.float32)


def _texture(rng: Rng, picture: Pixels) -> Pixels:
    """Planks, linen, concrete."""
    height, width = picture.shape[:2]
    noise = rng.standard_normal((height // 4 + 1, width // 4 + 1)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=rng.uniform(0.5, 6), sigmaY=rng.uniform(0.5, 6))
    noise = cv2.resize(noise / noise.std(), (width, height))
    picture = picture * (1 + rng.uniform(0.02, 0.07) * noise[..., None])
    if rng.random() < 0.5:
        pitch = int(rng.uniform(14, 60))
        for k in range(0, max(width, height), pitch):
            at = (slice(None), slice(k, k + 1)) if rng.random() < 0.98 else (slice(0, 1), slice(0, 1))
            picture[at] *= rng.uniform(0.6, 0.9)
    return np.clip(picture, 0, 1).astype(np.float32)


def _room(rng: Rng, picture: Pixels) -> Pixels:
    """A floor, panels, furniture, curtains: soft or sharp."""
    height, width = picture.shape[:2]
    scene = np.clip(picture * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.75:
        y = int(rng.uniform(0.62, 0.97) * height)
        cv2.rectangle(scene, (0, y), (width, height), _ink(rng), -1)
    for _ in range(int(rng.integers(2, 16))):
        _thing(scene, rng)
    soft = rng.choice([0.0, 0.8, 2.5, 5.0])
    if soft > 0:
        scene = cv2.GaussianBlur(scene, (0, 0), float(soft))
    return scene.astype(np.float32) / 255.0


def _ink(rng: Rng) -> tuple[float, float, float]:
    r, g, b = (float(v) * 255 for v in np.clip(colour(rng) * rng.uniform(0.5, 1.1), 0, 1))
    return r, g, b


def _thing(scene: NDArray[np.uint8], rng: Rng) -> None:
    height, width = scene.shape[:2]
    x, y = int(rng.uniform(-0.1, 1.0) * width), int(rng.uniform(-0.1, 1.0) * height)
    w, h = int(rng.uniform(0.03, 0.35) * width), int(rng.uniform(0.05, 0.9) * height)
    kind = int(rng.integers(7))
    if kind == 0:
        cv2.rectangle(scene, (x, y), (x + w, y + h), _ink(rng), -1)
        cv2.rectangle(scene, (x, y), (x + w, y + h), _ink(rng), 1)
    elif kind == 1:
        cv2.rectangle(scene, (x, y), (x + w, y + h), _ink(rng), int(rng.integers(1, 4)))
    elif kind == 2:
        cv2.ellipse(scene, (x, y), (w, max(2, h // 3)), float(rng.uniform(0, 180)), 0, 360, _ink(rng), -1, 16)
    elif kind == 3:
        ink = np.asarray(_ink(rng))
        for k in range(0, w, 3):
            tone = 0.75 + 0.25 * np.sin(k * 0.9)
            cv2.line(scene, (x + k, 0), (x + k, height), tuple(float(v) for v in ink * tone), 3)
    elif kind == 4:
        _turned(scene, rng)
    elif kind == 5:
        _panels(scene, rng)
    else:
        for _ in range(6):
            at = (x + int(rng.normal(0, 8)), y + int(rng.normal(0, 12)))
            cv2.circle(scene, at, int(rng.uniform(2, 9)), _ink(rng), -1, 16)


def _turned(scene: NDArray[np.uint8], rng: Rng) -> None:
    """A column, a vase, a statue on its foot: round, fluted or carved, pale as cloth, close to the middle."""
    height, width = scene.shape[:2]
    y0 = int(rng.uniform(-0.1, 0.7) * height)
    y1 = min(y0 + int(rng.uniform(0.25, 1.0) * height), height)
    y0 = max(y0, 0)
    if y1 - y0 < 8:
        return
    y = np.linspace(0, 1, y1 - y0, dtype=np.float32)
    knots = rng.uniform(0.45, 1.0, int(rng.integers(3, 12))).astype(np.float32)
    steps = np.floor(y * len(knots)).clip(0, len(knots) - 1).astype(int)
    profile = knots[steps] if rng.random() < 0.4 else np.interp(y, np.linspace(0, 1, len(knots)), knots)
    half = rng.uniform(0.04, 0.16) * width * profile.astype(np.float32)
    middle = width * (0.5 + rng.choice([-1, 1]) * rng.uniform(0.1, 0.5))
    across = (np.arange(width, dtype=np.float32)[None, :] + 0.5 - middle) / np.maximum(half, 2)[:, None]
    inside = np.abs(across) < 1
    angle = np.arcsin(np.clip(across, -1, 1))
    light = rng.uniform(0.35, 0.7) + 0.45 * np.cos(angle - rng.uniform(-0.7, 0.7))
    light *= 1 + rng.uniform(0, 0.2) * np.sin(angle * rng.integers(5, 14))
    if rng.random() < 0.6:
        light *= 1 + rng.uniform(0.05, 0.25) * _carving(rng, y1 - y0, width)
    ink = np.asarray(_ink(rng)) if rng.random() < 0.4 else np.full(3, 255.0) * rng.uniform(0.6, 1.0)
    shown = np.clip(light[..., None] * ink, 0, 255)
    scene[y0:y1][inside] = shown[inside].astype(np.uint8)


def _carving(rng: Rng, height: int, width: int) -> Pixels:
    """(height, width) relief, 0 on average and about 1 in spread."""
    coarse = rng.standard_normal((height // 3 + 1, width // 3 + 1)).astype(np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), float(rng.uniform(0.6, 2.5)))
    relief = np.asarray(cv2.resize(coarse, (width, height)), np.float32)
    return relief / float(relief.std() + 1e-6)


def _panels(scene: NDArray[np.uint8], rng: Rng) -> None:
    """Mouldings on a wall: frames with a light and a dark edge."""
    height, width = scene.shape[:2]
    count, thick = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    top, low = int(rng.uniform(-0.1, 0.5) * height), int(rng.uniform(0.55, 1.1) * height)
    for k in range(count):
        x0, x1 = (int((k + edge) / count * width) for edge in (0.12, 0.88))
        for shift, tone in ((0, 255.0 * rng.uniform(0.8, 1)), (thick, 255.0 * rng.uniform(0.3, 0.8))):
            box = (x0 + shift, top + shift), (x1 + shift, low + shift)
            cv2.rectangle(scene, *box, (tone, tone, tone), thick)
