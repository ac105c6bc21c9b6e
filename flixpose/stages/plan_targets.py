"""Where on this body each part of this garment goes, and what of the person lies before it."""

from collections.abc import Mapping

import numpy as np

from flixpose.fit.body import measure_body
from flixpose.fit.layout import Plan, plan_layout
from flixpose.fit.occluders import find_occluders
from flixpose.fit.rig import Rig, rig_for
from flixpose.structures.found import Garment, Pose
from flixpose.structures.image import Image, Mask


def plan_targets(
    person: Image, product: Image, pose: Pose, garment: Garment, rigs: Mapping[str, Rig]
) -> Plan:
    """The plan of a drape.

    Raises:
        UnknownKind: no rig for the garment's kind.
        MissingKeypoint, MissingLandmark: the body or the garment lacks a point that the rig needs.
    """
    body = measure_body(pose)
    rig = rig_for(rigs, garment.kind)
    occluders = find_occluders(person, body, pose.mask)
    # Arms that hang beside the trunk are not its outline.
    outline = None if pose.mask is None else Mask(np.minimum(pose.mask.alpha, 255 - occluders.arms.alpha))
    return Plan(body, plan_layout(garment, product, body, rig, outline), occluders)
