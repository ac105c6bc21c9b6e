"""The hair of a person: what hangs together with the hair above the face, down to the chest.

Above the chin everything of the person beside the face is hair, whatever its colour: that is the sample.
Below, hair, skin, worn clothes and background are told apart by mixtures of colours, by where hair usually
hangs, and by what it hangs from; its ends are followed where they grow lighter.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, Point
from flixpose.fit.locks import hanging_colours, wide_colours
from flixpose.fit.mixture import SPREAD, Mixture, fit_mixture
from flixpose.fit.palettes import Flags, Plane, Scene
from flixpose.fit.strands import contrast, too_smooth
from flixpose.imaging.filters import guided_filter
from flixpose.pose.skeletons import FACE_36, convert

_TRUST = 0.8  # in what colours tell
_MOST = 5.0  # what colour alone may say, in logits
_ROUNDS = 4
_SURE = 0.35
_STRAND = 0.035  # shoulder widths between locks that hang together
_FRINGE = 0.03  # shoulder widths along the person's outline in which the background shows through
_FEW = 60  # pixels
_SMOOTH = 0.04  # shoulder widths
_WINDOW = 0.015  # shoulder widths: half of the window in which strands show
_SHADES = (0.6, 0.35)  # of the light on a face: what head and hair leave on a neck
_UNLIKE = 3.0  # standard deviations from skin in any shade
_BALD = 1.0  # what the crown must be less like skin than like itself, in logarithms of densities
_SKIN_SPREAD = (8.0, 2.5, 2.5)  # Lab units: necks and shoulders lie in another light than faces
_SKIN_RANGE = np.array([25.0, 12.0, 12.0], np.float32)  # Lab units about the face's median
_LOWEST = 0.75  # torso lengths below the shoulders

# Where hair hangs, in logits: by torso lengths below the shoulders, and by shoulder widths off the axis.
_DEPTHS, _BY_DEPTH = (-0.3, -0.1, 0.1, 0.3, 0.5, 0.75), (0.5, 0.0, -1.0, -1.0, -2.0, -5.0)
_ACROSS, _BY_ACROSS = (0.0, 0.12, 0.2, 0.42, 0.55, 0.68), (-1.5, -1.0, 0.0, 0.0, -1.5, -4.0)
_ON_NECK, _BELONGS = -1.5, 1.0
_SAME, _MOSTLY = 2.0, 0.4  # hair's colours among the clothes' are a lock on the chest, unless they prevail
_NOWHERE = -10.0  # log density of a colour that nothing is known of
_PREVAILS = 0.1  # share of the hair above the chin; less is an ear, or background between locks
_BESIDE = 1.25  # sizes of the face within which locks come from behind it
_BESIDE_JAW = (
    0.5,
    0.75,
)  # widths of the face off its middle: where hair that hangs is seen at the jaw's height
_HANGS = 0.12  # of that area is the person's, or the hair is short and all below the chin is skin
_FADING = np.array([32.0, 12.0, 16.0], np.float32)  # Lab units from the hair above the chin to its ends
_HAIR_SPREAD = (6.0, 3.5, 3.5)  # Lab units: its ends are lighter


@dataclass(frozen=True, eq=False)
class Face:
    """A face's outline in working pixels. `up`: from the chin to the forehead."""

    outline: NDArray[np.float64]
    chin: Point
    up: Point

    @property
    def width(self) -> float:
        aside = np.array([-self.up[1], self.up[0]]) / max(float(np.linalg.norm(self.up)), 1e-9)
        return float(np.ptp(self.outline @ aside))

    def beside(self, x: Plane, y: Plane) -> Plane:
        """How far places lie off the line from chin to forehead, working pixels, signed."""
        off = (x - self.chin[0]) * self.up[1] - (y - self.chin[1]) * self.up[0]
        return np.asarray(off / max(float(np.linalg.norm(self.up)), 1e-9), np.float32)

    def above_chin(self, x: Plane, y: Plane) -> Plane:
        """How far places lie above the chin, in lengths of the face."""
        off = (x - self.chin[0]) * self.up[0] + (y - self.chin[1]) * self.up[1]
        return np.asarray(off / max(float(self.up @ self.up), 1e-9), np.float32)


