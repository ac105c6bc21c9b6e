"""Shoulder tips of sleeved garments on mannequins, read off their outline in the picture.

The rule is the drawn studio's and the reader's (`garment.turns`): where the shoulder turns into the
sleeve, half of the turn is done. What was sewn does not tell it: a cap or a dropped sleeve turns elsewhere
than its seam lies. A person's bent elbow turns an outline too, so pictures of persons keep the point of the
cloth.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.turns import outline_ring, shoulder_tip
from flixpose.imaging.files import write_atomic
from flixpose.studio.body import SIDES
from flixpose.studio.curves import Points
from flixpose.studio.simulated.caps import cap_armpits
from flixpose.studio.simulated.landmarks import Marks
from flixpose.studio.simulated.passes import garment_mask
from flixpose.studio.simulated.straps import strap_tops
from flixpose.studio.simulated.waists import waists

READ = ("product", "ghost")


def shoulder_tips(region: NDArray[np.bool_], marks: Marks) -> Marks:
    """The shoulders among `marks` that the outline of a garment's region, (H, W), tells: x, y, visibility 2.

    One that turns too little or too slowly to be told keeps its place as a guess (1); one without a sleeve,
    or with a neck or cuff off the outline, keeps what `marks` say, and is not in the answer.
    """
    ring = outline_ring(region)
    if ring is None:
        return {}
    found: Marks = {}
    for name, _side in SIDES:
        if {f"cuff_{name}_outer", f"neck_{name}", f"shoulder_{name}"} <= set(marks):
            found |= _tip(ring, marks, name)
    return found


def _tip(ring: Points, marks: Marks, name: str) -> Marks:
    known = marks[f"shoulder_{name}"]
    neck, cuff, pit = (
        np.array(marks[mark][:2]) for mark in (f"neck_{name}", f"cuff_{name}_outer", f"armpit_{name}")
    )
    tip = shoulder_tip(ring, neck, cuff, pit)
    if known[2] < 2 or tip is None:
        return {}
    told = [round(tip.at[0], 2), round(tip.at[1], 2), 2.0] if tip.plain else [known[0], known[1], 1.0]
    return {f"shoulder_{name}": told}


def read_off(scene: Path, kind: str, landmarks: dict[str, Marks]) -> None:
    """Put into a scene's landmarks what the outlines of its product and ghost photos tell.

    Those are the armpits of caps, the shoulders of sleeves and the waists of dresses. The straps of slings
    are told as everywhere else, in pictures of persons too.
    """
    for picture in READ:
        cover = garment_mask(scene / f"{picture}_parts.png")
        landmarks[picture] |= cap_armpits(cover > 127, landmarks[picture])
        landmarks[picture] |= shoulder_tips(cover > 127, landmarks[picture])
        landmarks[picture] |= waists(cover, landmarks[picture])
    if kind.startswith("sling"):
        landmarks.update({picture: strap_tops(marks) for picture, marks in landmarks.items()})


def relabel(scene: Path) -> dict[str, Any]:
    """Read a finished scene's outlines anew, as made before these rules; returns its truth.

    Its scene.json is written where something changes; doing it again changes nothing.
    """
    path = scene / "scene.json"
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    before = json.dumps(truth)
    read_off(scene, truth["kind"], truth["landmarks"])
    if json.dumps(truth) != before:
        write_atomic(path, (json.dumps(truth, indent=1) + "\n").encode())
    return truth
