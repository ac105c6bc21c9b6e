"""Shoulder tips of sleeved garments on mannequins, read off their outline in the picture.

The rule is the drawn studio's (`garments.telling.bend`): where the shoulder turns into the sleeve, half of
the turn is done. What was sewn does not tell it: a cap or a dropped sleeve turns elsewhere than its seam
lies. A person's bent elbow turns an outline too, so pictures of persons keep the point of the cloth.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.files import write_atomic
from flixpose.studio.body import SIDES
from flixpose.studio.curves import Points
from flixpose.studio.garments.telling import Bend, bend
from flixpose.studio.simulated.caps import cap_armpits
from flixpose.studio.simulated.outlines import Marks, outline_ring, way_between, without_steps
from flixpose.studio.simulated.passes import garment_mask
from flixpose.studio.simulated.waists import waists
from flixpose.studio.solid import Array

READ = ("product", "ghost")

# Of the way from neck to armpit: the part of the outline that turns, measured along it.
_FROM, _TO = 0.08, 1.35
_SMOOTH = 0.012  # of the garment's longer side: folds that are no shoulder
_ASTRAY = 0.03  # of it: a neck or a cuff so far off the outline is hidden behind something
_TURN_DEG, _SLOW = 10.0, 0.055  # as in the drawn studio: less has no tip, nor has what turns so slowly
_FEWEST = 12


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
    size = float(np.ptp(ring, axis=0).max())
    path = way_between(ring, neck, cuff)
    if known[2] < 2 or len(path) < _FEWEST or _off(path, neck, cuff) > _ASTRAY * size:
        return {}
    turn = bend(_turning(path, float(np.linalg.norm(pit - neck)), _SMOOTH * size))
    down = turn.degrees if cuff[0] > neck[0] else -turn.degrees
    told = down > _TURN_DEG and turn.slow < _SLOW * size
    return {f"shoulder_{name}": _told(turn) if told else [known[0], known[1], 1.0]}


def _told(turn: Bend) -> list[float]:
    return [round(turn.at[0], 2), round(turn.at[1], 2), 2.0]


def _off(path: Points, neck: Array, cuff: Array) -> float:
    return float(max(np.linalg.norm(path[0] - neck), np.linalg.norm(path[-1] - cuff)))


def _turning(path: Points, reach: float, sigma: float) -> Points:
    """The outline near the shoulder, its pixels' steps and small folds smoothed away."""
    line = without_steps(path, sigma)
    gone = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    first, last = np.searchsorted(gone, (_FROM * _TO * reach, _TO * reach))
    return line[int(first) : max(int(last), int(first) + 3)]


def read_off(scene: Path, landmarks: dict[str, Marks]) -> None:
    """Put into a scene's landmarks what the outlines of its product and ghost photos tell.

    Those are the armpits of caps, the shoulders of sleeves and the waists of dresses.
    """
    for picture in READ:
        cover = garment_mask(scene / f"{picture}_parts.png")
        landmarks[picture] |= cap_armpits(cover > 127, landmarks[picture])
        landmarks[picture] |= shoulder_tips(cover > 127, landmarks[picture])
        landmarks[picture] |= waists(cover, landmarks[picture])


def relabel(scene: Path) -> dict[str, Any]:
    """Read a finished scene's outlines anew, as made before these rules; returns its truth.

    Its scene.json is written where something changes; doing it again changes nothing.
    """
    path = scene / "scene.json"
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    before = json.dumps(truth)
    read_off(scene, truth["landmarks"])
    if json.dumps(truth) != before:
        write_atomic(path, (json.dumps(truth, indent=1) + "\n").encode())
    return truth
