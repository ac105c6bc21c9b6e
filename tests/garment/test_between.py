"""Points between the landmarks."""

import cv2
import numpy as np
import pytest

from flixpose.garment import kinds
from flixpose.garment.between import outline_points
from flixpose.structures.keypoints import Keypoints
from flixpose.studio.garments import draw_sample

_TRAPEZE = {"waist_left": (140, 50), "waist_right": (60, 50), "hem_left": (180, 250), "hem_right": (20, 250)}


def _skirt() -> Keypoints:
    points = {name: (float(x), float(y), 0.9) for name, (x, y) in _TRAPEZE.items()}
    points["hem_center"] = (100.0, 250.0, 0.4)
    return Keypoints.from_points(kinds.skeleton("skirt"), points)


def _mask() -> np.ndarray:
    mask = np.zeros((300, 200), np.uint8)
    cv2.fillPoly(mask, [np.array([(60, 50), (140, 50), (180, 250), (20, 250)])], 255)
    return mask


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_kind_has_outline_points_that_hang_together(kind: str) -> None:
    core, full = kinds.skeleton(kind), kinds.OUTLINED[kind]
    assert full.names[: len(core)] == core.names
    assert len(full) == len(core) + sum(stretch.points for stretch in kinds.stretches(kind)) > 1.4 * len(core)
    assert {name for edge in full.edges for name in edge} == set(full.names) == set(full.sigmas)
    assert {name for pair in full.mirror for name in pair} == {
        n for n in full.names if "left" in n or "right" in n
    }


def test_points_are_evenly_spaced_on_the_silhouette() -> None:
    found = outline_points(_mask(), _skirt())
    for k in (1, 2, 3):
        assert found[f"skirt_left_{k}"] == pytest.approx((140 + 10 * k, 50 + 50 * k), abs=1.5)
        assert found.score(f"skirt_left_{k}") == pytest.approx(0.9)
    assert found["waistband_1"] == pytest.approx((100, 50), abs=1.5)
    assert found["hemline_right_1"] == pytest.approx((60, 250), abs=1.5)
    assert found.score("hemline_right_1") == pytest.approx(0.4)


def test_off_the_silhouette_they_lie_on_the_straight_line_with_half_the_score() -> None:
    found = outline_points(np.zeros((300, 200), np.uint8), _skirt())
    assert found["skirt_left_2"] == pytest.approx((160, 150))
    assert found.score("skirt_left_2") == pytest.approx(0.45)


def test_a_landmark_that_was_not_found_leaves_its_stretches_out() -> None:
    marks = {name: (x, y, 0.9) for name, (x, y) in _TRAPEZE.items() if name != "hem_left"}
    found = outline_points(_mask(), Keypoints.from_points(kinds.skeleton("skirt"), marks))
    assert not found.has("skirt_left_1")
    assert found.has("skirt_right_1")


def test_on_drawn_garments_side_points_lie_on_the_rim() -> None:
    far, count = 0, 0
    for seed in range(40):
        sample = draw_sample(seed, (192, 256))
        core = {name: (x, y, 1.0) for name, (x, y, _) in sample.landmarks.items()}
        found = outline_points(sample.mask, Keypoints.from_points(kinds.skeleton(sample.kind), core))
        rim = cv2.distanceTransform((cv2.Canny(sample.mask, 100, 200) == 0).astype(np.uint8), cv2.DIST_L2, 5)
        for name in found.present:
            if name.startswith(("side", "skirt", "leg", "sleeve_left_outer")):
                x, y = found[name]
                far += rim[min(int(y), 255), min(int(x), 191)] > 4
                count += 1
    assert count > 100
    assert far < 0.12 * count
