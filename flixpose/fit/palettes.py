"""A person image at working size, and the small palettes of colours that its keypoints point at.

Palettes are taken where the keypoints tell what is there: skin on the face and along the arms, the worn
clothes on trunk and legs, the background outside the person's mask. A pixel goes to the nearest palette.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, Point
from flixpose.fit.outline import reach
from flixpose.imaging.colour import srgb_to_lab
from flixpose.structures.found import Hand
from flixpose.structures.image import Image, Mask

Plane = NDArray[np.float32]
Flags = NDArray[np.bool_]

_WORK_HEIGHT = 640  # the palettes are matched at this height; the edges are drawn at full size
_PALETTE = 4
_TEMPER = 2.5  # Lab units over which one palette gives way to the next
_SHADES = (0.85, 0.7)  # of a colour's lightness and chroma in the shade of a hand, and close to it
_TOLD = 10.0  # Lab units up to which a palette tells a colour so well that no other is favoured
_BELOW_ARMPIT = 0.27
_LIMB_RADIUS = 0.10  # shoulder widths, where the outline does not tell
_WIDEST = 0.22  # shoulder widths from a bone that is off the middle to the edge of its limb
_STATION = 0.04  # shoulder widths along a bone between places where its limb's edges are looked for
_UNLIKE_SKIN = 10.0  # Lab units; trousers are seldom skin, though beige may come near
_BEIGE = 4.0
_LAB_WEIGHT = np.array([0.6, 1.0, 1.0], np.float32)  # shading changes lightness first
_SKIN_SHADES = 20.0  # Lab units between a face and the arms of one person
_PLAINLY = 0.5  # of the distance from the face's colours: what is so near to others is theirs
_FACE = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
_CHEST = ((-0.25, 0.25), (0.25, 0.25), (0.22, 0.52), (-0.22, 0.52))  # of the body's frame
_HIPS = ((-0.25, 1.0), (0.25, 1.0), (0.22, 1.25), (-0.22, 1.25))
_THIGHS = ((-0.3, 1.4), (0.3, 1.4), (0.28, 1.8), (-0.28, 1.8))
_LOCK = 0.3  # of a place that is hair, which is then no sample of cloth
READ_HAND = 0.5  # score of a hand whose own shape is trusted
AROUND_HAND = 0.03  # shoulder widths beside a read hand in which colour decides
_UNREAD_HAND = 0.26  # shoulder widths about the fingers' middle, where no hand was read
_FINGER = 0.11  # half the width of a finger and its surroundings, in lengths of the palm
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_PALM = ("wrist", "thumb_1", "index_1", "middle_1", "ring_1", "pinky_1")


@dataclass(frozen=True, eq=False)
class Scene:
    """The person image at working size.

    Attributes:
        pixels: (h, w, 3) uint8. lab: (h, w, 3). inside: (h, w) the person, in [0, 1].
        scale: working pixels for one pixel of the photo.
    """

    pixels: NDArray[np.uint8]
    lab: Plane
    inside: Plane
    body: Body
    scale: float

    @classmethod
    def of(cls, person: Image, body: Body, person_mask: Mask | None) -> "Scene":
        scale = min(1.0, _WORK_HEIGHT / person.height)
        size = (max(1, round(person.width * scale)), max(1, round(person.height * scale)))
        pixels = np.asarray(cv2.resize(person.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        return cls(pixels, srgb_to_lab(pixels), _inside(person_mask, size), body, scale)

    @property
    def unit(self) -> float:
        """The shoulder width in working pixels."""
        return self.body.shoulder_width * self.scale

    def at(self, xy: NDArray[np.floating]) -> tuple[int, int]:
        return round(float(xy[0]) * self.scale), round(float(xy[1]) * self.scale)

    def blank(self) -> NDArray[np.uint8]:
        return np.zeros(self.inside.shape, np.uint8)

    def length(self, pixels: float) -> int:
        """Pixels of the photo → at least one working pixel."""
        return max(1, round(pixels * self.scale))

    # --- palettes

    @cached_property
    def skin(self) -> Plane | None:
        where = self.blank()
        seen = [self.body.joints[name] for name in _FACE if self.body.scores.get(name, 0) > 0.5]
        if len(seen) == len(_FACE):
            eyes, mouth = (seen[0] + seen[1]) / 2, (seen[3] + seen[4]) / 2
            axes = (0.5 * float(np.linalg.norm(seen[0] - seen[1])), 0.6 * float(np.linalg.norm(mouth - eyes)))
            size = (self.length(axes[0]), self.length(axes[1]))
            cv2.ellipse(where, self.at(0.5 * (eyes + mouth)), size, 0, 0, 360, 1, -1)
            return self._palette(where)
        for side in ("left", "right"):
            if self.body.scores.get(f"{side}_wrist", 0) > 0.5 and f"{side}_elbow" in self.body.joints:
                wrist, elbow = self.body.joints[f"{side}_wrist"], self.body.joints[f"{side}_elbow"]
                width = self.length(0.05 * self.body.shoulder_width)
                cv2.line(where, self.at(wrist), self.at((wrist + elbow) / 2), 1, width)
        return self._palette(where)

    @cached_property
    def arm_skin(self) -> Plane | None:
        """The face's colours and what along arms and hands is like them: they lie in another light."""
        where = self.blank()
        for side in ("left", "right"):
            chain = self.body.limb(side, "shoulder", "elbow", "wrist")[-2:]
            if self.skin is not None and len(chain) == 2:
                width = self.length(0.08 * self.body.shoulder_width)
                cv2.line(where, self.at(chain[0]), self.at(chain[1]), 1, width)
        where[self.hands] = 1
        found = without(self._palette(where), self.clothes)
        if found is None or self.skin is None:
            return self.skin
        away = _away(found, self.skin)
        at_hips = without(self._on_trunk(_HIPS, but=self._near_hands), self.skin, least=_BEIGE)
        own = away < _SKIN_SHADES
        if at_hips is not None:  # trousers show between fingers, in their shade
            own &= _away(found, _shaded(at_hips)) > _PLAINLY * away
        return np.vstack([self.skin, found[own]])

    @cached_property
    def clothes(self) -> Plane | None:
        """Those on the trunk; a bare midriff is not cloth, nor is a hand before it."""
        return self._clothes(self._near_hands)

    def clothes_beside(self, hair: Plane) -> Plane | None:
        """Those without the colours of locks that hang down the chest."""
        locks = hair > _LOCK
        return self._clothes(self._near_hands | locks) if locks[self._chest].any() else self.clothes

    def _clothes(self, but: Flags) -> Plane | None:
        return without(self._on_trunk(_CHEST, but=but), self.skin)

    @cached_property
    def _near_hands(self) -> Flags:
        size = 2 * self.length(AROUND_HAND * self.body.shoulder_width) + 1
        return cv2.dilate(self.hands.astype(np.uint8), np.ones((size, size), np.uint8)) > 0

    @cached_property
    def _chest(self) -> Flags:
        return self._quadrangle(_CHEST) > 0

    @cached_property
    def lower_clothes(self) -> Plane | None:
        """Those at the hips; those further down where a top of other colours reaches over the hips."""
        at_hips, below = (
            without(self._on_trunk(places, but=self.arms > 0.3), self.skin, least=_BEIGE)
            for places in (_HIPS, _THIGHS)
        )
        if at_hips is None or without(at_hips, self.clothes) is not None:
            return at_hips
        return at_hips if without(below, self.clothes) is None else below

    def clothes_between(self, upper: float, lower: float, half: float) -> Plane | None:
        """Those on the body's middle between two depths, so many shoulder widths to either side."""
        if lower <= upper:
            return None
        corners = ((-half, upper), (half, upper), (half, lower), (-half, lower))
        return without(self._on_trunk(corners, but=self.arms > 0.3), self.skin, least=_BEIGE)

    @cached_property
    def shaded_lower(self) -> Plane | None:
        """The lower clothes in light and in the shade of a hand on them, as far as that is not like skin."""
        if self.lower_clothes is None:
            return None
        told = without(_shaded(self.lower_clothes)[len(self.lower_clothes) :], self.arm_skin)
        return self.lower_clothes if told is None else np.vstack([self.lower_clothes, told])

    @cached_property
    def background(self) -> Plane | None:
        return self._palette((self.inside < 0.05).astype(np.uint8), inside=False)

    def palette_of(self, found: Plane) -> Plane | None:
        """The colours of what was found, less the skin's."""
        return without(self._palette((found > 0.5).astype(np.uint8)), self.skin)

    def _on_trunk(self, corners: tuple[tuple[float, float], ...], but: Flags | None = None) -> Plane | None:
        where = self._quadrangle(corners)
        if but is not None:
            where[but] = 0
        return self._palette(where)

    def _quadrangle(self, corners: tuple[tuple[float, float], ...]) -> NDArray[np.uint8]:
        """1 between four places of the body's frame."""
        where = self.blank()
        polygon = np.array([self.at(self.body.place(a, d)) for a, d in corners], np.int32)
        cv2.fillConvexPoly(where, polygon, 1)
        return where

    def _palette(self, where: NDArray[np.uint8], *, inside: bool = True) -> Plane | None:
        chosen = (where > 0) & (self.inside > 0.6) if inside else where > 0
        colours = self.lab[chosen]
        if len(colours) < 12:
            return None
        colours = colours[:: max(1, len(colours) // 3000)].astype(np.float32)
        criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 12, 0.5)
        cv2.setRNGSeed(1)
        count = min(_PALETTE, len(colours))
        _, labels, centres = cv2.kmeans(colours, count, np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS)
        shares = np.bincount(labels.ravel(), minlength=count) / len(colours)
        return centres[shares > 0.06].astype(np.float32)

    def likeness(self, palette: Plane | None, others: list[Plane | None], favour: float = 0.0) -> Plane:
        """(h, w) in [0, 1]: how much nearer a pixel's colour is to the palette than to the others.

        Args:
            favour: Lab units by which the palette is taken to be nearer than it is, the less so the better
                one of the others tells the colour.
        """
        if palette is None:
            return np.zeros(self.inside.shape, np.float32)
        own = self._distance(palette)
        rivals = [self._distance(other) for other in others if other is not None]
        rival = np.min(rivals, axis=0) if rivals else np.full(own.shape, 30.0, np.float32)
        if favour:
            own = own - np.float32(favour) * np.clip(rival / np.float32(_TOLD), 0, 1)
        nearer = 1 / (1 + np.exp(np.clip((own - rival) / _TEMPER, -30, 30)))
        close = 1 / (1 + np.exp(np.clip((own - 22.0) / _TEMPER, -30, 30)))
        return (nearer * close).astype(np.float32)

    def _distance(self, palette: Plane) -> Plane:
        nearest = np.full(self.lab.shape[:2], np.inf, np.float32)
        for colour in palette * _LAB_WEIGHT:
            away = self._weighted - colour
            np.minimum(nearest, np.einsum("hwc,hwc->hw", away, away), out=nearest)
        return np.asarray(np.sqrt(nearest), np.float32)

    @cached_property
    def _weighted(self) -> Plane:
        return self.lab * _LAB_WEIGHT

    # --- places

    @cached_property
    def arms(self) -> Plane:
        """Soft capsules around upper arms below the armpits, forearms and hands."""
        where = self.blank()
        for side in ("left", "right"):
            chain = self.body.limb(side, "shoulder", "elbow", "wrist")
            if len(chain) < 2:
                continue
            start = chain[0] + _share_below_armpits(self.body, chain) * (chain[1] - chain[0])
            path = [start, *chain[1:]]
            for a, b in pairwise(path):
                radius = self._radius(a, b)
                cv2.line(where, self.at(a), self.at(b), 255, self.length(2 * radius), cv2.LINE_AA)
                self._draw_to_edges(where, a, b, radius)
            if len(chain) == 3:
                self._draw_unread_hand(where, side, chain[2])
        blurred = cv2.GaussianBlur(where, (0, 0), max(0.5, 0.012 * self.unit))
        return np.asarray(blurred.astype(np.float32) / 255, np.float32)

    @cached_property
    def hands(self) -> Flags:
        """Those that were read."""
        shapes = [self.hand(hand, 0.0) for hand in self.body.hands if hand.score >= READ_HAND]
        return np.asarray(np.any(shapes, axis=0)) if shapes else self.blank() > 0

    def hand(self, hand: Hand, widened: float) -> Flags:
        """Fingers and palm of a hand that was read.

        Args:
            widened: what is added on either side, in shoulder widths.
        """
        where = self.blank()
        points = {name: self.at(hand.keypoints[name]) for name in hand.keypoints.present}
        palm = np.array([points[name] for name in _PALM], np.int32)
        cv2.fillConvexPoly(where, cv2.convexHull(palm), 1)
        span = float(np.hypot(*(hand.keypoints["middle_1"] - hand.keypoints["wrist"])))
        width = self.length(2 * (_FINGER * span + widened * self.body.shoulder_width))
        for finger in _FINGERS:
            joints = np.array([points[f"{finger}_{n}"] for n in range(1, 5)], np.int32)
            cv2.polylines(where, [joints], False, 1, width)
        cv2.polylines(where, [cv2.convexHull(palm)], True, 1, width)
        return where > 0

    def between(self, upper: float, lower: float) -> Plane:
        """1 on the trunk, arms and legs between two depths of the body's frame."""
        corners = ((-0.8, upper), (0.8, upper), (0.8, lower), (-0.8, lower))
        return self._quadrangle(corners).astype(np.float32)

    def _draw_unread_hand(self, where: NDArray[np.uint8], side: str, wrist: Point) -> None:
        names = (f"{side}_index", f"{side}_pinky", f"{side}_thumb")
        fingers = [self.body.joints[name] for name in names if name in self.body.joints]
        centre = self.at(np.mean([wrist, *fingers], axis=0))
        radius = self.length(_UNREAD_HAND * self.body.shoulder_width)
        cv2.circle(where, centre, radius, 255, -1, cv2.LINE_AA)

    def _draw_to_edges(self, where: NDArray[np.uint8], a: Point, b: Point, radius: float) -> None:
        """A bone that joints put off the middle of a bare limb: out to where its skin ends on either side.

        Where it goes on without an end, over a bare trunk, the limb ends at its usual radius.
        """
        start, end, unit = a * self.scale, b * self.scale, self.unit
        length = float(np.linalg.norm(end - start))
        if length < 1:
            return
        along = (end - start) / length
        across = np.array([-along[1], along[0]])
        stations = start + np.linspace(0, 1, max(4, round(length / (_STATION * unit))))[:, None] * (
            end - start
        )
        sides = [
            self._skin_ends(stations, sign * across, radius * self.scale)[:, None] * sign * across
            for sign in (1.0, -1.0)
        ]
        outline = np.vstack([stations + sides[0], (stations + sides[1])[::-1]])
        cv2.fillPoly(where, [np.round((outline - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)

    def _skin_ends(self, stations: Point, outward: Point, radius: float) -> NDArray[np.float64]:
        """(N,) working pixels from each station to the end of the skin; `radius` where none is seen near."""
        steps = np.arange(0.0, _WIDEST * self.unit)
        bare = self.is_bare(stations[:, None] + steps[:, None] * outward)
        ends = np.argmin(bare, axis=1)
        told = bare[:, 0] & ~bare.all(axis=1)
        reached = np.where(told, np.maximum(ends, radius), radius)
        wide = cv2.blur(reached[:, None], (1, 3), borderType=cv2.BORDER_REPLICATE)[:, 0]
        return np.asarray(np.minimum(reached, np.maximum(wide, radius)), np.float64)

    def is_bare(self, places: Point) -> Flags:
        """(...) whether skin is seen at (..., 2) places, working pixels; beyond the photo its edge tells."""
        rows = np.clip(places[..., 1].astype(int), 0, self.inside.shape[0] - 1)
        columns = np.clip(places[..., 0].astype(int), 0, self.inside.shape[1] - 1)
        return np.asarray(self._bare[rows, columns])

    @cached_property
    def _bare(self) -> Flags:
        """Of the person, nearer to skin than to the clothes on the trunk."""
        is_skin = self.likeness(self.arm_skin, [self.clothes, self.background])
        return np.asarray((is_skin > 0.5) & (self.inside > 0.5))

    def _radius(self, a: Point, b: Point) -> float:
        """Half the thickness of a limb, pixels of the photo: where its free side meets the background."""
        width = self.body.shoulder_width
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        across = np.array([-along[1], along[0]])
        mask = Mask((self.inside * 255).astype(np.uint8))
        seen = []
        for share in (0.3, 0.45, 0.6, 0.75):
            start = (a + share * (b - a)) * self.scale
            reaches = [reach(mask, start, sign * across, 0.2 * self.unit) for sign in (1.0, -1.0)]
            seen += [min(found) / self.scale for found in ([r for r in reaches if r],) if found]
        usual = _LIMB_RADIUS * width if not seen else float(np.median(seen))
        return float(np.clip(0.95 * usual, 0.06 * width, 0.14 * width))


def fill(plane: NDArray[np.uint8], polygon: NDArray[np.float64]) -> None:
    """255 in a polygon of working pixels; soft along its edge."""
    cv2.fillPoly(plane, [np.round((polygon - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


def without(palette: Plane | None, other: Plane | None, *, least: float = _UNLIKE_SKIN) -> Plane | None:
    """The colours of a palette that are not the other's (skin's, say); None where none is left."""
    if palette is None or other is None:
        return palette
    far = _away(palette, other) > least
    return palette[far] if far.any() else None


def _away(palette: Plane, other: Plane) -> Plane:
    """(N,) Lab units from each colour of a palette to the nearest one of another."""
    return np.asarray(np.linalg.norm(palette[:, None] - other, axis=2).min(axis=1), np.float32)


def _shaded(palette: Plane) -> Plane:
    """A palette in light, then in the shade of a hand and close to it."""
    return np.vstack([share * palette for share in (1.0, *_SHADES)]).astype(np.float32)


def _share_below_armpits(body: Body, chain: list[Point]) -> float:
    """Which share of the upper arm lies above the armpits' depth, where a garment covers it."""
    start, end = body.depths(np.stack(chain[:2])).tolist()
    return 0.5 if end <= start else float(np.clip((_BELOW_ARMPIT - start) / (end - start), 0.3, 1.0))


def _inside(mask: Mask | None, size: tuple[int, int]) -> Plane:
    if mask is None:
        return np.ones((size[1], size[0]), np.float32)
    small = cv2.resize(mask.alpha, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / 255, np.float32)
