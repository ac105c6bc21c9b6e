"""Where on this body each part of this garment goes, and what of the person lies before it."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from flixpose.errors import ViewMismatch
from flixpose.fit.body import Body, measure_body
from flixpose.fit.layout import Plan, plan_layout
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.rig import Rig, Tuck, rig_for
from flixpose.fit.tuck import find_tuck
from flixpose.structures.found import Garment, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.keypoints import Keypoints


def plan_targets(
    person: Image,
    product: Image,
    pose: Pose,
    garment: Garment,
    rigs: Mapping[str, Rig],
    tuck: Tuck | None = None,
) -> Plan:
    """The plan of a drape.

    Args:
        tuck: whether the garment goes into the lower clothes; None: as the rig has it.

    Raises:
        UnknownKind: no rig for the garment's kind.
        ViewMismatch: the front of a garment on a person seen from behind, or the reverse.
        MissingKeypoint, MissingLandmark: the body or the garment lacks a point that the rig needs.
    """
    body = measure_body(pose)
    if garment.view != body.view:
        message = f"{product.name} shows the {garment.view}, {person.name} a person's {body.view}."
        raise ViewMismatch(message, subject=product.name)
    rig = rig_for(rigs, garment.kind)
    occluders = _occluders(_Seen(person, body, pose.mask))
    layout = plan_layout(garment, product, body, rig, pose.mask, occluders)
    lower = find_tuck(body, occluders, layout.parts[0].controls, tuck or rig.tuck)
    return Plan(body, layout, occluders, lower)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A person as seen in a photo; equal where pixels, joints and mask are."""

    person: Image
    body: Body
    mask: Mask | None

    @cached_property
    def _content(self) -> tuple[object, ...]:
        joints = tuple((name, *map(float, xy)) for name, xy in sorted(self.body.joints.items()))
        scores = tuple(sorted(self.body.scores.items()))
        mask = 0 if self.mask is None else zlib.crc32(np.ascontiguousarray(self.mask.alpha).data)
        details = tuple(points.xy.tobytes() for points in _details(self.body))
        pixels = np.ascontiguousarray(self.person.pixels)
        seen = pixels.shape, zlib.crc32(pixels.data), zlib.adler32(pixels.data), mask
        return *seen, joints, scores, details

    def __hash__(self) -> int:
        return hash(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Seen) and self._content == other._content


def _details(body: Body) -> list[Keypoints]:
    return [hand.keypoints for hand in body.hands] + ([body.face] if body.face is not None else [])


@lru_cache(maxsize=4)
def _occluders(seen: _Seen) -> Occluders:
    """A plate is looked at once for many garments; what is kept is a few tens of megabytes."""
    return find_occluders(seen.person, seen.body, seen.mask)
