"""Where on this body each part of this garment goes, and what of the person lies before it."""

from collections.abc import Mapping

from flixpose.errors import ViewMismatch
from flixpose.fit.body import measure_body
from flixpose.fit.layout import Plan, plan_layout
from flixpose.fit.occluders import find_occluders
from flixpose.fit.remembered import remembered
from flixpose.fit.rig import Rig, Tuck, rig_for
from flixpose.fit.tuck import find_tuck
from flixpose.structures.found import Garment, Pose
from flixpose.structures.image import Image


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
    occluders = _occluders(person, body, pose.mask)
    layout = plan_layout(garment, product, body, rig, pose.mask, occluders)
    lower = find_tuck(body, occluders, layout.parts[0].controls, tuck or rig.tuck)
    return Plan(body, layout, occluders, lower)


# A plate is looked at once for many garments.
_occluders = remembered(find_occluders)
