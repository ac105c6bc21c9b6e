"""Long sleeves on arms that are folded, raised or foreshortened: two halves, the lower before the upper."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit import layout
from flixpose.fit.elbows import BentSleeve, elbow_halves
from flixpose.fit.layout import PartPlan
from flixpose.fit.strips import ROWS, Strip
from flixpose.stages.plan_targets import plan_targets
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints
from tests.fit.figures import ARMS
from tests.stages.scene import PLACE, UNIT, Scene, real_tools, scene

BENT = {
    "folded": ((0.66, 0.78), (0.58, 0.0)),
    "behind the head": ((1.05, -0.45), (0.35, -0.75)),
    "towards the camera": ((0.72, 0.3), (0.3, -0.2)),
    "hanging from a raised elbow": ((0.89, -0.33), (0.47, 0.21)),
}


def sleeves(seen: Scene, side: str) -> list[PartPlan]:
    return [part for part in seen.plan.layout.parts if part.controls.part.startswith(side)]


@pytest.fixture(params=BENT)
def arms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(ARMS, request.param, BENT[request.param])
    return str(request.param)


def test_cloth_covers_both_bones(arms: str) -> None:
    seen = scene("long_sleeve_top", arms)
    assert max(part.fold_ratio for part in seen.drape.parts) == 0
    drawn = seen.drape.garment_layer[..., 3]
    elbow, wrist = (np.array(PLACE) + UNIT * np.array(spot) for spot in BENT[arms])
    shoulder = np.array(PLACE) + UNIT * np.array((0.5, 0.0))
    places = [shoulder + t * (elbow - shoulder) for t in (0.3, 0.5, 0.97)]
    places += [elbow + t * (wrist - elbow) for t in (0.3, 0.5)]
    rows = [drawn[int(y), int(x)] for x, y in places]
    assert min(rows) > 200, rows


def test_halves_lie_on_one_another_and_stay_on_the_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARMS, "folded", BENT["folded"])
    seen = scene("long_sleeve_top", "folded")
    upper, lower = sleeves(seen, "left")
    assert (upper.controls.part, lower.controls.part) == ("left_upper_sleeve", "left_sleeve")
    assert upper.half and lower.half and lower.depth > upper.depth
    both, whole = upper.matte.alpha.astype(int) + lower.matte.alpha, seen.garment.mask.alpha
    assert (np.minimum(upper.matte.alpha, lower.matte.alpha) > 0).any(), "they overlap at the elbow"
    assert both.max() <= 2 * 255 and (both[whole == 0] == 0).all()
    joints = [np.array(PLACE) + UNIT * np.array(spot) for spot in ((0.5, 0.0), *BENT["folded"])]
    arm = np.zeros(seen.labels.shape, np.uint8)
    cv2.polylines(arm, [np.round(joints).astype(np.int32)], False, 255, round(0.55 * UNIT))
    beside = seen.drape.garment_layer[..., 3].copy()
    beside[:, : round(PLACE[0] + 0.75 * UNIT)] = 0
    assert beside[arm == 0].max() == 0


@pytest.mark.parametrize(("kind", "arms"), [("long_sleeve_top", "spread"), ("short_sleeve_top", "akimbo")])
def test_a_sleeve_that_no_elbow_folds_is_one_part(kind: str, arms: str) -> None:
    assert [part.controls.part for part in sleeves(scene(kind, arms), "left")] == ["left_sleeve"]


@pytest.mark.parametrize("arms", ["akimbo", "crossed"])
def test_in_the_crook_of_an_elbow_cloth_folds_away_and_is_not_squeezed(arms: str) -> None:
    """On both edges of both halves cloth is as long as where it lies; more of the inner edge is not seen."""
    seen = scene("long_sleeve_top", arms)
    upper, lower = (part.controls for part in sleeves(seen, "left"))
    assert (upper.part, lower.part) == ("left_upper_sleeve", "left_sleeve")
    shown = {}
    for half in (upper, lower):
        for edge in ("outer", "inner"):
            rows = [half.names.index(f"{half.part}_{edge}_{n}") for n in range(7)]
            on_person, on_cloth = (_length(xy[rows]) for xy in (half.person_xy, half.garment_xy))
            shown[half.part, edge] = on_person / on_cloth
    outer = shown["left_upper_sleeve", "outer"]
    assert all(0.75 * outer < ratio < 1.33 * outer for ratio in shown.values()), shown
    ends = [
        half.garment_xy[half.names.index(f"{half.part}_inner_{n}")] for half, n in ((upper, 6), (lower, 0))
    ]
    assert np.linalg.norm(ends[1] - ends[0]) > 0.1 * _length(
        np.array([upper.garment_xy[8], lower.garment_xy[15]])
    )


def test_what_a_sleeve_is_wider_than_its_forearm_falls_to_the_side_that_faces_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a forearm on a hip that is the outer side; wide and narrow sleeve end at one edge on the other."""
    narrow = bent_sleeve(monkeypatch)
    outer, inner = narrow.strip.outer, narrow.strip.inner
    more = np.linspace(0.0, 0.9, len(outer))[:, None] * (outer - inner)
    wide = replace(narrow, strip=Strip(outer + more / 2, inner - more / 2, narrow.strip.along))
    _, elbow, wrist = narrow.chain
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    outward = np.array([along[1], -along[0]])
    assert outward[1] > 0.5, "it faces down"
    beside = {
        (sleeve is wide, edge): abs(float((end - elbow) @ outward))
        for sleeve in (wide, narrow)
        for edge, end in cuff_ends(sleeve).items()
    }
    gained = {edge: beside[True, edge] - beside[False, edge] for edge in ("outer", "inner")}
    assert gained["outer"] > 0.04 * UNIT and gained["outer"] > 3 * abs(gained["inner"]), gained


