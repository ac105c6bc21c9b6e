"""Hair without what shows through it: a pixel of loose hair holds some of it and some of what is behind.

A mask tells where hair is, not how much of it: between strands it holds the old top's colour. Behind the hair
lies what is seen beside it (cloth, skin, a wall, each in the colour that it has nearby), so a pixel's colour
tells how far it lies on the way from that to the hair's own. Where the two are too alike to tell, as dark
hair on a dark top is, the mask stays as it is.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.hair import Face
from flixpose.fit.mixture import Mixture, fit_mixture
from flixpose.fit.painted import Painted
from flixpose.fit.stack import Region, Stack
from flixpose.imaging.colour import linear_to_srgb, srgb_to_lab, srgb_to_linear
from flixpose.imaging.filters import ramp

Plane = NDArray[np.float32]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

_SOME, _SOLID = 13, 230  # alpha from which on a mask holds hair, and holds nothing else
_BEYOND = 0.015  # shoulder widths beside the mask in which strands are looked for
_CLEAR, _AROUND = 0.02, 0.15  # shoulder widths beside it between which is what may be behind
_GRAIN = 0.012  # shoulder widths: local colours are looked at no finer
_REACHES = (0.06, 0.2, 0.6)  # shoulder widths: a colour comes from the nearest places that have it
_LESS = 1e-3  # what the next further places count beside nearer ones
_KINDS = 4  # of what lies behind
_OWN = 3.0  # standard deviations about a kind's colour that are its own
_HAIRS_OWN = (1.0, 2.0)  # standard deviations about hair's colours: from its own to others
_ASIDE = (3.5, 6.0)  # times that: a patch so far off is neither, nor a mixture ...
_DYED = 0.03  # ... on the mean of so many shoulder widths
_FAR = 0.08  # shoulder widths off a kind's nearest place that count as much as ...
_OFF = 0.03  # ... this much of value (the root of light) beside the way to the hair's colour
_CORE = 0.04  # shoulder widths within the mask, where hair has no gaps
_JAW = 0.02  # shoulder widths about the face that are its own
_FEW, _LINE = 20, 1024  # pixels
_EMPTY, _FULL = (0.03, 0.05), (0.92, 0.85)  # shares where no hair is, at least; all hair, at most; if untold
_MOSTLY_EMPTY, _MOSTLY_FULL = 90, 10  # per cent of such places
_APART = (0.35, 0.6)  # of value between hair and what is behind, from untold to told
_AT_RIM, _WITHIN = (0.08, 0.25), (0.3, 0.5)  # of the way between those two: from untold to told, by the mask
_BEHIND = (0.05, 0.2)  # parts of the way to hair's usual colour from which on others may be the hair's, too
_ALONE = (0.85, 1.0)  # ... between which a strand's own colour comes to be seen
_SHOWN = np.float32(0.5 / 255)  # of a pixel: cloth beside hair
_EVEN = 0.995  # a share of hair from which on nothing is behind
_TOP, _LOW = 0.35, 0.15  # lengths of the face above the chin, where hair is as the mask has it, and told
_NECK = -0.35  # above the chin: hair beside the neck lies on no top


@dataclass(frozen=True, eq=False)
class OwnHair:
    """Hair in its own colours, in a window of the person image.

    Attributes:
        corner: the window's first row and column. pixels: (h, w, 3) uint8 sRGB.
        share: (h, w) of hair. changed: (h, w) where pixels are not the photo's.
    """

    corner: tuple[int, int]
    pixels: Bytes
    share: Bytes
    changed: Flags

    @property
    def window(self) -> Region:
        """Rows and columns."""
        (top, left), (height, width) = self.corner, self.changed.shape
        return np.s_[top : top + height, left : left + width]


def unmix(person: Bytes, hair: Bytes, face: Face, unit: float) -> tuple[Bytes, OwnHair] | None:
    """How much hair there is in each pixel, and in which colour; None where none hangs.

    Args:
        person: (H, W, 3) sRGB. hair: (H, W) mask of head and hair. face: in the photo's pixels.
        unit: the shoulder width, pixels.

    Returns:
        (H, W) the share of hair; the mask itself where that is not told.
    """
    x, y, width, height = cv2.boundingRect((hair > _SOME).astype(np.uint8))
    room = int(_AROUND * unit) + 1
    high, wide = hair.shape
    window = np.s_[
        max(0, y - room) : min(y + height + room, high), max(0, x - room) : min(x + width + room, wide)
    ]
    loose = _Loose.of(person[window], hair[window], face, (window[1].start, window[0].start), unit)
    if loose is None:
        return None
    share, pixels = loose.unmixed()
    whole = hair.copy()
    whole[window] = share
    corner = window[0].start, window[1].start
    return whole, OwnHair(corner, pixels, share, (pixels != person[window]).any(axis=2))


def hair_over_cloth(painted: Painted, hair: OwnHair | None, stack: Stack) -> Painted:
    """Hair in its own colours where cloth is drawn behind it, which hides what was seen through it."""
    if hair is None:
        return painted
    rows, columns = (
        slice(max(one.start, other.start), min(one.stop, other.stop))
        for one, other in zip(hair.window, stack.region, strict=True)
    )
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return painted
    own, cloth = _within(hair.window, rows, columns), _within(stack.region, rows, columns)
    at = hair.changed[own] & (stack.seen[cloth] > _SHOWN)
    if not at.any():
        return painted
    # What of the cloth is seen beside the hair is as much as would be seen without it.
    free = (255 - hair.share[own][at]) * np.float32(1 / 255)
    painted, part = painted.own(), np.minimum(stack.seen[cloth][at] / free, 1)[:, None]
    picture = painted.picture[rows, columns]
    picture[at] = linear_to_srgb(
        part * srgb_to_linear(hair.pixels[own][at]) + (1 - part) * srgb_to_linear(picture[at])
    )
    painted.mask.alpha[rows, columns][at] = 255
    return painted


def _within(region: Region, rows: slice, columns: slice) -> Region:
    """Rows and columns of the photo, counted from a region's corner."""
    top, left = region[0].start, region[1].start
    return np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


