"""What of the person lies in front of a garment: face, hair, forearms and hands. By colour, not by polygon.

Small palettes are taken where the keypoints tell what is there (skin on the face, hair above it, the worn
garment on the trunk); pixels near a limb go to the palette that they are nearest to.
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
from flixpose.imaging.filters import guided_filter
from flixpose.structures.image import Image, Mask

Plane = NDArray[np.float32]

_WORK_HEIGHT = 640  # the palettes are matched at this height; the edges are drawn at full size
_PALETTE = 4
_TEMPER = 2.5  # Lab units over which one palette gives way to the next
_BELOW_ARMPIT = 0.27
_WAIST = 0.7
_LIMB_RADIUS = 0.10  # shoulder widths, where the outline does not tell
_UNLIKE_SKIN = 10.0  # Lab units; trousers are seldom skin, though beige may come near
_BEIGE = 4.0
_LAB_WEIGHT = np.array([0.6, 1.0, 1.0], np.float32)  # shading changes lightness first
_SKIN_SHADES = 20.0  # Lab units between a face and the arms of one person
_SURE_HAIR = 0.35
_STRAND = 0.03  # shoulder widths between locks that hang together
_BESIDE_CHEEK = 1.5  # lengths from the eyes to the mouth
_FACE = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


@dataclass(frozen=True, eq=False)
class Occluders:
    """Soft masks on the person image.

    Attributes:
        head: face, chin and hair: before every part.
        arms: bare forearms and hands: before trunk and legs, not before the sleeves that cover them.
        worn_upper, worn_lower: the clothes that the person wears on the trunk and on the legs, as far as
            colour tells; for the quality figures.
        parted: whether the worn upper and lower clothes differ in colour, so that their border is known.
    """

    head: Mask
    arms: Mask
    worn_upper: Mask
    worn_lower: Mask
    parted: bool = True


def find_occluders(person: Image, body: Body, person_mask: Mask | None) -> Occluders:
    """Face, hair, forearms and hands on the person image (house's frame; masks of the photo's size)."""
    scale = min(1.0, _WORK_HEIGHT / person.height)
    size = (max(1, round(person.width * scale)), max(1, round(person.height * scale)))
    pixels = cv2.resize(person.pixels, size, interpolation=cv2.INTER_AREA)
    scene = _Scene(pixels, srgb_to_lab(pixels), _inside(person_mask, size), body, scale)
    skin, hair = scene.palette_of_skin(), scene.palette_of_hair()
    upper, lower = scene.palette_of_clothes(), scene.palette_of_lower_clothes()
    arms = scene.palette_of_arms(skin, upper)
    # Beside the person's outline the background may show its colour through.
    background = scene.palette_of_background()
    is_skin = scene.likeness(arms, [upper, lower, background])
    is_hair = scene.grown_from_above(scene.likeness(hair, [upper, lower, skin, background]))
    if hair is not None and (more := scene.without(scene.palette_of(is_hair), upper)) is not None:
        hair = np.vstack([hair, more])
        is_hair = scene.grown_from_above(scene.likeness(hair, [upper, lower, skin, background]))
    # A shirt that hangs over the hips is not the trousers; a dress is both.
    apart = scene.without(lower, upper)
    is_upper = scene.likeness(upper, [skin, hair, apart, background])
    own, rival = (lower, None) if apart is None else (apart, upper)
    is_lower = scene.likeness(own, [skin, rival, background])
    if lower is not None and apart is None:  # one colour throughout: below the waist it is the trousers'
        is_upper = is_upper * scene.between(-1.0, _WAIST)
    head = np.maximum(scene.face(), is_hair)
    return Occluders(
        head=_enlarged(person, head, scene),
        arms=_enlarged(person, is_skin * scene.arms() * scene.inside, scene),
        worn_upper=_enlarged(person, is_upper * scene.between(-0.3, 1.5) * scene.inside, scene),
        worn_lower=_enlarged(person, is_lower * scene.between(0.7, 3.2) * scene.inside, scene),
        parted=apart is not None,
    )


@dataclass(frozen=True, eq=False)
class _Scene:
    """The person image at working size. `scale`: working pixels for one pixel of the photo."""

    pixels: NDArray[np.uint8]
    lab: Plane
    inside: Plane
    body: Body
    scale: float

    @property
    def unit(self) -> float:
        """The shoulder width in working pixels."""
        return self.body.shoulder_width * self.scale

    def at(self, xy: Point) -> tuple[int, int]:
        return round(float(xy[0]) * self.scale), round(float(xy[1]) * self.scale)

    def blank(self) -> NDArray[np.uint8]:
        return np.zeros(self.inside.shape, np.uint8)

    def palette_of_skin(self) -> Plane | None:
        where = self.blank()
        seen = [self.body.joints[name] for name in _FACE if self.body.scores.get(name, 0) > 0.5]
        if len(seen) == len(_FACE):
            eyes, mouth = (seen[0] + seen[1]) / 2, (seen[3] + seen[4]) / 2
            axes = (0.5 * float(np.linalg.norm(seen[0] - seen[1])), 0.6 * float(np.linalg.norm(mouth - eyes)))
            middle = 0.5 * (eyes + mouth)
            cv2.ellipse(
                where, self.at(middle), (self._length(axes[0]), self._length(axes[1])), 0, 0, 360, 1, -1
            )
        else:
            for side in ("left", "right"):
                if self.body.scores.get(f"{side}_wrist", 0) > 0.5 and f"{side}_elbow" in self.body.joints:
                    wrist, elbow = self.body.joints[f"{side}_wrist"], self.body.joints[f"{side}_elbow"]
                    cv2.line(
                        where,
                        self.at(wrist),
                        self.at((wrist + elbow) / 2),
                        1,
                        self._length(0.05 * self.body.shoulder_width),
                    )
        return self._palette(where)

    def palette_of_arms(self, skin: Plane | None, upper: Plane | None) -> Plane | None:
        """The face's colours and what along the arms is like them: arms lie in another light than faces."""
        where = self.blank()
        for side in ("left", "right"):
            chain = self.body.limb(side, "shoulder", "elbow", "wrist")[-2:]
            if skin is not None and len(chain) == 2:
                width = self._length(0.08 * self.body.shoulder_width)
                cv2.line(where, self.at(chain[0]), self.at(chain[1]), 1, width)
        found = self.without(self._palette(where), upper)
        if found is None or skin is None:
            return skin
        near = np.array([np.min(np.linalg.norm(skin - colour, axis=1)) < _SKIN_SHADES for colour in found])
        return np.vstack([skin, found[near]])

    def palette_of_hair(self) -> Plane | None:
        """Past the forehead, where a head of hair begins, and beside the cheeks, where long hair hangs."""
        if not all(self.body.scores.get(name, 0) > 0.5 for name in _FACE):
            return None
        eyes = (self.body.joints["left_eye"] + self.body.joints["right_eye"]) / 2
        mouth = (self.body.joints["mouth_left"] + self.body.joints["mouth_right"]) / 2
        up = eyes - mouth
        beside = np.array([-up[1], up[0]])
        length = float(np.linalg.norm(up))
        where = self.blank()
        cv2.circle(where, self.at(eyes + 1.35 * up), self._length(0.55 * length), 1, -1)
        for aside in (-_BESIDE_CHEEK, _BESIDE_CHEEK):
            cv2.circle(where, self.at(mouth + aside * beside), self._length(0.25 * length), 1, -1)
        return self.without(self._palette(where), self.palette_of_skin())

    def palette_of_clothes(self) -> Plane | None:
        corners = [
            self.body.place(a, d) for a, d in ((-0.25, 0.25), (0.25, 0.25), (0.22, 0.52), (-0.22, 0.52))
        ]
        where = self.blank()
        cv2.fillConvexPoly(where, np.array([self.at(corner) for corner in corners], np.int32), 1)
        # A bare midriff is not cloth.
        return self.without(self._palette(where), self.palette_of_skin())

    def palette_of_lower_clothes(self) -> Plane | None:
        corners = [self.body.place(a, d) for a, d in ((-0.25, 1.0), (0.25, 1.0), (0.22, 1.25), (-0.22, 1.25))]
        where = self.blank()
        cv2.fillConvexPoly(where, np.array([self.at(corner) for corner in corners], np.int32), 1)
        where[self.arms() > 0.3] = 0
        return self.without(self._palette(where), self.palette_of_skin(), least=_BEIGE)

    def palette_of_background(self) -> Plane | None:
        return self._palette((self.inside < 0.05).astype(np.uint8), inside=False)

    def likeness(self, palette: Plane | None, others: list[Plane | None]) -> Plane:
        """(h, w) in [0, 1]: how much nearer a pixel's colour is to the palette than to the others."""
        if palette is None:
            return np.zeros(self.inside.shape, np.float32)
        own = self._distance(palette)
        rivals = [self._distance(other) for other in others if other is not None]
        rival = np.min(rivals, axis=0) if rivals else np.full(own.shape, 30.0, np.float32)
        nearer = 1 / (1 + np.exp(np.clip((own - rival) / _TEMPER, -30, 30)))
        close = 1 / (1 + np.exp(np.clip((own - 22.0) / _TEMPER, -30, 30)))
        return (nearer * close).astype(np.float32)

    def face(self) -> Plane:
        """Everything of the person above the chin."""
        if not all(name in self.body.joints for name in _FACE):
            return np.zeros(self.inside.shape, np.float32)
        joints = self.body.joints
        mouth = (joints["mouth_left"] + joints["mouth_right"]) / 2
        eyes = (joints["left_eye"] + joints["right_eye"]) / 2
        down = mouth - eyes
        length = float(np.linalg.norm(down))
        angle = float(np.degrees(np.arctan2(-down[0], down[1])))
        where = self.blank()
        # An ellipse from the crown to the chin: the mouth lies two thirds from the eyes to the chin.
        axes = (self._length(1.15 * length), self._length(1.75 * length))
        cv2.ellipse(where, self.at(eyes - 0.2 * down), axes, angle, 0, 360, 255, -1, cv2.LINE_AA)
        return (where / np.float32(255) * self.inside).astype(np.float32)

    def arms(self) -> Plane:
        """Soft capsules around upper arms below the armpits, forearms and hands."""
        where = self.blank()
        width = self.body.shoulder_width
        for side in ("left", "right"):
            chain = self.body.limb(side, "shoulder", "elbow", "wrist")
            if len(chain) < 2:
                continue
            start = chain[0] + _share_below_armpits(self.body, chain) * (chain[1] - chain[0])
            path = [start, *chain[1:]]
            for a, b in pairwise(path):
                radius = self._radius(a, b)
                cv2.line(where, self.at(a), self.at(b), 255, self._length(2 * radius), cv2.LINE_AA)
            if len(chain) == 3:
                fingers = [
                    self.body.joints[n]
                    for n in (f"{side}_index", f"{side}_pinky", f"{side}_thumb")
                    if n in self.body.joints
                ]
                hand = np.mean([chain[2], *fingers], axis=0)
                cv2.circle(where, self.at(hand), self._length(0.26 * width), 255, -1, cv2.LINE_AA)
        blurred = cv2.GaussianBlur(where, (0, 0), max(0.5, 0.012 * self.unit))
        return blurred.astype(np.float32) / 255

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

    def between(self, upper: float, lower: float) -> Plane:
        """1 on the trunk, arms and legs between two depths of the body's frame."""
        where = self.blank()
        places = ((-0.8, upper), (0.8, upper), (0.8, lower), (-0.8, lower))
        polygon = np.array([self.at(self.body.place(a, d)) for a, d in places], np.int32)
        cv2.fillConvexPoly(where, polygon, 1)
        return where.astype(np.float32)

    def grown_from_above(self, hair: Plane) -> Plane:
        """Hair that hangs together with the hair of the head, down to the chest."""
        sure = ((hair * self.inside) > _SURE_HAIR).astype(np.uint8)
        reach = self.blank()
        places = ((-0.62, -1.6), (0.62, -1.6), (0.62, 0.45), (-0.62, 0.45))
        polygon = np.array([self.at(self.body.place(a, d)) for a, d in places], np.int32)
        cv2.fillConvexPoly(reach, polygon, 1)
        sure &= reach
        sure = cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        sure = cv2.morphologyEx(sure, cv2.MORPH_CLOSE, self._disc(_STRAND)) & reach
        _, labels = cv2.connectedComponents(sure)
        seeds = labels[(self.face() > 0.5) & (labels > 0)]
        if not seeds.size:
            return np.zeros(hair.shape, np.float32)
        counts = np.bincount(seeds)
        kept = np.isin(labels, np.flatnonzero(counts > 0.05 * counts.max())) & (labels > 0)
        near = cv2.dilate(kept.astype(np.uint8), self._disc(_STRAND))
        return hair * near * self.inside

    def palette_of(self, found: Plane) -> Plane | None:
        """The colours of what was found: locks have lighter ends than roots."""
        return self.without(self._palette((found > 0.5).astype(np.uint8)), self.palette_of_skin())

    def _disc(self, radius: float) -> NDArray[np.uint8]:
        size = 2 * max(1, round(radius * self.unit)) + 1
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)

    def _length(self, pixels: float) -> int:
        return max(1, round(pixels * self.scale))

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

    def without(
        self, palette: Plane | None, other: Plane | None, *, least: float = _UNLIKE_SKIN
    ) -> Plane | None:
        """The colours of a palette that are not the other's (skin's, say); None where none is left."""
        if palette is None or other is None:
            return palette
        far = np.array([np.min(np.linalg.norm(other - colour, axis=1)) > least for colour in palette])
        return palette[far] if far.any() else None

    def _distance(self, palette: Plane) -> Plane:
        nearest = np.full(self.lab.shape[:2], np.inf, np.float32)
        for colour in palette * _LAB_WEIGHT:
            away = self._weighted - colour
            np.minimum(nearest, np.einsum("hwc,hwc->hw", away, away), out=nearest)
        return np.asarray(np.sqrt(nearest), np.float32)

    @cached_property
    def _weighted(self) -> Plane:
        return self.lab * _LAB_WEIGHT


def _share_below_armpits(body: Body, chain: list[Point]) -> float:
    """Which share of the upper arm lies above the armpits' depth, where a garment covers it."""
    start = float((chain[0] - body.mid_shoulder) @ body.down) / body.torso_length
    end = float((chain[1] - body.mid_shoulder) @ body.down) / body.torso_length
    return 0.5 if end <= start else float(np.clip((_BELOW_ARMPIT - start) / (end - start), 0.3, 1.0))


def _inside(mask: Mask | None, size: tuple[int, int]) -> Plane:
    if mask is None:
        return np.ones((size[1], size[0]), np.float32)
    return cv2.resize(mask.alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _enlarged(person: Image, plane: Plane, scene: _Scene) -> Mask:
    """The plane at the photo's size, its edges on the photo's edges."""
    radius = max(2, round(0.012 * scene.unit))
    refined = guided_filter(scene.pixels, plane, radius=radius, smoothness=1e-4)
    refined = np.clip((np.clip(refined, 0, 1) - 0.1) / 0.8, 0, 1)
    small = (refined * 255 + 0.5).astype(np.uint8)
    return Mask(np.asarray(cv2.resize(small, person.size, interpolation=cv2.INTER_CUBIC), np.uint8))
