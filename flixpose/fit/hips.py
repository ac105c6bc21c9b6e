"""Lower clothes carried up over the hips, where an old top reached further down than the new one does.

Under its hem they are seen: how they are shaded from one side to the other, their grain, and where they end.
Above it they go on with that shading, which gets the smoother the further up, and with grain alone: pockets,
seams and belt loops are not repeated. Their outline is the old top's where that lies on the body, and comes
to it from their own edge; where a hand hides their edge, they reach as far as the old top did.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.patching import Plane, Window, around_body, fill_from, square
from flixpose.imaging.edges import decontaminate
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

Floats = NDArray[np.float64]

_TOP, _FOOT, _ASIDE = (
    0.72,
    1.6,
    0.85,
)  # torso lengths: waist and thighs; shoulder widths aside: what is looked at
_SHOWS = 76  # alpha of old clothes that show
_NEAR = 0.25  # shoulder widths that cloth goes on without anything new
_WAISTBAND = 0.82  # torso lengths: above this trousers end
_HIGHEST = 0.5  # shoulder widths that they are carried up at most
_GAP = 0.012  # shoulder widths between a top and what is seen below it
_RUN = 0.04  # shoulder widths of lower clothes under a hem, or a column tells nothing
_AS_THERE, _STEEPEST = 0.1, 0.5  # shoulder widths of a hem that tell how it goes on, and how steep it may
_JUMP = 0.03  # shoulder widths
_FEWEST = 0.2  # shoulder widths of columns that tell
_SHADE = 0.022  # shoulder widths below a hem that lie in its shade
_FADE = 0.02  # shoulder widths below that over which the photo takes over again
_PROFILE = 0.05  # shoulder widths below the shade that tell the shading
_SPREAD = 0.6  # of the way up: so far colours mix
_LOOP = 0.05  # shoulder widths: belt loops and seams are no broader, and are not carried up
_FINEST = 0.012  # shoulder widths over which a hem's column of colours is smoothed
_GRAIN = 0.008  # shoulder widths: what is finer is grain
_PLENTY = 0.07  # shoulder widths of it, or it repeats itself
_DEEPEST = 0.12  # shoulder widths of cloth that lend their grain
_SEAM = 2.2  # times the usual strength of grain: there is a seam
_CLIP = 2.5  # standard deviations of grain: what is stronger is a seam
_EDGE_ROWS = (0.01, 0.06)  # shoulder widths below a hem in which the edge is looked for
_BEYOND = 0.04  # shoulder widths beyond an edge in which background is seen, or it is hidden
_SOME = 0.25  # of the rows
_LEAST_GAP = 2  # pixels of background there
_BENDS = 0.16  # shoulder widths over which the edge comes to the old top's
_SMOOTH = 0.012  # shoulder widths over which outlines are smoothed
_BETWEEN = 0.06  # shoulder widths: what shows between the fingers of a hand at the hem is no larger
_SHUT = 0.015  # shoulder widths: half of a gap between an old top and an arm that is none
_RIM = 0.010  # shoulder widths around a remnant that its soft edge reaches
_EDGE_ROOM = 0.06  # shoulder widths around an arm's soft edge that tell its colour
_CALM = 0.02  # shoulder widths beside the person whose background is not carried on
_FINE = 0.006  # shoulder widths: structure of the background finer than this is mirrored


def carry_up(
    before: Painted,
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
) -> Painted:
    """What shows of an old top below a new one's hem turned into lower clothes.

    Args:
        seen: (H, W) how much of each pixel the garment covers. worn: (H, W) the old clothes.
    """
    if not occluders.parted:
        return before
    here = around_body(body, _ASIDE, (_TOP, _FOOT), worn.shape)
    if not (before.left.alpha[here] > _SHOWS).any():
        return before
    hips = _Hips(here, before, seen[here], worn[here], body, occluders, person_mask.alpha[here])
    if not hips.told:
        return before
    hole = hips.hole()
    if not hole.any():
        return before
    pixels, bare = hips.painted(hole)
    return before.changed(here, pixels, hole, bare, hole & hips.shows & hips.far(body, here))


class _Hips:
    """A window around the hips; rows and columns are its own.

    Attributes:
        shows: (h, w) old clothes that show. hem: (w,) first row below the old top.
        tells: (w,) which columns show it over lower clothes. told: whether enough of them do.
        sides: (h,) twice, columns where the lower clothes begin and end in each row above the hem.
    """

    def __init__(
        self,
        here: Window,
        before: Painted,
        seen: NDArray[np.uint8],
        worn: NDArray[np.uint8],
        body: Body,
        occluders: Occluders,
        person: NDArray[np.uint8],
    ) -> None:
        self.unit, self.seen, self.person = body.shoulder_width, seen, person
        self.pixels, self.left = before.picture[here], before.left.alpha[here]
        self.arms, self.head = occluders.arms.alpha[here], occluders.head.alpha[here]
        self.top, self.worn = worn > 127, worn
        self.lower = (occluders.worn_lower.alpha[here] > 127) & (self.arms < 26)
        self.nothing = cv2.max(cv2.max(worn, self.arms), occluders.worn_lower.alpha[here]) < 64
        self.shows = self.left > _SHOWS
        # What lies between an old top and an arm may seem to be nobody's.
        shut = np.ones((2 * self.length(_SHUT) + 1,) * 2, np.uint8)
        self.whole = cv2.morphologyEx(cv2.max(cv2.max(person, worn), self.arms), cv2.MORPH_CLOSE, shut)
        self.rows, self.columns = np.indices(worn.shape)
        self.tells, self.hem = self._find_hem()
        self.told = int(self.tells.sum()) >= _FEWEST * self.unit and self._hangs(body, here)
        if self.told:
            self.sides = self._find_sides()

    def length(self, share: float) -> int:
        """Pixels, one at least."""
        return max(1, round(share * self.unit))

    def _find_hem(self) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """(w,) which columns show the old top's hem; (w,) its row, elsewhere as it goes on."""
        gap, run = self.length(_GAP), self.length(_RUN)
        below = cv2.erode(self.lower.view(np.uint8), np.ones((run, 1), np.uint8), anchor=(0, 0)) > 0
        border = np.zeros_like(self.top)
        border[:-gap] = self.top[:-gap] & below[gap:]
        tells = np.asarray(border.any(axis=0), bool)
        last = border.shape[0] - 1 - np.argmax(border[::-1], axis=0)
        where = np.flatnonzero(tells)
        if not len(where):
            return tells, last
        # A shade beside an arm may look like lower clothes: hems do not jump.
        near = self.length(_AS_THERE)
        own = np.abs(last[where] - _running_median(last[where], near)) < self.length(_JUMP)
        tells[where[~own]] = False
        where = where[own]
        columns, known = np.arange(len(tells)), last[where] + 1.0
        found = np.interp(columns, where, known)
        for end, beside in ((0, columns < where[0]), (-1, columns > where[-1])):  # hems go on as they went
            own = np.abs(where - where[end]) <= near
            slope = np.polyfit(where[own], known[own], 1)[0] if own.sum() > near // 2 else 0.0
            off = np.clip(columns[beside] - where[end], -near, near)
            found[beside] += np.clip(slope, -_STEEPEST, _STEEPEST) * off
        ends = border.shape[0] - np.argmax(self.top[::-1], axis=0)
        follows = ~tells & self.top.any(axis=0) & (np.abs(ends - found) < 2 * self.length(_JUMP))
        found[follows] = ends[follows]
        return tells, np.rint(found).clip(0, len(border) - 1).astype(np.intp)

    def hole(self) -> Plane:
        """(h, w) what is to be painted: remnants that hang below the garment down to the old hem."""
        above = self.seen > 127
        under = np.where(above.any(axis=0), above.shape[0] - 1 - np.argmax(above[::-1], axis=0), -1)
        has = np.flatnonzero(under >= 0)
        if not len(has):
            return np.zeros_like(self.shows)
        ends = np.interp(np.arange(len(under)), has, under[has])
        hem, reach = self.hem[None], self.length(_RIM)
        hangs = self.shows & (self.rows > ends - reach) & (self.rows < hem + self.length(_BETWEEN))
        count, labels, stats = find_pieces(hangs)
        own = np.zeros(count, bool)
        own[labels[hangs & (np.abs(self.rows - hem) < 2 * reach) & self.tells[None]]] = True
        own &= stats[:, cv2.CC_STAT_HEIGHT] < _HIGHEST * self.unit
        if own.any():  # and what lies between fingers
            own |= stats[:, cv2.CC_STAT_AREA] < self.length(_BETWEEN) ** 2
        own[0] = False
        whole = own[labels]
        rim = cv2.dilate(whole.view(np.uint8), square(_RIM * self.unit)) > 0
        free = (self.arms < 255) & (self.head < 128) & (self.seen < 255)
        # What lies in the shade between a top and an arm is neither.
        shut = cv2.morphologyEx(
            (whole | (self.arms > 127)).view(np.uint8), cv2.MORPH_CLOSE, square(_SHUT * self.unit)
        )
        shut = (shut > 0) & (cv2.dilate(whole.view(np.uint8), square(2 * _SHUT * self.unit)) > 0)
        shut &= (self.rows < hem + reach) & (self.rows > ends - reach) & (self.person > 127)
        shade = np.asarray(whole.any(axis=0), bool)[None] & (self.rows >= hem)
        shade &= self.rows < hem + self.length(_SHADE + _FADE)
        beside = (self.worn > 12) & (cv2.dilate(whole.view(np.uint8), square(2 * _SHUT * self.unit)) > 0)
        beside &= self.rows < hem + 2 * reach
        return free & (whole | rim | shut | beside | (shade & self.lower))

    def far(self, body: Body, here: Window) -> Plane:
        """(h, w) what lies far above the old hem, or where a waistband is to be expected."""
        above = self.rows < self.hem[None] - self.length(_NEAR)
        depths = _depths(self.columns + here[1].start, self.rows + here[0].start, body)
        return np.asarray(above | (depths < _WAISTBAND), bool)

    def _hangs(self, body: Body, here: Window) -> bool:
        """Whether the old top hangs over the lower clothes; else it ends at their waistband, which shows."""
        columns = np.flatnonzero(self.tells)
        depths = _depths(columns + here[1].start, self.hem[columns] + here[0].start, body)
        return float(np.median(depths)) > _WAISTBAND

    def _find_sides(self) -> tuple[Floats, Floats]:
        """(h,) twice, columns: where the lower clothes begin and end in each row above the hem."""
        return self._side(-1), self._side(1)

    def _side(self, sign: int) -> Floats:
        """The outline on one side of the window, -1 for its left."""
        where = np.flatnonzero(self.tells)
        outermost = int(where[0] if sign < 0 else where[-1])
        hem = int(self.hem[outermost])
        old = self._reach(self.top, sign, outermost)
        old[max(hem - self.length(_GAP), 0) :] = old[max(hem - self.length(_GAP), 0)]
        edge = self._own_edge(sign, hem, outermost)
        if edge is None:
            return np.full(len(old), sign * np.inf)
        rows = np.arange(len(old))
        share = np.clip((hem - rows) / self.length(_BENDS), 0.0, 1.0)
        # `sign * (edge - old)`: by how much the lower clothes are wider than the top over them.
        wider = sign * (edge - old[min(max(hem - 1, 0), len(old) - 1)])
        if wider > 0:
            return np.asarray(old + sign * wider * np.square(1 - share), np.float64)
        return np.asarray(np.minimum(sign * old, sign * edge) * sign, np.float64)

    def _reach(self, plane: Plane, sign: int, start: int) -> Floats:
        """(h,) how far a plane reaches in each row on one side, smoothed; where it is not seen, as beside."""
        line = plane if sign > 0 else plane[:, ::-1]
        found = line.shape[1] - np.argmax(line[:, ::-1], axis=1).astype(np.float64)
        found = found if sign > 0 else line.shape[1] - found
        has = np.flatnonzero(plane.any(axis=1))
        if not len(has):
            return np.full(len(plane), float(start))
        whole = np.interp(np.arange(len(plane)), has, found[has])
        sigma = max(1.0, _SMOOTH * self.unit)
        return np.asarray(
            cv2.GaussianBlur(whole[:, None], (1, 0), sigma, borderType=cv2.BORDER_REPLICATE)[:, 0], np.float64
        )

    def _own_edge(self, sign: int, hem: int, outermost: int) -> float | None:
        """The column where the lower clothes end just below the hem; None where something hides it."""
        first, last = (hem + self.length(share) for share in _EDGE_ROWS)
        band = self.lower[first:last].copy()
        off = sign * (np.arange(band.shape[1]) - outermost)
        band[:, off > self.length(_AS_THERE)] = False
        if not len(band) or not band.any(axis=1).all():
            return None
        ends = band.shape[1] - np.argmax(band[:, ::-1], axis=1) if sign > 0 else np.argmax(band, axis=1)
        beyond = ends + sign * np.arange(self.length(_BEYOND))[:, None]
        rows = np.broadcast_to(np.arange(first, first + len(ends)), beyond.shape)
        seen = (beyond >= 0) & (beyond < band.shape[1])
        beyond = beyond.clip(0, band.shape[1] - 1)
        free = (self.nothing[rows, beyond] & seen).sum(axis=0) >= max(_LEAST_GAP, self.length(_GAP / 2))
        return float(np.median(ends[free])) if free.mean() > _SOME else None

    def _inside(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """How much of each pixel lies between both sides."""
        low, high = self.sides
        within = np.clip(np.minimum(columns + 1 - low[rows], high[rows] - columns), 0, 1)
        middle = np.median(np.flatnonzero(self.tells))
        hidden = np.where(columns < middle, np.isinf(low[rows]), np.isinf(high[rows]))
        return np.where(hidden, self.whole[rows, columns] / 255, within).astype(np.float32)

    def painted(self, hole: Plane) -> tuple[NDArray[np.uint8], Plane]:
        """(h, w, 3) the window's pixels; (h, w) where background was painted."""
        pixels = self.pixels.copy()
        rows, columns = np.nonzero(hole)
        cover = self._inside(rows, columns)
        cover[self.lower[rows, columns]] = 1
        bare = np.zeros_like(hole)
        bare[rows[cover < 1], columns[cover < 1]] = True
        if bare.any():
            calm = cv2.erode((self.person < 16).astype(np.uint8), square(_CALM * self.unit)) > 0
            fill_from(pixels, bare, calm & ~hole & (self.worn < 26), self.unit, _FINE)
        cloth = self._shading(rows, columns) + self._grain(rows, columns)
        below = (rows - self.hem[columns] - self.length(_SHADE)) / self.length(_FADE)
        laid = (cover * np.clip(1 - below, 0, 1))[:, None]
        mixed = laid * cloth + (1 - laid) * pixels[rows, columns]
        arm = self.arms[rows, columns] / 255
        if (soft := arm > 0).any():  # an arm's soft edge, without what it held of the old top
            own = self._own_colours(rows[soft], columns[soft])
            mixed[soft] = arm[soft, None] * own + (1 - arm[soft, None]) * mixed[soft]
        pixels[rows, columns] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        bare[rows[cover > 0.5], columns[cover > 0.5]] = False
        return pixels, bare

    def _own_colours(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint8]:
        """(P, 3) the arms' colours at their soft edges."""
        room = self.length(_EDGE_ROOM)
        y, x = max(0, int(rows.min()) - room), max(0, int(columns.min()) - room)
        here = np.s_[y : int(rows.max()) + room, x : int(columns.max()) + room]
        return decontaminate(self.pixels[here], self.arms[here])[rows - y, columns - x]

    def _shading(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
        """(P, 3) the colours below the hem, carried up: the further the smoother."""
        levels = self._profile()
        low, high = (np.clip(side, 0, len(self.hem)) for side in self.sides)
        foot = np.clip(self.hem[columns] - 1, 0, len(low) - 1)
        across = (columns + 0.5 - low[rows]) / np.maximum(high[rows] - low[rows], 1.0)
        place = np.clip(low[foot] + across * (high[foot] - low[foot]) - 0.5, 0, len(self.hem) - 1)
        up = np.maximum(self.hem[columns] - rows, 0)
        level = np.log2(np.maximum(_SPREAD * up / self.length(_FINEST), 1.0)).clip(0, len(levels) - 1.001)
        share, at = level - np.floor(level), np.floor(level).astype(int)
        numbers = np.arange(len(self.hem))
        found = np.zeros((len(rows), 3))
        for number in range(len(levels)):
            for weight, mine in ((1 - share, at == number), (share, at + 1 == number)):
                for k in range(3):
                    found[mine, k] += weight[mine] * np.interp(place[mine], numbers, levels[number][:, k])
        return found

    def _profile(self) -> list[Floats]:
        """(w, 3) each: the mean colour of every column below the hem's shade, smoothed more and more."""
        first, count = self.length(_SHADE), self.length(_PROFILE)
        rows = self.hem[None] + first + np.arange(count)[:, None]
        columns = np.broadcast_to(np.arange(len(self.hem)), rows.shape)
        ok = (rows < len(self.lower)) & self.tells[None]
        rows = rows.clip(0, len(self.lower) - 1)
        ok &= self.lower[rows, columns]
        weight = ok.sum(axis=0)
        mean = (self.pixels[rows, columns] * ok[..., None]).sum(axis=0) / np.maximum(weight, 1)[:, None]
        where = np.flatnonzero(weight)
        plain = [_running_median(mean[where, k], self.length(_LOOP)) for k in range(3)]
        spread = np.stack([np.interp(np.arange(len(weight)), where, one) for one in plain], axis=1)
        sigmas = self.length(_FINEST) * np.exp2(np.arange(6))
        return [
            np.asarray(
                cv2.GaussianBlur(spread[None], (0, 0), float(sigma), borderType=cv2.BORDER_REPLICATE)[0],
                np.float64,
            )
            for sigma in sigmas
        ]

    def _grain(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
        """(P, 3) fine structure of the cloth below the hem, mirrored upwards again and again."""
        fine, start, deep = self._below_hem()
        good = np.flatnonzero((deep >= self.length(_PLENTY)) & self.tells)
        if len(good) < self.length(_FEWEST):
            good = np.flatnonzero((deep >= self.length(_RUN) - 2) & self.tells)
        if not len(good):
            return np.zeros((len(rows), 3))
        # Beside them, as in a mirror.
        first, last = good[0], good[-1]
        period = max(2 * (last - first), 1)
        folded = (np.arange(len(start)) - first) % period
        folded = first + np.where(folded <= last - first, folded, period - folded)
        after = np.searchsorted(good, folded).clip(0, len(good) - 1)
        before = (after - 1).clip(0)
        nearest = np.where(folded - good[before] < good[after] - folded, good[before], good[after])
        source = nearest[columns]
        turn = np.maximum(deep[source] - 1, 1)
        up = np.abs(self.hem[columns] - rows - 1) % (2 * turn)
        place = start[source] + np.where(up < turn, up, 2 * turn - up)
        found = fine[place.clip(0, len(fine) - 1), source].astype(np.float64)
        usual = 1.4826 * np.median(np.abs(found), axis=0) + 0.5
        return np.clip(found, -_CLIP * usual, _CLIP * usual)

    def _below_hem(self) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
        """(b, w, 3) fine structure of a band below the hem; (w,) twice, where in it plain cloth begins under
        the hem's shade, and how far it goes down."""
        shade, deepest = self.length(_SHADE), self.length(_DEEPEST)
        hem = self.hem[self.tells]
        top, foot = max(0, int(hem.min()) - shade), int(hem.max()) + 2 * shade + deepest
        lower, pixels = self.lower[top:foot], self.pixels[top:foot]
        share = lower.astype(np.float32)
        sigma = max(1.0, _GRAIN * self.unit)
        known = cv2.GaussianBlur(np.dstack([pixels * share[..., None], share]), (0, 0), sigma)
        fine = (pixels - known[..., :3] / np.maximum(known[..., 3:], 1e-3)) * share[..., None]
        firm = cv2.erode(lower.view(np.uint8), square(2 * _GRAIN * self.unit)) > 0
        strong = cv2.blur(np.abs(fine).sum(axis=2), (2 * shade + 1, 2 * shade + 1))
        firm &= strong < _SEAM * np.median(strong[firm]) if firm.any() else firm
        start = np.clip(self.hem + shade - top, 0, len(firm) - 1)
        broken = ~firm & (np.arange(len(firm))[:, None] >= start[None])
        deep = np.where(broken.any(axis=0), np.argmax(broken, axis=0), len(firm)) - start
        return fine, start, np.minimum(deep, deepest)


def _depths(columns: NDArray[np.intp], rows: NDArray[np.intp], body: Body) -> Floats:
    """Torso lengths below the shoulders, of pixels of the photo."""
    (x, y), (right, down) = body.mid_shoulder, body.down
    return np.asarray(((columns - x) * right + (rows - y) * down) / body.torso_length, np.float64)


def _running_median(values: NDArray[Any], count: int) -> Floats:
    """(N,) of as many on both sides, fewer at the ends."""
    padded = np.pad(values, count, mode="reflect" if len(values) > count else "edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * count + 1), axis=1))