def face_outline(body: Body, scale: float) -> Face | None:
    """From the face's mesh; from eyes and mouth where there is none; None where no face is seen."""
    if body.face is not None:
        outline = convert(body.face, FACE_36)
        xy = outline.xy.astype(np.float64) * scale
        chin, forehead = (xy[FACE_36.index[name]] for name in ("chin", "forehead"))
        return Face(xy, chin, forehead - chin)
    names = ("left_eye", "right_eye", "mouth_left", "mouth_right")
    if not all(body.scores.get(name, 0.0) > 0.5 for name in names):
        return None
    left, right, *mouth = (body.joints[name] * scale for name in names)
    eyes, lips = (left + right) / 2, (mouth[0] + mouth[1]) / 2
    up = eyes - lips
    aside = np.array([-up[1], up[0]])
    turns = np.linspace(0, 2 * np.pi, 36, endpoint=False)[:, None]
    middle = lips + 0.55 * up
    outline = middle + 1.15 * np.cos(turns) * up + 0.9 * np.sin(turns) * aside
    chin = middle - 1.15 * up
    return Face(outline, chin, 2.3 * up)


def find_hair(scene: Scene) -> Plane:
    """(h, w) in [0, 1]; nothing where no head is seen or it is bald."""
    nothing = np.zeros(scene.inside.shape, np.float32)
    face = face_outline(scene.body, scene.scale)
    zone = _zone(scene, face) if face is not None else None
    if face is None or zone is None:
        return nothing
    nothing[zone] = _Head(scene, face, zone).hair()
    return nothing


def _zone(scene: Scene, face: Face) -> tuple[slice, slice] | None:
    """Rows and columns in which hair may be; None where the face lies off the photo."""
    body, (height, width) = scene.body, scene.inside.shape
    places = [scene.scale * body.place(a, d) for a in (-0.75, 0.75) for d in (0.0, _LOWEST)]
    around = face.chin + np.array([[0.0, 0.0], 1.8 * face.up, face.up + face.width, face.up - face.width])
    corners = np.vstack([places, around, face.outline])
    (x0, y0), (x1, y1) = corners.min(axis=0).astype(int), corners.max(axis=0).astype(int) + 1
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    return np.s_[y0:y1, x0:x1] if x1 - x0 > 3 and y1 - y0 > 3 else None


