"""The sheet that plans are painted on: fast, in the photo's own resolution, with exact soft outlines.

Colours are sRGB floats in 0..1. Outlines are filled three times finer than the sheet and averaged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.curves import Points, dashes
from flixpose.studio.garments.cloth import Paint, planes
from flixpose.studio.garments.plan import Line, Part, Plan, Print, Step

Pixels = NDArray[np.float32]
Window = tuple[slice, slice]

_FINE = 3
_LIMB = 7.0  # units: how far in from its outline a body is round
_SHIFT = 4
_PAD = 10


@dataclass(frozen=True, eq=False)
class Placement:
    """Units → pixels: a waviness, a turn of the body, then a projective map.

    Attributes:
        matrix: (3, 3). scale: pixels per unit, about. wave: (4,) phases. sway: units.
        turn: units that the centre moves sideways as the body turns. lean: shear. half: the half-width.
        slant: how much lower the left of a hem hangs. belly: how far one side bulges, as in a half profile.
    """

    matrix: NDArray[np.float64]
    scale: float
    wave: NDArray[np.float64]
    sway: float = 0.2
    turn: float = 0.0
    lean: float = 0.0
    half: float = 26.0
    slant: float = 0.0
    belly: float = 0.0

    def bend(self, points: Points) -> Points:
        """(N, 2) units of the garment as it lies before the camera sees it."""
        x, y = points[:, 0], points[:, 1]
        a, b, c, d = self.wave
        dx = self.sway * (np.sin(y * 0.11 + a) + 0.5 * np.sin(y * 0.29 + x * 0.06 + b))
        dy = self.sway * (np.sin(x * 0.10 + c) + 0.4 * np.sin(x * 0.25 + y * 0.05 + d))
        dx += self.turn * np.maximum(1 - (x / self.half) ** 2, -0.3) + self.lean * y
        dx += (
            self.belly * np.exp(-(((y - 46) / 15) ** 2)) * np.maximum(x / self.half * np.sign(self.belly), 0)
        )
        dy += self.slant * (x / self.half) * np.maximum(y / 60, 0) ** 2
        bent = np.empty_like(points)
        bent[:, 0], bent[:, 1] = x + dx, y + dy
        return bent

    def pixels(self, points: Points) -> Points:
        """(N, 2) pixels of (N, 2) units."""
        p = self.bend(points)
        q = p @ self.matrix[:, :2].T + self.matrix[:, 2]
        return q[:, :2] / q[:, 2:]


@cache
def fold_maps() -> list[Pixels]:
    """Light on creased cloth, 0 on average and about 1 in spread, 256×256 and tiling; vertical ones first."""
    rng = np.random.default_rng(77)
    maps = []
    for along, across in ((26, 3), (40, 5), (14, 3.5), (30, 8), (9, 4), (6, 6), (12, 9), (4, 3)):
        for sharp in (False, True):
            noise = rng.standard_normal((256, 256)).astype(np.float32)
            rows, columns = np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None, :]
            low = np.exp(-2 * np.pi**2 * ((along * rows) ** 2 + (across * columns) ** 2))
            height = np.fft.ifft2(np.fft.fft2(noise) * low).real
            height /= height.std()
            if sharp:
                height = -np.sqrt(np.abs(height) + 0.05)
            light = np.gradient(height, axis=1) + 0.5 * np.gradient(height, axis=0)
            light = np.clip(light / light.std(), -2.5, 2.5)
            maps.append(light.astype(np.float32))
    return maps


class Sheet:
    """What is painted on.

    Attributes:
        rgb: (3, H, W) float32. cover: (H, W) float32, the garment's share of each pixel.
        solid: the same of everything but the background. ground: the bare background where holes need it.
        regions: coverage of named parts. creases: strength of folds. side: light from the left (1) or
            right (-1). ambient: light that comes from everywhere.
    """

    def __init__(
        self, rgb: Pixels, place: Placement, paints: Mapping[str, Paint], rng: np.random.Generator
    ) -> None:
        self.rgb, self.place, self.paints, self.rng = rgb, place, paints, rng
        self.ground: Pixels | None = None
        self.height, self.width = rgb.shape[1:]
        self.cover: Pixels = np.zeros((self.height, self.width), np.float32)
        self.solid: Pixels = np.zeros((self.height, self.width), np.float32)
        self.regions: dict[str, Pixels] = {}
        self.scale = place.scale
        self.grain = float(np.sqrt(256 / max(self.height, self.width)))
        self.creases, self.side, self.ambient = 1.0, 1.0, 0.6

    def draw(self, plan: Plan) -> None:
        """Paint every step in order."""
        if any(isinstance(step, Part) and step.hole for step in plan.steps):
            self.ground = self.rgb.copy()
        for solid, steps in groupby(plan.steps, _body_of):
            if solid:
                self.body([step for step in steps if isinstance(step, Part)])
                continue
            for step in steps:
                self._step(step)

    def _step(self, step: Step) -> None:
        if isinstance(step, Part):
            self.part(step)
        elif isinstance(step, Line):
            self.line(step)
        else:
            self.print(step)

    def body(self, parts: list[Part]) -> None:
        """Lay parts of one body on top: their surfaces run into one another."""
        window = self.window(np.concatenate([self.place.pixels(part.outline) for part in parts]))
        areas = [self.area(part.outline, window)[0] for part in parts]
        region = np.maximum.reduce(areas)
        paint = self.paints[parts[0].paint]
        tone = np.ones_like(region)
        for part, own in zip(parts, areas, strict=True):
            tone += (np.float32(part.tone) - tone) * own
        light = self._roundness(region, paint) * _blur(tone, max(0.6 * self.scale, 0.5))
        colour = paint.sample(window, 0.0, self.grain) * light
        if paint.gloss > 0:
            colour = colour + paint.gloss * np.maximum(light - 1, 0)
        self._contact_shadow(region, window, parts[0].shadow)
        self._blend(window, colour, region * np.float32(paint.alpha))
        self._count(region, window, garment=False)

    def area(self, outline: Points, window: Window | None = None) -> tuple[Pixels, Window]:
        """Coverage of a closed outline in the window around it."""
        at = self.place.pixels(outline)
        if window is None:
            window = self.window(at)
        y0, x0 = window[0].start, window[1].start
        h, w = window[0].stop - y0, window[1].stop - x0
        fine = np.zeros((h * _FINE, w * _FINE), np.uint8)
        fixed = np.round((((at - (x0, y0)) * _FINE) - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(fine, [fixed], 255, cv2.LINE_8, _SHIFT)
        return cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0, window

    def window(self, at: Points) -> Window:
        """Slices around pixels, padded, at least 4×4 and inside the sheet."""
        (left, top), (right, bottom) = at.min(axis=0), at.max(axis=0)
        x0 = min(max(int(left) - _PAD, 0), self.width - 4)
        y0 = min(max(int(top) - _PAD, 0), self.height - 4)
        x1 = min(max(int(right) + _PAD + 1, x0 + 4), self.width)
        y1 = min(max(int(bottom) + _PAD + 1, y0 + 4), self.height)
        return slice(y0, y1), slice(x0, x1)

    def part(self, part: Part) -> None:
        """Lay a part on top."""
        region, window = self.area(part.outline)
        if part.within:
            if part.within not in self.regions:
                return
            region = region * self.regions[part.within][window]
        if part.name:
            whole = np.zeros((self.height, self.width), np.float32)
            whole[window] = region
            known = self.regions.get(part.name)
            self.regions[part.name] = whole if known is None else np.maximum(known, whole)
        if part.hole:
            self._cut(region, window)
            return
        paint = self.paints[part.paint]
        light = self._light(part, region, paint) * np.float32(part.tone)
        colour = paint.sample(window, part.axis, self.grain) * light
        if paint.gloss > 0:
            colour += paint.gloss * np.maximum(light - 1, 0)
        if part.shadow > 0:
            self._contact_shadow(region, window, part.shadow)
        self._blend(window, colour, region * np.float32(part.alpha * paint.alpha))
        self._count(region, window, garment=part.garment)

    def _cut(self, region: Pixels, window: Window) -> None:
        if self.ground is not None:
            self._blend(window, self.ground[:, *window], region)
        self.cover[window] *= 1 - region
        self.solid[window] *= 1 - region

    def _light(self, part: Part, region: Pixels, paint: Paint) -> Pixels:
        h, w = region.shape
        reach = max(1.2, 0.10 * min(h, w))
        soft = _blur(region, reach)
        edge = np.minimum(2 - 2 * soft, 1)
        light = 1 - np.float32(0.30 * part.bulge * paint.depth) * (edge * edge)
        lit = np.float32(part.bulge * 0.28 * reach * self.side)
        light[:, :-1] += lit * (soft[:, 1:] - soft[:, :-1])
        light[:-1] += np.float32(0.6) * lit * (soft[1:] - soft[:-1])
        if part.folds > 0 and self.creases > 0:
            light += self._creases(part, h, w) * np.float32(0.05 * part.folds * self.creases * paint.crease)
        return light

    def _roundness(self, region: Pixels, paint: Paint) -> Pixels:
        """Light on a smooth solid, round for a limb's radius from its outline; a gloss mirrors the lamp."""
        deep = cv2.distanceTransform((region > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        radius = max(min(float(deep.max()), _LIMB * self.scale), 1.5)
        height = radius * np.sqrt(1 - (1 - np.minimum(deep / radius, 1)) ** 2)
        height = _blur(height.astype(np.float32), max(0.2 * radius, 0.6))
        x, y = (
            cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125),
            cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125),
        )
        facing = 1 / np.sqrt(1 + x * x + y * y)
        lamp = np.array([-0.7 * self.side, -0.45, 0.8]) / np.linalg.norm([0.7 * self.side, 0.45, 0.8])
        toward = (lamp[2] - x * lamp[0] - y * lamp[1]) * facing
        light = self.ambient + (1 - self.ambient) * np.maximum(toward, 0) / lamp[2]
        if paint.gloss > 0:
            half = lamp + np.array([0.0, 0.0, 1.0])
            half /= np.linalg.norm(half)
            mirrored = (half[2] - x * half[0] - y * half[1]) * facing
            light = light + 0.4 * np.maximum(mirrored, 0) ** 40
        return light.astype(np.float32)

    def _creases(self, part: Part, h: int, w: int) -> Pixels:
        maps = fold_maps()
        first = maps[int(self.rng.integers(len(maps)))]
        zoom = self.rng.uniform(0.5, 1.3) * (90.0 / max(self.scale * 30, 1.0))
        turn = np.deg2rad(-part.axis + self.rng.normal(0, 14))
        c, s = zoom * np.cos(turn), zoom * np.sin(turn)
        matrix = np.array([[c, -s, self.rng.uniform(0, 256)], [s, c, self.rng.uniform(0, 256)]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(first, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_WRAP)

    def _contact_shadow(self, region: Pixels, window: Window, strength: float) -> None:
        dark = _blur(region, max(0.8, 0.8 * self.scale))
        dark *= (1 - region) * self.cover[window]
        self.rgb[:, *window] *= 1 - np.float32(strength) * dark

    def _blend(self, window: Window, colour: Pixels, amount: Pixels) -> None:
        below = self.rgb[:, *window]
        below += (colour - below) * amount

    def _count(self, region: Pixels, window: Window, *, garment: bool) -> None:
        np.maximum(self.solid[window], region, out=self.solid[window])
        if garment:
            np.maximum(self.cover[window], region, out=self.cover[window])
        else:
            self.cover[window] *= 1 - region

    def line(self, line: Line) -> None:
        """Draw a line or a row of dashes."""
        if line.within and line.within not in self.regions:
            return
        at = self._pieces(line)
        if not at:
            return
        window = self.window(np.concatenate(at))
        amount = self._stroke(at, line.width * self.scale, window, exact=line.garment)
        if line.soft > 0:
            amount = _blur(amount, line.soft * self.scale)
        if line.within:
            amount *= self.regions[line.within][window]
        if line.paint:
            self._blend(window, self.paints[line.paint].sample(window, 0.0, self.grain), amount)
        elif line.tone < 0:
            self.rgb[:, *window] *= 1 + np.float32(line.tone) * amount
        else:
            self.rgb[:, *window] += np.float32(line.tone) * amount
        if line.garment:
            self._count(amount, window, garment=True)

    def _pieces(self, line: Line) -> list[Points]:
        """The line's strokes in pixels."""
        pieces = line.points if isinstance(line.points, list) else [line.points]
        if line.dash:
            pieces = [part for p in pieces for part in dashes(p, *line.dash)]
        if not pieces:
            return []
        ends = np.cumsum([len(p) for p in pieces])[:-1]
        return np.split(self.place.pixels(np.concatenate(pieces)), ends)

    def _stroke(self, at: list[Points], width: float, window: Window, *, exact: bool) -> Pixels:
        fine = _FINE if exact else 1
        y0, x0 = window[0].start, window[1].start
        h, w = window[0].stop - y0, window[1].stop - x0
        drawn = np.zeros((h * fine, w * fine), np.uint8)
        fixed = [np.round(((p - (x0, y0)) * fine - 0.5) * (1 << _SHIFT)).astype(np.int32) for p in at]
        thick = max(1, round(width * fine))
        cv2.polylines(drawn, fixed, False, 255, thick, cv2.LINE_8 if exact else cv2.LINE_AA, _SHIFT)
        if exact:
            drawn = cv2.resize(drawn, (w, h), interpolation=cv2.INTER_AREA)
        fade = min(1.0, max(width * fine, 0.4)) / 255.0
        return drawn.astype(np.float32) * np.float32(fade)

    def print(self, print_: Print) -> None:
        """Lay an RGBA picture on a part, shaded like the cloth below it."""
        at = self.place.pixels(np.array([print_.centre]))[0]
        size = max(3.0, print_.width * self.scale)
        zoom = size / print_.art.shape[1]
        art = cv2.resize(print_.art, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        h, w = art.shape[:2]
        half = np.array([w / 2, h / 2])
        window = self.window(np.array([at - half, at + half]))
        y0, x0 = window[0].start, window[1].start
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), print_.angle, 1.0)
        turn[:, 2] += at - half - (x0, y0)
        shown = planes(cv2.warpAffine(art, turn, (window[1].stop - x0, window[0].stop - y0))) / np.float32(
            255
        )
        amount = shown[3] * (self.regions[print_.within][window] if print_.within else np.float32(0.93))
        self._blend(window, shown[:3], amount)


def _body_of(step: Step) -> str:
    """The paint of a solid part; consecutive ones of one paint make one body."""
    return step.paint if isinstance(step, Part) and step.solid else ""


def _blur(picture: Pixels, sigma: float) -> Pixels:
    """About Gaussian: on a smaller copy where it is wide."""
    if sigma < 3.0:
        return cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3))
    h, w = picture.shape[:2]
    shrink = 2.0 if sigma < 6 else 4.0
    size = (max(2, round(w / shrink)), max(2, round(h / shrink)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
