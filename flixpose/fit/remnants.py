"""What still shows of the person's own clothes beside a draped garment, and painting over what is small.

A remnant is painted with what lies nearest to it: background, skin, or the clothes that stay on. Nothing is
taken from hair and face, and from forearms and hands only for slivers beside them; a remnant that is large or
far from its surroundings is left to be seen.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.bare_arms import BareArm, paint_skin
from flixpose.fit.bared import bare_upper_body
from flixpose.fit.body import Body
from flixpose.fit.crumbs import old_clothes, without_crumbs, without_leggings
from flixpose.fit.enclosed import open_out
from flixpose.fit.flanks import flanks
from flixpose.fit.hips import carry_up
from flixpose.fit.nook import beside_edge
from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.patches import Patch, share_out
from flixpose.fit.patching import (
    LEAST_EDGE,
    MOST_DEPTH,
    Plane,
    Window,
    around,
    copy_mirrored,
    distance,
    distances,
    fill_from,
    forbid,
    grown,
    square,
)
from flixpose.fit.remnant import Remnant
from flixpose.fit.setting import (
    ARM,
    BACKGROUND,
    BARE_ARM,
    BESIDE_HIDDEN,
    BESIDE_LEGS,
    BESIDE_NECK,
    FREE,
    HIDDEN_ARM,
    NO_HEAD,
    NOOK,
    NOOK_EDGE,
    OUTSIDE,
    PERSON,
    RIM,
    SKIN,
    STAYS,
    TRUNK,
    UPPER_ARM,
    Setting,
    look_around,
)
from flixpose.fit.slits import Slits, beside_background
from flixpose.fit.under_lace import skin_under_lace, within_outline
from flixpose.garment.kinds import LEGGED, group
from flixpose.geometry.threads import gathered
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

# A remnant is painted up to these; larger ones stay as they are and are told.
MOST_AREA = 0.12  # of the seen garment, each
MOST_TOTAL = 0.16  # of the seen garment, all together
# The same on neck, shoulders and chest, where there is skin below and nothing else; and shoulder widths that
# skin is carried on there.
MOST_SKIN, MOST_SKIN_TOTAL, _FAR_SKIN = 0.18, 0.22, 0.34
_ON_SKIN = 0.9  # of a remnant that lies there

_SEEN = 0.30  # of a pixel: less of the old clothes does not show
_SLEEVE, _LARGE = 0.5, 0.1  # of a remnant beside an arm, and square shoulder widths: it is a sleeve
_DEEP = 0.02  # of a remnant's area: a tip between fingers may lie far from everything
_THIN = 0.014  # shoulder widths: half of a sliver's breadth
_EDGE = 0.010  # shoulder widths beyond a remnant that its seam, and the shade it throws, are painted, too
_FAR_RIM = 3  # times as far background goes on where nothing else may be
_RELUCTANCE = 0.04  # shoulder widths by which a forearm must be nearer than anything else to lend its colour
_AT_HAND = 2.0  # before trousers and skirts a hand lends its colour where background is so many times as far
_NEAR = 4 * RIM  # shoulder widths: a sliver further from the garment is not the garment's business
_TAPER = 0.08  # ... unless it is the tip of something broad, as far from that
# Shoulder widths: structure finer than this is mirrored; large folds would show twice.
_GRAINS = (0.03, 0.006, 0.04, 0.03)
_BORDER = 0.02  # shoulder widths over which the border of painted skin and background is smooth
_SOFT = 0.8  # pixels over which an outline that is known is soft
_FAR_ARM = 0.6  # shoulder widths from a hidden arm at which skin of it is seen
_SLEEVE_END = 0.07  # shoulder widths beside a painted sleeve in which its inside shows
_HALO = 0.02  # shoulder widths beside the person whose background is not carried on behind a sleeve


def paint_remnants(
    person: NDArray[np.uint8],
    seen: NDArray[np.uint8],
    kind: str,
    body: Body,
    occluders: Occluders,
    person_mask: Mask | None,
    slits: Slits | None = None,
) -> Painted:
    """Paint over what is small of the old clothes beside the garment.

    Args:
        person: (H, W, 3) sRGB. seen: (H, W) how much of each pixel the garment covers.
        kind: of the garment; outwear is worn over the clothes below it, which stay.
        slits: of `beside_background`, where they were looked for before.
    """
    occluders = replace(occluders, worn_upper=without_crumbs(occluders.worn_upper, body))
    worn = old_clothes(occluders, kind)
    left = cv2.multiply(worn, 255 - seen, scale=1 / 255)
    blank = np.zeros(seen.shape, np.uint8)
    result = Painted(person, Mask(blank), blank > 0, Mask(left), blank)
    if person_mask is None:
        return result
    lower = group(kind) == "lower"
    setting = look_around(person, body, occluders, person_mask, lower=lower)
    arms = setting.arms
    slits = slits or beside_background(seen, kind, body, occluders, person_mask)
    rims, blind = slits.open, None
    if slits.blind is not None:  # whatever would be painted there, cloth it is not
        blind = cv2.min(left, cv2.subtract(slits.blind, rims))
        worn, result = cv2.subtract(worn, slits.blind), replace(result, left=Mask(left - blind))
    if kind not in LEGGED:  # a narrow gap between trouser legs is no opening of lace
        result = skin_under_lace(
            result, seen, worn, body, occluders, person_mask, arms, lower=lower, rims=rims
        )
    apart = cv2.min(result.left.alpha, rims)  # what is to be background is nobody else's
    result = replace(result, left=Mask(result.left.alpha - apart))
    if not lower:
        result = bare_upper_body(result, seen, worn, kind, arms, body, occluders, person_mask)
    if group(kind) == "upper":
        result = carry_up(result, seen, worn, body, occluders, person_mask)
    result = replace(result, left=Mask(cv2.max(result.left.alpha, apart)))
    if not (result.left.alpha.any() or rims.any()):
        return _with(result, blind)
    shown = cv2.max(without_leggings(result.left.alpha, kind, occluders), rims)
    done = (result.mask.alpha > 0) & ~result.background
    photo = _Photo(result.picture, seen, shown, rims, done, setting, body.shoulder_width, lower)
    places = [place for place in gathered(photo.look, photo.patches()) if place is not None]
    photo.choose(places)
    open_out(places, result.background, seen, rims, setting, photo.unit)
    return _with(photo.painted([place for place in places if place.hole.any()], result), blind)


def _with(painted: Painted, blind: NDArray[np.uint8] | None) -> Painted:
    """What is left of the old clothes with that in blind slits, which is told."""
    if blind is None:
        return painted
    return replace(painted, left=Mask(np.asarray(cv2.max(painted.left.alpha, blind), np.uint8)))


@dataclass(frozen=True, eq=False)
class _Photo:
    """The person image and what is known of it.

    Attributes:
        left: what shows of the old clothes and of `rims`, thin rims of whatever the person is.
        done: what was painted before, other than background; it stays beside what is painted now.
        unit: a shoulder width in pixels.
        lower: trousers or a skirt are replaced.
    """

    person: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    left: NDArray[np.uint8]
    rims: NDArray[np.uint8]
    done: Plane
    setting: Setting
    unit: float
    lower: bool

    def patches(self) -> list[Patch]:
        """The remnants, shared out."""
        shows = cv2.inRange(self.left, int(255 * _SEEN) + 1, 255)
        return share_out(shows, self.seen, self.unit, _THIN, _NEAR, _TAPER)

    def look(self, patch: Patch) -> Remnant | None:
        """The remnants of a patch; None where there is nothing but what lies far from the garment.

        Where what is close lends nothing, what is further off is asked; for an arm's skin, the rest of it.
        """
        place, far = self.place(patch.window, patch.own), round(MOST_DEPTH * self.unit) + 4
        if place is not None and patch.room < far and self.furthest(place) > patch.room:
            patch = replace(patch, room=far)
            place = self.place(patch.window, patch.own)
        if place is not None and self.hides_arm(place) and not place.sources[3].any():
            patch = replace(patch, room=round(_FAR_ARM * self.unit))
            place = self.place(patch.window, patch.own)
        if place is not None and self.seeks_background(place):
            patch = replace(patch, room=round(_FAR_RIM * MOST_DEPTH * self.unit) + 4)
            place = self.place(patch.window, patch.own)
        return place

    def place(self, window: Window, own: Plane) -> Remnant | None:
        """Remnants in a window; `own`, (h, w), are those that belong there."""
        seen, has = self.seen[window], self.setting.has
        shows = (self.left[window] > int(255 * _SEEN)) & own
        near = grown(seen > 127, _NEAR * self.unit)
        labels, areas, touching = self.cores(shows, near)
        core = labels > 0
        shows &= near | grown(core, _TAPER * self.unit) if touching.any() else near
        if not shows.any():
            return None
        rims = self.beside_rims(window)
        sources = self.sources(window, rims)
        away = distances(sources)
        under = self.under(window)
        broad = grown(core, (_THIN + 2 * RIM) * self.unit) if core.any() else core
        if self.lower:
            under &= ~self.beside_legs(window, away, broad)
        else:
            beside, above = flanks(sources[2], shows, self.unit)
            forbid(away[1:], beside & (away[0] <= MOST_DEPTH * self.unit))
            forbid(away[:1], above & (away[2] <= MOST_DEPTH * self.unit))
        body = has(window, UPPER_ARM)
        sleeved = np.zeros_like(shows)
        for _, part in self.setting.sleeved(window, shows & ~under & ~rims):
            sleeved |= part >= 0
            # In an old sleeve is an arm, and beside it what lies behind the sleeve.
            body = np.where(part >= 0, part > 0.5, body)
            away[1][part > 0.5] = 0.0
            forbid(away[1:], (part >= 0) & (part <= 0.5))
        arm, aside = (
            self.hidden(window, core, what) & ~under & ~rims for what in (HIDDEN_ARM, BESIDE_HIDDEN)
        )
        if arm.any():
            away[1][arm] = 0.0
            sources[1] = sources[3] if sources[3].any() else sources[1]  # its own skin
        body = (body | arm) & ~aside
        forbid(away[1:], aside)
        forbid(away[0], (body & ~rims) | under)
        # Where nobody is seen, beside an old edge, is no skin.
        forbid(away[1::2], has(window, OUTSIDE) & ~under & (away[0] <= MOST_DEPTH * self.unit))
        forbid(away[1:], rims)
        trunk = has(window, TRUNK)
        flat, lost = away.reshape(len(away), -1), np.flatnonzero(trunk & shows)
        lost = lost[np.isinf(flat[:, lost]).all(axis=0)]
        if len(lost):  # beside an old sleeve, say, but on the shoulder
            flat[1, lost] = distance(sources[1]).ravel()[lost]
        away[3] += _RELUCTANCE * self.unit
        inside, depth = np.flatnonzero(core), np.zeros(0, np.float32)
        if len(inside):
            forbid(away[3], broad)
            depth = flat[:, inside].min(axis=0)
        # Skin on shoulders and chest, background in the nooks beside the neck, whatever lies nearer.
        forbid(away[0], trunk & ~rims)
        forbid(away[1:], has(window, BESIDE_NECK) & ~under)
        deep, on_skin = self.judged(window, labels, areas, depth, sleeved)
        blank = np.zeros_like(shows), np.zeros_like(shows)
        numbers = np.flatnonzero(touching)
        return Remnant(window, shows, labels, sources, away, numbers, areas, deep, on_skin, under, *blank)

    def beside_legs(self, window: Window, away: NDArray[np.float32], broad: Plane) -> Plane:
        """(h, w) where no leg is, under trousers and skirts: nothing but a hand before it lends skin there.

        Args:
            away: (4, h, w) pixels to each of `sources`; what may not lend is made infinite.
            broad: (h, w) remnants that are no slivers, which a hand lends nothing.
        """
        beside, at_hand = self.setting.has(window, BESIDE_LEGS), away[0] > _AT_HAND * away[3]
        forbid(away[1], beside)
        forbid(away[3], beside & ~at_hand)
        forbid(away[0], at_hand & ~broad)
        return beside

    def judged(
        self,
        window: Window,
        labels: NDArray[np.int32],
        areas: NDArray[np.float64],
        depth: NDArray[np.float32],
        sleeved: Plane,
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Per number of `cores` the share of it that nothing around reaches, and whether it lies on skin.

        Args:
            depth: (N,) pixels from each pixel of the cores to what is nearest. sleeved: (h, w) old sleeves.
        """
        inside, count = np.flatnonzero(labels), len(areas)
        if not len(depth):
            return np.zeros(count), np.zeros(count, bool)
        core_of, on_trunk = labels.ravel()[inside], self.setting.has(window, TRUNK).ravel()[inside]
        furthest = np.where(on_trunk, _FAR_SKIN, MOST_DEPTH) * self.unit
        furthest[self.rims[window].ravel()[inside] > 0] *= _FAR_RIM
        deep = np.bincount(core_of[depth > furthest], minlength=count) / np.maximum(areas, 1)
        # A whole old sleeve that is left was left on purpose: a part of it is not painted.
        sleeve = np.bincount(core_of[sleeved.ravel()[inside]], minlength=count)
        deep[sleeve > np.maximum(_SLEEVE * areas, _LARGE * self.unit**2)] = 1.0
        return deep, np.bincount(core_of[on_trunk], minlength=count) > _ON_SKIN * areas

    def cores(
        self, shows: Plane, near: Plane
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
        """Numbers of the remnants that are no slivers, 0 elsewhere; per number, pixels, and if it counts.

        Args:
            near: (h, w) close to the garment: one that does not reach there does not count.
        """
        thick = cv2.morphologyEx(shows.view(np.uint8), cv2.MORPH_OPEN, square(_THIN * self.unit))
        if not thick.any():
            return np.zeros(shows.shape, np.int32), np.zeros(1), np.zeros(1, bool)
        count, labels, stats = find_pieces(thick)
        touching = np.zeros(count, bool)
        touching[labels[near & (thick > 0)]] = True
        labels = np.where(touching[labels], labels, 0) if touching.any() else np.zeros_like(labels)
        return labels, stats[:, cv2.CC_STAT_AREA].astype(np.float64), touching

    def choose(self, places: list[Remnant]) -> None:
        """Fill in each place's hole: the slivers, and the smallest cores as long as the limits allow."""
        most = cv2.sumElems(self.seen)[0] / 255
        total = 0.0
        kept = [np.zeros(len(place.areas), bool) for place in places]
        every = [(place.areas[n], k, n) for k, place in enumerate(places) for n in place.numbers]
        for area, k, n in sorted(every):
            deep, on_skin = places[k].deep[n] > _DEEP, places[k].on_skin[n]
            each, together = (MOST_SKIN, MOST_SKIN_TOTAL) if on_skin else (MOST_AREA, MOST_TOTAL)
            kept[k][n] = deep or area > each * most or total + area > together * most
            total += 0.0 if kept[k][n] else area
        gathered(lambda both: self.hollow(*both), list(zip(places, kept, strict=True)))

    def hollow(self, place: Remnant, stays: NDArray[np.bool_]) -> None:
        """Fill in a place's hole; `stays`, per number of its cores, whether that is left as it is."""
        here, has = place.window, self.setting.has
        shows, free = place.shows, has(here, FREE) | (self.rims[here] > 0)
        free |= self.hidden(here, place.cores > 0, HIDDEN_ARM) & has(here, NO_HEAD)
        large = np.zeros_like(shows)
        if stays.any():
            large = grown(stays[place.cores], (_THIN + 2 * RIM) * self.unit)
            shows = shows & ~large
        near = grown(shows, 2 * RIM * self.unit) & (self.left[here] > 12)
        near |= grown(shows, max(_EDGE * self.unit, LEAST_EDGE))
        near |= beside_edge(has(here, NOOK_EDGE), shows, self.unit)
        near &= free & ~large & (self.seen[here] < 255) & (~self.done[here] | shows)
        at = np.flatnonzero(near)
        near.ravel()[at] = np.isfinite(place.away.reshape(len(place.away), -1)[:, at]).any(axis=0)
        place.hole = near
        place.hole |= self.ends_of_sleeves(place) & ~large

    def sources(self, window: Window, rims: Plane) -> NDArray[np.bool_]:
        """(4, h, w): background, skin, the clothes that stay on, and arms; each away from its edges.

        Args:
            rims: (h, w) the rims and what lies next to them, which lend nothing.
        """
        found = np.stack([self.setting.has(window, bit) for bit in (BACKGROUND, SKIN, STAYS, ARM)])
        if rims.any():
            found &= ~grown(rims, RIM * self.unit)
        return found

    def beside_rims(self, window: Window) -> Plane:
        """The rims and what lies next to them: there the background has the person's colours."""
        return cv2.dilate(self.rims[window], square(_HALO * self.unit)) > 0

    def ends_of_sleeves(self, place: Remnant) -> Plane:
        """Beside a painted sleeve: its inside, its seam and the shade that it throws on the arm."""
        here, found, has = place.window, np.zeros_like(place.hole), self.setting.has
        for _, part in self.setting.sleeved(here, place.hole):
            free = (self.seen[here] < 255) & (self.rims[here] == 0) & has(here, NO_HEAD) & has(here, PERSON)
            painted = grown(part >= 0, _SLEEVE_END * self.unit)
            for _, beside in self.setting.sleeved(here, painted & free & ~place.hole & ~place.under):
                cloth, skin = (beside >= 0) & (beside <= 0.5) & ~has(here, BARE_ARM), beside > 0.5
                place.away[:, cloth | skin] = np.inf
                place.away[0, cloth] = place.away[1, skin] = 0.0
                found |= cloth | skin
        return found

    def hidden(self, window: Window, core: Plane, what: int) -> Plane:
        """(h, w) what the broad ones of the remnants, `core`, and their edges hide; see `Setting.hides`."""
        hides = self.setting.hides(window, what)
        return hides & grown(core, max(_EDGE * self.unit, LEAST_EDGE)) if hides.any() else hides

    def furthest(self, place: Remnant) -> float:
        """Pixels from any part of its remnants to the nearest that may lend, at most."""
        return float(place.away[:, place.shows].min(axis=0).max())

    def hides_arm(self, place: Remnant) -> bool:
        """Whether a broad remnant hides an arm."""
        return bool(self.hidden(place.window, place.cores > 0, HIDDEN_ARM).any())

    def seeks_background(self, place: Remnant) -> bool:
        """Whether some of it is to be background, and none is near: a long slit between sleeve and trunk."""
        return bool((place.shows & (self.rims[place.window] > 0)).any()) and not place.sources[0].any()

    def under(self, window: Window) -> Plane:
        """Well inside the garment's outline: what shows there, through lace, is no background."""
        return within_outline(self.seen[window], self.unit) & (self.rims[window] == 0)

    def painted(self, places: list[Remnant], before: Painted) -> Painted:
        """All holes filled, each pixel from the nearest of its surroundings."""
        holes = np.zeros(before.left.alpha.shape, bool)
        for place in places:
            holes[place.window] |= place.hole
        filled = gathered(lambda place: self.filled(place, holes[place.window]), places)
        found = before.own()
        picture, mask, background, left = found.picture, found.mask.alpha, found.background, found.left.alpha
        for place, (pixels, nearest) in zip(places, filled, strict=True):
            here = place.window
            rows, columns = np.divmod(np.flatnonzero(place.hole), place.hole.shape[1])
            fresh = pixels[rows, columns]
            other = (fresh != picture[here][rows, columns]).any(axis=1)
            picture[here][rows, columns] = fresh
            mask[here][rows[other], columns[other]] = 255
            background[here] |= nearest == 0
            left[here][place.hole] = 0
            found = found.guessing(here, place.hole & ((place.cores > 0) | place.inferred))
        return found

    def filled(self, place: Remnant, holes: Plane) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
        """The window's pixels with its hole filled, and from which source, -1 beside the hole.

        Args:
            holes: (h, w) of this place and of others: they lend nothing.
        """
        pixels = self.person[place.window].copy()
        nearest = np.full(place.hole.shape, -1, np.int8)
        at = np.flatnonzero(place.hole)
        nearest.ravel()[at] = place.away.reshape(len(place.away), -1)[:, at].argmin(axis=0)
        thick = self.setting.has(place.window, NOOK)
        if len(place.numbers):
            thick |= grown(place.cores > 0, 2 * RIM * self.unit)
        sleeves = self.setting.sleeved(
            place.window, place.hole & ~place.under & (self.rims[place.window] == 0)
        )
        sleeve = np.any([part >= 0 for _, part in sleeves], axis=0) if sleeves else thick & False
        between = thick & ~sleeve & ((nearest == 0) | (nearest == 1))
        share = self.share_of_skin(place, between)
        nearest[between] = share[between] > 0.5
        soft = between & (share > 0) & (share < 1)
        for number, source in enumerate(place.sources):
            own = (nearest == number) & ~sleeve
            if number < 2:
                own |= soft
            if not own.any():
                continue
            behind, lent, away = pixels[soft].astype(np.float32), source & ~holes, place.away[number]
            copy_mirrored(pixels, own & ~thick, lent, away)
            known = (None, _FAR_ARM) if number == 1 and self.hides_arm(place) else (away, MOST_DEPTH)
            fill_from(pixels, own & thick, lent, self.unit, _GRAINS[number], *known)
            if number == 1:
                mixed = behind + share[soft][:, None] * (pixels[soft] - behind)
                pixels[soft] = np.rint(mixed).astype(np.uint8)
        for arm, part in sleeves:
            self.fill_sleeve(pixels, place, arm, part)
        return pixels, nearest

    def share_of_skin(self, place: Remnant, where: Plane) -> NDArray[np.float32]:
        """(h, w) of skin against background, `where` alone: their border runs smoothly, halfway between."""
        found = np.zeros(where.shape, np.float32)
        room, sigma = MOST_DEPTH * self.unit, max(1.0, _BORDER * self.unit)
        here = around(where, 4 * sigma + 4 * _SOFT + 2)
        if here is None:
            return found
        away = place.away[:2, here[0], here[1]]
        lead = np.minimum(away[0], room) - np.minimum(away[1], room)
        lead = cv2.GaussianBlur(lead.astype(np.float32), (0, 0), sigma)
        share = np.clip(lead / 2 + 0.5, 0, 1)
        share[~np.isfinite(away[0])], share[~np.isfinite(away[1])] = 1, 0
        nook = self.setting.has(place.window, NOOK)[here]
        if nook.any():
            share[nook] = cv2.GaussianBlur(share, (0, 0), _SOFT)[nook]
        found[here] = share * where[here]
        return found

    def fill_sleeve(
        self, pixels: NDArray[np.uint8], place: Remnant, arm: BareArm, part: NDArray[np.float32]
    ) -> None:
        """Background where the sleeve was wider than its arm, and the arm over it."""
        # Beside a person a photo is often lighter or darker than elsewhere.
        beside, lent = (part >= 0) & (part < 1), place.sources[0] & ~place.hole
        calm = lent & (cv2.erode(place.sources[0].view(np.uint8), square(_HALO * self.unit)) > 0)
        near = around(beside, MOST_DEPTH * self.unit)
        if near is not None and not calm[near].any():  # all there is of it is a narrow gap beside the trunk
            calm = lent
        fill_from(pixels, beside, calm, self.unit, RIM)
        rows, columns = np.nonzero(part > 0)
        paint_skin(pixels, arm, rows, columns, (place.window[0].start, place.window[1].start))