class _Head:
    """Head, neck and chest of a person at working size."""

    def __init__(self, scene: Scene, face: Face, zone: tuple[slice, slice]) -> None:
        self.scene, self.face, self.behind = scene, face, scene.body.view == "back"
        self.lab, self.inside = scene.lab[zone], scene.inside[zone]
        self.pixels, self.arms = scene.pixels[zone], scene.arms[zone]
        rows, columns = zone
        y, x = np.mgrid[rows, columns].astype(np.float32) + np.float32(0.5)
        self.origin = np.array([columns.start, rows.start])
        self.unit = scene.body.shoulder_width * scene.scale
        self.above_chin, self.beside = face.above_chin(x, y), face.beside(x, y)
        self.across, self.depth = self._in_body_frame(x, y)

    def hair(self) -> Plane:
        crown = self._crown()
        sample = fit_mixture(self.lab[crown], spread=_HAIR_SPREAD, least=_PREVAILS)
        skin = self._mixture(self._skin(), spread=_SKIN_SPREAD)
        background = fit_mixture(self.lab[self.inside < 0.05])
        if sample is None or (skin is not None and self._is_bald(crown, sample, skin)):
            return np.zeros_like(self.inside)
        low, high, wide = self._worn()
        others = self._against([skin, background, low, wide])
        ends, found = None, np.zeros_like(self.inside)
        smooth = self._smoothness(crown)
        usual = self._usual() + self._smooth(smooth, skin)
        density = sample.log_density(self.lab)
        for _ in range(_ROUNDS):
            if high is not None and low is not None:
                high, locks = self._locks(found, smooth, high, low, ends or sample)
                density = density if locks is None else np.maximum(density, locks.log_density(self.lab))
            against = np.maximum(others, self._against([_not_hair(high, sample, ends)]))
            near = cv2.dilate((found > 0.5).astype(np.float32), self._disc(2 * _STRAND))
            found = self._connected(self._soft(density, against, usual + _BELONGS * near), crown)
            ends = self._ends(found, sample, density, against)
            density = density if ends is None else np.maximum(density, ends.log_density(self.lab))
        return found if self._hangs() else found * (self.above_chin > 0)

    def _locks(
        self, found: Plane, smooth: Plane, high: Mixture, low: Mixture, known: Mixture
    ) -> tuple[Mixture | None, Mixture | None]:
        """The clothes' colours without those of locks; and those."""
        where = (self.inside > 0.6) & (self.above_chin < 0) & (self.arms < 0.3)
        numbers = hanging_colours(self.lab, where, found > 0.5, smooth, high, low, known)
        if not len(numbers):
            return high, None
        rest = np.setdiff1d(np.arange(len(high.shares)), numbers)
        return (high.of(rest) if len(rest) else None), high.of(numbers)

    def _smoothness(self, crown: Flags) -> Plane:
        return too_smooth(contrast(self.lab[..., 0], _WINDOW * self.unit), crown)

    def _smooth(self, smooth: Plane, skin: Mixture | None) -> Plane:
        """Below the jaw, what has the colours of shaded skin and is smoother than the head's hair: logits.

        In the shade of the head a neck may have the very colours of hair.
        """
        if skin is None:
            return np.zeros_like(self.inside)
        like = np.clip(_UNLIKE - skin.shaded(_SHADES).deviations(self.lab), 0, 1)
        below = np.clip((0.35 - self.above_chin) / 0.3, 0, 1)
        return np.asarray(below * like * smooth, np.float32)

    def _hangs(self) -> bool:
        """Whether anything of the person is seen beside the jaw, beyond the face's width: an outline tells.

        The shade of a neck may have short hair's very colour. From behind hair hangs where no jaw is seen.
        """
        if self.behind:
            return True
        beyond = np.abs(self.beside) / self.face.width
        near, far = _BESIDE_JAW
        where = (beyond > near) & (beyond < far) & (self.above_chin > 0) & (self.above_chin < 0.25)
        where &= self.arms < 0.1
        return bool(where.any()) and float((self.inside[where] > 0.5).mean()) > _HANGS

    def _ends(self, found: Plane, sample: Mixture, density: Plane, against: Plane) -> Mixture | None:
        """The colours of what hangs below, as far as they are hair's rather than others'."""
        below = self.lab[(found > 0.6) & (self.above_chin < 0.4) & (density > against)]
        off = np.abs(below[:, None] - sample.means) / _FADING
        return fit_mixture(below[(off.max(axis=-1) < 1).any(axis=-1)], spread=_HAIR_SPREAD)

    def _soft(self, density: Plane, against: Plane, usual: Plane) -> Plane:
        colour = np.clip(_TRUST * (density - against), -_MOST, _MOST)
        soft = _sigmoid(colour + usual)
        smooth = guided_filter(self.pixels, soft, radius=max(2, round(_SMOOTH * self.unit)), smoothness=1e-3)
        return np.asarray(np.clip(smooth, 0, 1) * self.inside, np.float32)

    def _against(self, rivals: list[Mixture | None]) -> Plane:
        densities = [rival.log_density(self.lab) for rival in rivals if rival is not None]
        nowhere = np.full(self.inside.shape, _NOWHERE, np.float32)
        return np.asarray(np.max([nowhere, *densities], axis=0), np.float32)

    def _usual(self) -> Plane:
        """What place alone tells, in logits."""
        by_depth = np.interp(self.depth, _DEPTHS, _BY_DEPTH)
        by_across = np.interp(np.abs(self.across), _ACROSS, _BY_ACROSS) * (self.depth > -0.05)
        told = by_depth + by_across
        told += _ON_NECK * self._neck()
        above = np.clip((self.above_chin - 0.1) / 0.3, 0, 1) * (self.arms < 0.1)
        told = (1 - above) * told + above * 3.0
        return np.where(self._inner_face(), -6.0, told).astype(np.float32)

    def _crown(self) -> Flags:
        """Of the person, above the chin, beside and above the face, off the arms; from behind all of it."""
        around = self._outline(1.9)
        if not self.behind:
            around &= ~self._outline(1.12)
        around &= (self.above_chin > 0.35) & (self.inside > 0.7) & (self.arms < 0.1)
        firm = around & (cv2.erode(self.inside, self._disc(_FRINGE)) > 0.9)
        return firm if firm.sum() >= _FEW else around

    def _skin(self) -> Flags:
        """Of the face and the neck, without eyes, lips, brows and strands; of the arms from behind."""
        if self.behind:
            return self.arms > 0.9
        face = self._inner_face()
        if not face.any():
            return face
        off = np.abs(self.lab - np.median(self.lab[face], axis=0)) / _SKIN_RANGE
        return (face | self._neck()) & (off.max(axis=-1) < 1)

    def _inner_face(self) -> Flags:
        if self.behind:
            return np.zeros(self.inside.shape, bool)
        return self._outline(0.8) & (self.above_chin < 0.8)

    def _neck(self) -> Flags:
        """Below the chin, as wide as the mouth is; from behind hair lies over it."""
        if self.behind:
            return np.zeros(self.inside.shape, bool)
        x, y = self.scene.body.mid_shoulder * self.scene.scale - self.origin
        chin = self.face.chin - self.origin
        plane = np.zeros(self.inside.shape, np.uint8)
        ends = [tuple(np.round(p).astype(int).tolist()) for p in (chin, (x, y))]
        cv2.line(plane, ends[0], ends[1], 1, max(1, round(0.45 * self.face.width)))
        return (plane > 0) & (self.above_chin < 0)

    def _worn(self) -> tuple[Mixture | None, Mixture | None, Mixture | None]:
        """The clothes: below the chest, where no hair hangs; higher up, where locks may lie on them; and of
        the latter what is seen at the tips of both shoulders, where no hair hangs either."""
        cloth = (self.inside > 0.8) & (self.arms < 0.3)
        aside = np.abs(self.across)
        low = (aside < 0.3) & (self.depth > 0.48) & (self.depth < 0.68)
        high = (((aside < 0.28) & (self.depth > 0.2)) | ((aside > 0.42) & (self.depth > 0.03))) & ~low
        high &= cloth & (self.depth < 0.6)
        chest = self._mixture(high)
        wide = chest and chest.of(wide_colours(self.lab, high, self.across, chest))
        return self._mixture(cloth & low), chest, wide

    def _mixture(self, where: Flags, spread: tuple[float, float, float] = SPREAD) -> Mixture | None:
        return fit_mixture(self.lab[where & (self.inside > 0.6)], spread=spread)

    def _is_bald(self, crown: Flags, sample: Mixture, skin: Mixture) -> bool:
        top = self.lab[crown & (self.above_chin > 1.0)]
        return len(top) > 0 and float(np.median(sample.log_density(top) - skin.log_density(top))) < _BALD

    def _connected(self, soft: Plane, crown: Flags) -> Plane:
        """What hangs together with the hair of the head, or comes from beside the face."""
        sure = (soft > _SURE).astype(np.uint8)
        sure = cv2.morphologyEx(sure, cv2.MORPH_CLOSE, self._disc(_STRAND))
        _, labels = cv2.connectedComponents(sure)
        seeds = labels[(crown | self._outline(_BESIDE)) & (labels > 0)]
        if not seeds.size:
            return np.zeros_like(soft)
        counts = np.bincount(seeds)
        kept = np.isin(labels, np.flatnonzero(counts > 0.05 * counts.max())) & (labels > 0)
        return soft * cv2.dilate(kept.astype(np.uint8), self._disc(_STRAND))

    def _outline(self, size: float) -> Flags:
        """The face's outline, grown or shrunk about its middle."""
        middle = self.face.outline.mean(axis=0)
        points = middle + size * (self.face.outline - middle) - self.origin
        plane = np.zeros(self.inside.shape, np.uint8)
        cv2.fillPoly(plane, [np.round(points).astype(np.int32)], 1)
        return plane > 0

    def _in_body_frame(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Shoulder widths off the torso's axis, and torso lengths below the shoulders."""
        body = self.scene.body
        top, down = body.mid_shoulder * self.scene.scale, body.down
        aside = np.array([down[1], -down[0]])
        across = ((x - top[0]) * aside[0] + (y - top[1]) * aside[1]) / self.unit
        depth = ((x - top[0]) * down[0] + (y - top[1]) * down[1]) / (body.torso_length * self.scene.scale)
        return across.astype(np.float32), depth.astype(np.float32)

    def _disc(self, radius: float) -> NDArray[np.uint8]:
        size = 2 * max(1, round(radius * self.unit)) + 1
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _not_hair(cloth: Mixture | None, *hair: Mixture | None) -> Mixture | None:
    for one in hair:
        if cloth is not None and one is not None:
            cloth = cloth.without(one, within=_SAME, most=_MOSTLY)
    return cloth


def _sigmoid(logits: NDArray[np.floating]) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32)
