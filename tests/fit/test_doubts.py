"""Figures known before anything is drawn: arms taken for cloth, arms bent in long sleeves."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.doubts import placement_figures
from flixpose.garment.kinds import KINDS
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask
from tests.fit.figures import ARMS, make_garment, make_pose


def figure(name: str, garment: Garment, arms: str = "hanging") -> float:
    return next(f.value for f in placement_figures(garment, make_pose(arms)) if f.name == name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_garment_spans_its_own_cloth(kind: str) -> None:
    assert figure("cloth_beyond", make_garment(kind)[1]) < 1.0


def test_an_arm_in_the_mask_is_told_and_a_hood_is_not() -> None:
    _, garment = make_garment("vest")
    shoulder, hem = garment.landmarks["shoulder_left"], garment.landmarks["hem_left"]

    def with_stroke(start: tuple[float, float], end: tuple[float, float]) -> Garment:
        alpha = cv2.copyMakeBorder(garment.mask.alpha, 60, 0, 0, 60, cv2.BORDER_CONSTANT, value=0)
        ends = [tuple(round(float(v)) for v in (x, y + 60)) for x, y in (start, end)]
        cv2.line(alpha, ends[0], ends[1], 255, 30)
        points = replace(garment.landmarks, xy=garment.landmarks.xy + np.array([0, 60], np.float32))
        return replace(garment, mask=Mask(alpha), landmarks=points)

    arm = with_stroke((shoulder[0] + 10, shoulder[1] + 10), (hem[0] + 60, (shoulder[1] + hem[1]) / 2))
    neck = (garment.landmarks["neck_left"] + garment.landmarks["neck_right"]) / 2
    hood = with_stroke((neck[0], neck[1]), (neck[0], neck[1] - 50))
    assert figure("cloth_beyond", arm) > 4.5
    assert figure("cloth_beyond", hood) < 1.0


def test_the_elbow_of_a_wide_sleeve_is_no_mannequin() -> None:
    _, garment = make_garment("long_sleeve_top")
    alpha = cv2.copyMakeBorder(garment.mask.alpha, 0, 0, 60, 60, cv2.BORDER_CONSTANT, value=0)
    points = replace(garment.landmarks, xy=garment.landmarks.xy + np.array([60, 0], np.float32))
    lower = np.array([0, 0.5 * np.ptp(points.xy[:, 1])], np.float32)
    for side in ("left", "right"):
        tip, cuff = points[f"shoulder_{side}"], points[f"cuff_{side}_outer"]
        away = np.array([0.15 if side == "left" else -0.15, 0.0], np.float32) * np.linalg.norm(cuff - tip)
        bulge = np.array([tip, tip + 0.3 * (cuff - tip) + away, tip + 0.7 * (cuff - tip) + away, cuff])
        cv2.fillPoly(alpha, [np.round(bulge).astype(np.int32)], 255)
    wide = replace(garment, mask=Mask(alpha), landmarks=points)
    assert figure("cloth_beyond", wide) < 1.0
    foot = points["hem_left"]
    leg = np.round([foot, foot - (60, 0), foot - (60, 0) + lower, foot + lower]).astype(np.int32)
    alpha = cv2.copyMakeBorder(alpha, 0, int(lower[1]) + 2, 0, 0, cv2.BORDER_CONSTANT, value=0)
    cv2.fillPoly(alpha, [leg], 255)
    assert figure("cloth_beyond", replace(wide, mask=Mask(alpha))) > 4.5


def test_only_arms_bent_in_long_sleeves_count() -> None:
    long, short = make_garment("long_sleeve_top")[1], make_garment("short_sleeve_top")[1]
    bends = {arms: figure("sleeve_bend", long, arms) for arms in ARMS}
    assert bends["hanging"] < 20 and bends["akimbo"] > 60 and bends["crossed"] > 60
    assert figure("sleeve_bend", short, "akimbo") == 0.0


@pytest.mark.parametrize(("kind", "hidden"), [("short_sleeve_top", 1.0), ("vest", 0.0)])
def test_a_garment_seen_from_the_side_hides_a_sleeve(kind: str, hidden: float) -> None:
    _, garment = make_garment(kind)
    assert figure("sleeve_hidden", garment) == 0.0
    scores = garment.landmarks.scores.copy()
    scores[garment.landmarks.skeleton.index["armpit_right"]] = 0.03
    aside = replace(garment, landmarks=replace(garment.landmarks, scores=scores))
    assert figure("sleeve_hidden", aside) == hidden
    unsure = replace(garment, landmarks=replace(garment.landmarks, scores=0.5 * scores))
    assert figure("sleeve_hidden", unsure) == 0.0
