"""A waistband is as wide as the waist of the person, wherever arms leave its sides to be seen."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.measure import measure_garment
from flixpose.structures.found import Pose
from flixpose.structures.image import Mask
from tests.fit.figures import ARMS, make_garment, paint_person
from tests.fit.test_layout import RIGS


def scale(pose: Pose, mask: Mask | None) -> float:
    _, skirt = make_garment("skirt")
    rig = RIGS["skirt"].worn
    assert rig is not None
    return measure_garment(skirt, measure_body(pose), rig, mask).scale


def broader(mask: Mask, share: float, middle: float) -> Mask:
    """A mask stretched sideways around a column."""
    stretch = np.array([[share, 0.0, (1 - share) * middle], [0.0, 1.0, 0.0]])
    return Mask(cv2.warpAffine(mask.alpha, stretch, mask.alpha.shape[::-1]))


@pytest.fixture(autouse=True)
def before_the_waist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forearms that lie across the waist."""
    monkeypatch.setitem(ARMS, "before the waist", ((0.62, 0.72), (-0.05, 0.97)))


@pytest.mark.parametrize("arms", ["spread", "akimbo", "before the waist"])
def test_a_broad_waist_gets_a_large_skirt_whatever_the_arms_hide(arms: str) -> None:
    _, pose, _ = paint_person(arms)
    assert pose.mask is not None
    usual, large = (scale(pose, broader(pose.mask, share, 320.0)) for share in (1.0, 1.2))
    assert large / usual == pytest.approx(1.2, abs=0.03)
    _, seen, _ = paint_person("spread")
    assert usual == pytest.approx(scale(seen, seen.mask), rel=0.06)


def test_one_side_tells_the_waist_where_the_other_is_hidden() -> None:
    _, pose, _ = paint_person("spread")
    _, crossed, _ = paint_person("before the waist")
    assert pose.mask is not None
    xy, index = pose.keypoints.xy.copy(), pose.keypoints.skeleton.index
    for joint in ("elbow", "wrist", "index"):
        xy[index[f"right_{joint}"]] = crossed.keypoints.xy[index[f"right_{joint}"]]
    one = replace(pose, keypoints=replace(pose.keypoints, xy=xy))
    usual, large = (scale(one, broader(pose.mask, share, 320.0)) for share in (1.0, 1.2))
    assert large / usual == pytest.approx(1.2, abs=0.03)


def test_without_a_mask_the_shoulders_tell_it() -> None:
    _, pose, _ = paint_person("spread")
    rig = RIGS["skirt"].worn
    assert rig is not None
    _, skirt = make_garment("skirt")
    left, right = (skirt.landmarks[f"waist_{side}"] for side in ("left", "right"))
    expected = 2 * rig.places["waist"].across * measure_body(pose).frontal_width
    assert scale(pose, None) * float(np.linalg.norm(left - right)) == pytest.approx(expected, rel=1e-3)