def bent_sleeve(monkeypatch: pytest.MonkeyPatch) -> BentSleeve:
    """The left sleeve of a top on arms that are on the hips."""
    caught: list[BentSleeve] = []

    def catching(sleeve: BentSleeve) -> Iterator[tuple[ControlPoints, Mask]]:
        caught.append(sleeve)
        return elbow_halves(sleeve)

    seen = scene("long_sleeve_top", "akimbo")
    monkeypatch.setattr(layout, "elbow_halves", catching)
    plan_targets(seen.person, seen.product, seen.pose, seen.garment, real_tools("file:///nowhere").rigs)
    (left,) = (sleeve for sleeve in caught if sleeve.side == "left")
    return left


def cuff_ends(sleeve: BentSleeve) -> dict[str, np.ndarray]:
    _, (lower, _) = elbow_halves(sleeve)
    return {
        edge: lower.person_xy[lower.names.index(f"left_sleeve_{edge}_{ROWS - 1}")]
        for edge in ("outer", "inner")
    }


def _length(curve: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())


def test_a_folded_forearm_lies_before_a_short_sleeve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARMS, "folded", BENT["folded"])
    seen = scene("short_sleeve_top", "folded")
    elbow, wrist = (np.array(PLACE) + UNIT * np.array(spot) for spot in BENT["folded"])
    bone = np.zeros(seen.labels.shape, np.uint8)
    start, end = elbow + 0.15 * (wrist - elbow), elbow + 0.9 * (wrist - elbow)
    cv2.line(bone, start.round().astype(int).tolist(), end.round().astype(int).tolist(), 1, 8)
    bare = (bone > 0) & (seen.labels == 1)
    assert bare.sum() > 150
    assert seen.drape.visible.alpha[bare].mean() < 10
    (sleeve,) = sleeves(seen, "left")
    assert sleeve.half and sleeve.border[:, 1].max() < elbow[1] + 0.1 * UNIT
