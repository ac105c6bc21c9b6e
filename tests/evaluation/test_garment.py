"""The measure itself, on made-up answers."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.errors import NoGarment
from flixpose.evaluation.garment import evaluate_landmarks, evaluate_masks, mask_iou
from flixpose.garment.kinds import skeleton
from flixpose.garment.silhouette import MODEL
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

TRUTH = {"waist_left": [80, 0], "waist_right": [20, 0], "hem_left": [100, 100], "hem_right": [0, 100]}


class _Answers:
    """A reader that gives fixed landmarks, or finds nothing."""

    model = MODEL

    def __init__(
        self, points: dict[str, tuple[float, float, float]] | None, mask: Mask | None = None
    ) -> None:
        self.points = points
        self.mask = mask

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        if self.points is None:
            raise NoGarment("nothing there.")
        landmarks = Keypoints.from_points(skeleton("skirt"), self.points)
        mask = self.mask or Mask(np.zeros((120, 120), np.uint8))
        return Garment(kind or "skirt", 1, "front", 1, Box(0, 0, 1, 1), mask, landmarks, 1, MODEL)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "garments").mkdir()
    cv2.imwrite(str(tmp_path / "garments" / "a.png"), np.zeros((120, 120, 3), np.uint8))
    entry = {
        "file": "a.png",
        "kind": "skirt",
        "view": "front",
        "landmarks": {**TRUTH, "hem_center": None},
        "occluded": [],
    }
    (tmp_path / "landmarks.json").write_text(json.dumps([entry]))
    return tmp_path


def test_errors_count_from_pixel_centres_in_longer_sides(photos):
    points = {name: (x + 0.5, y + 0.5, 0.9) for name, (x, y) in TRUTH.items()}
    points["waist_left"] = (83.5, 0.5, 0.7)
    figures = evaluate_landmarks(_Answers(points), photos)
    assert figures.pck(0.02) == 0.75 and figures.pck(0.05) == 1.0
    assert figures.nme == pytest.approx(0.03 / 4)
    assert (figures.kind, figures.swaps, len(figures.points)) == (1.0, 0, 4)


def test_exchanged_sides_are_counted_as_swaps(photos):
    points = {
        name: (*(v + 0.5 for v in TRUTH[other]), 0.9)
        for name, other in (("hem_left", "hem_right"), ("hem_right", "hem_left"))
    }
    figures = evaluate_landmarks(_Answers(points), photos)
    assert figures.swaps == 2 and figures.pck(0.05) == 0.0


def test_what_is_not_found_is_wrong_but_not_in_the_mean_error(photos):
    figures = evaluate_landmarks(_Answers(None), photos)
    assert figures.pck(0.05) == 0.0 and figures.kind == 0.0 and np.isnan(figures.nme)
    assert any("found 0" in line for line in figures.lines())


def test_masks_are_compared_file_by_file(tmp_path):
    for folder in ("garment", "garment-mask"):
        (tmp_path / folder).mkdir()
    truth = np.zeros((100, 100), np.uint8)
    truth[:50] = 255
    cv2.imwrite(str(tmp_path / "garment" / "x.png"), np.zeros((100, 100, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "garment-mask" / "x.png"), truth)
    answer = np.zeros((100, 100), np.uint8)
    answer[25:50] = 255
    assert evaluate_masks(_Answers({}, Mask(answer)), tmp_path) == {"x": pytest.approx(0.5)}
    assert mask_iou(Mask(truth), Mask(truth)) == 1.0