@dataclass(frozen=True, eq=False)
class _Loose:
    """The hair that hangs below the chin: N pixels; and a coarse grid of what is around.

    Attributes:
        pixels: (h, w, 3) sRGB. hair: (h, w) mask.
        spots: (N,) pixels that may hold hair, counted row by row.
        told: (N,) whether it is asked, in [0, 1].
        core: (h', w') of the grid, hair without gaps. step: pixels between the grid's places.
        unit: the shoulder width, pixels.
    """

    pixels: Bytes
    hair: Bytes
    spots: NDArray[np.intp]
    told: Plane
    core: Flags
    step: int
    unit: float

    @classmethod
    def of(
        cls, pixels: Bytes, hair: Bytes, face: Face, corner: tuple[int, int], unit: float
    ) -> "_Loose | None":
        """None where no hair hangs. `corner`: of the window, (x, y)."""
        rows, columns = np.ogrid[: hair.shape[0], : hair.shape[1]]
        above = face.above_chin(columns + np.float32(corner[0] + 0.5), rows + np.float32(corner[1] + 0.5))
        jaw = np.zeros_like(hair)
        outline = [np.round(face.outline - corner).astype(np.int32)]
        cv2.fillPoly(jaw, outline, 1)
        cv2.polylines(jaw, outline, True, 1, max(1, round(2 * _JAW * unit)))
        spots = np.flatnonzero((_grown(hair, _BEYOND * unit) > _SOME) & (above < _TOP) & (jaw == 0))
        if np.count_nonzero(hair.ravel()[spots] > _SOME) < _FEW:
            return None
        step = max(1, round(_GRAIN * unit))
        core = (cv2.erode(hair, _disc(_CORE * unit)) > _SOLID) & (above > _NECK) & (jaw == 0)
        told = ramp(_TOP - above.ravel()[spots], 0, _TOP - _LOW)
        return cls(pixels, hair, spots, told, core[::step, ::step], step, unit)

    def unmixed(self) -> tuple[Bytes, Bytes]:
        """(h, w) the share of hair, and (h, w, 3) its colours in sRGB."""
        kinds, hairs = self._kinds(), self._hairs
        if not kinds or hairs is None:
            return self.hair, self.pixels
        behind = [self._local(kind) for kind in kinds]
        hair = self._local(self._pure(hairs))
        ways = [self._way(hair, field, kind) for field, kind in zip(behind, kinds, strict=True)]
        nearest = np.argmin([way.cost for way in ways], axis=0)
        share, part, trust = (
            np.stack(each)[nearest, np.arange(len(nearest))]
            for each in zip(*((way.share, way.part, way.trust) for way in ways), strict=True)
        )
        trust = self._smooth(trust, _GRAIN * self.unit) * self.told
        # Strands go on beside solid hair; a neck in its shade has its colour, and a soft mask.
        solid = np.where(self.hair > _SOLID, self.hair, 0).astype(np.uint8)
        masked, beside = self._masked(self.hair), self._masked(_grown(solid, _BEYOND * self.unit))
        rim = np.maximum(masked, beside)
        like = self._like_hair(hairs) * ramp(part, *_BEHIND)
        share = np.maximum(np.minimum(share, rim), masked * like)
        share = trust * share + (1 - trust) * masked
        part = np.maximum(part, like)
        return self._put(share, part, self._colours(part, self._at(hair), trust))

    @cached_property
    def grid(self) -> Plane:
        """(h', w', 3) light at the grid's places."""
        return srgb_to_linear(self.pixels[:: self.step, :: self.step])

    @cached_property
    def light(self) -> Plane:
        """(N, 3)"""
        return srgb_to_linear(self.pixels.reshape(-1, 3)[self.spots])

    def _kinds(self) -> list[Plane]:
        """(h', w') where each kind of what is beside the hair lies, 0 or 1."""
        near, around = (_grown(self.hair, reach * self.unit) > _SOME for reach in (_CLEAR, _AROUND))
        beside = (around & ~near)[:: self.step, :: self.step]
        mixture = fit_mixture(self._lab[beside], count=_KINDS)
        if mixture is None:
            return []
        away = np.stack([mixture.of(np.array([k])).deviations(self._lab) for k in range(len(mixture.shares))])
        own = beside & (away.min(axis=0) < _OWN)
        found = [(own & (away.argmin(axis=0) == k)).astype(np.float32) for k in range(len(away))]
        return [kind for kind in found if kind.any()]

    def _local(self, where: Plane) -> Plane:
        """(h', w', 3) the light of what is chosen, as it is nearest to each place of the grid."""
        chosen = np.dstack([self.grid * where[..., None], where])
        total = np.zeros_like(chosen)
        for number, reach in enumerate(_REACHES):
            side = 2 * max(1, round(reach * self.unit / self.step)) + 1
            for _ in range(2):
                near = cv2.blur(chosen, (side, side), borderType=cv2.BORDER_CONSTANT)
            total += np.float32(_LESS**number) * near
        return np.asarray(total[..., :3] / np.maximum(total[..., 3:], 1e-12), np.float32)

    @cached_property
    def _hairs(self) -> Mixture | None:
        """The colours of hair without gaps."""
        return fit_mixture(self._lab[self.core])

    @cached_property
    def _lab(self) -> Plane:
        """(h', w', 3) of the grid."""
        return srgb_to_lab(np.ascontiguousarray(self.pixels[:: self.step, :: self.step]))

    def _pure(self, hairs: Mixture) -> Plane:
        """(h', w') where there is hair alone, as far as colours tell."""
        solid = self.hair[:: self.step, :: self.step] > _SOLID
        return (1 - ramp(hairs.deviations(self._lab), *_HAIRS_OWN)) * solid

    def _like_hair(self, hairs: Mixture) -> Plane:
        """(N,) whether colours are among those of hair alone: lights on it are no gaps."""
        lab = srgb_to_lab(self.pixels.reshape(-1, 3)[self.spots])
        return 1 - ramp(hairs.deviations(lab), *_HAIRS_OWN)

    def _way(self, hair: Plane, behind: Plane, kind: Plane) -> "_Way":
        """From the light of one kind, (h', w', 3), to the hair's."""
        coarse = _share(self.grid, behind, hair)
        empty = _usual(coarse[kind > 0], _MOSTLY_EMPTY, _EMPTY[1])
        full = _usual(coarse[self.core], _MOSTLY_FULL, _FULL[1])
        empty, full = max(empty, _EMPTY[0]), min(full, _FULL[0])
        start, end = self._at(behind), self._at(hair)
        share = _share(self.light, start, end)
        on_way = start + np.clip(share, 0, 1)[:, None] * (end - start)
        off = np.square(np.sqrt(self.light) - np.sqrt(on_way)).sum(axis=1) / np.float32(_OFF**2)
        far = cv2.distanceTransform((kind == 0).astype(np.uint8), cv2.DIST_L2, 3) * (self.step / self.unit)
        off = self._smooth(off, 1.0)
        cost = off + np.square(self._at(far) / np.float32(_FAR))
        within = self._masked(self.hair)
        from_, to = ((1 - within) * rim + within * deep for rim, deep in zip(_AT_RIM, _WITHIN, strict=True))
        trust = np.clip((full - empty - from_) / (to - from_), 0, 1)
        trust *= ramp(np.linalg.norm(np.sqrt(end) - np.sqrt(start), axis=1), *_APART)
        trust *= 1 - ramp(self._smooth(off, _DYED * self.unit), _ASIDE[0] ** 2, _ASIDE[1] ** 2)
        return _Way(ramp(share, empty, max(full, empty + 0.05)), np.clip(share, 0, 1), cost, trust)

    def _colours(self, part: Plane, usual: Plane, trust: Plane) -> Plane:
        """(N, 3) light of the hair alone: the photo's where it is nearly alone, the usual where it is thin.

        What is behind is not taken out of the photo's colour: a kind that is mistaken would tint the strands.
        """
        known = ramp(part, *_ALONE)[:, None]
        clean = known * self.light + (1 - known) * usual
        return np.asarray(trust[:, None] * clean + (1 - trust)[:, None] * self.light, np.float32)

    def _put(self, share: Plane, part: Plane, light: Plane) -> tuple[Bytes, Bytes]:
        """(h, w) and (h, w, 3): shares and colours of the spots; hair alone and no hair as in the photo."""
        mask, pixels = self.hair.copy(), self.pixels.copy()
        mask.ravel()[self.spots] = np.rint(255 * share)
        mixed = (share > 0.5 / 255) & (part < _EVEN)
        pixels.reshape(-1, 3)[self.spots[mixed]] = linear_to_srgb(light[mixed])
        return mask, pixels

    def _masked(self, mask: Bytes) -> Plane:
        """(N,) of a mask, in [0, 1]."""
        return mask.ravel()[self.spots] * np.float32(1 / 255)

    def _at(self, field: Plane) -> Plane:
        """(N, ...) of the grid's (h', w', ...) at the spots."""
        rows, columns = np.divmod(self.spots, self.hair.shape[1])
        # In lines: OpenCV counts neither rows nor columns of a picture beyond 32,767.
        fill = -len(self.spots) % _LINE
        x, y = (
            np.pad(places.astype(np.float32) / self.step, (0, fill)).reshape(-1, _LINE)
            for places in (columns, rows)
        )
        found = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32).reshape(-1, *field.shape[2:])[: len(self.spots)]

    def _smooth(self, values: Plane, radius: float) -> Plane:
        """(N,) averaged over the spots around each."""
        side = 2 * max(1, round(radius)) + 1
        planes = np.zeros((*self.hair.shape, 2), np.float32)
        planes.reshape(-1, 2)[self.spots] = np.column_stack([values, np.ones_like(values)])
        total, count = cv2.split(cv2.blur(planes, (side, side), borderType=cv2.BORDER_CONSTANT))
        return np.asarray(total.ravel()[self.spots] / count.ravel()[self.spots], np.float32)


@dataclass(frozen=True, eq=False)
class _Way:
    """From one kind of what is behind to hair, at N spots.

    Attributes:
        share: of hair. part: of the way to its usual colour, beyond which some hair lies.
        cost: how badly that explains the colours seen. trust: in it.
    """

    share: Plane
    part: Plane
    cost: Plane
    trust: Plane


def _share(light: Plane, start: Plane, end: Plane) -> Plane:
    """(...) how far colours lie on the way from one to another; not clipped."""
    way = end - start
    found = ((light - start) * way).sum(axis=-1) / np.maximum(np.square(way).sum(axis=-1), 1e-6)
    return np.asarray(found, np.float32)


def _usual(shares: Plane, percent: int, untold: float) -> float:
    return float(np.percentile(shares, percent)) if len(shares) >= _FEW else untold


def _disc(radius: float) -> Bytes:
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _grown(mask: NDArray, radius: float) -> NDArray:
    """The greatest value within a square around each place."""
    size = 2 * max(1, round(radius)) + 1
    return cv2.dilate(mask, np.ones((size, size), np.uint8))
