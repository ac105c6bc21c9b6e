"""The measure itself, on made-up answers."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.errors import MissingInput, NoGarment
from flixpose.evaluation.garment import evaluate_entries, evaluate_landmarks, evaluate_masks, mask_iou
from flixpose.evaluation.garment_sets import drawn_entries, scene_entries
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


def test_drawn_photos_come_with_their_truth():
    entries = list(drawn_entries(range(5, 8), (150, 200)))
    for entry, image in entries:
        assert image.size == (150, 200) and entry["mask"].alpha.shape == (200, 150)
        assert set(entry["occluded"]) <= set(entry["landmarks"])
    figures = evaluate_entries(_Answers(None), entries)
    assert figures.photos == 3 and figures.found == 0 and figures.pck(0.05) == 0 and figures.iou == 0
    seen = [name for entry, _ in entries for name in entry["landmarks"] if name not in entry["occluded"]]
    assert sorted(point.name for point in figures.points) == sorted(seen)


def test_products_of_scenes_come_with_their_truth(tmp_path: Path):
    folder = tmp_path / "0003"
    folder.mkdir()
    marks = {"waist_left": [30.5, 10.5, 2.0], "hem_left": [33.5, 50.5, 1.0]}
    moved = {"waist_left": [40.5, 10.5, 2.0], "hem_left": [43.5, 50.5, 1.0]}
    truth = {"kind": "skirt", "landmarks": {"product": marks, "ghost": moved}}
    (folder / "scene.json").write_text(json.dumps(truth))
    for picture, left in (("product", 5), ("ghost", 15)):
        cv2.imwrite(str(folder / f"{picture}.png"), np.full((90, 80, 3), 200, np.uint8))
        parts = np.zeros((90, 80, 3), np.uint8)
        parts[10:50, left : left + 30, 2] = 255  # red
        cv2.imwrite(str(folder / f"{picture}_parts.png"), parts)
    (entry, image), (ghost, _) = scene_entries(tmp_path)
    assert entry["landmarks"]["waist_left"] == (30, 10) and entry["occluded"] == ["hem_left"]
    assert ghost["landmarks"]["waist_left"] == (40, 10) and ghost["file"] == "scene 0003, ghost"
    assert (entry["mask"].alpha > 0).sum() == 40 * 30 and image.size == (80, 90)
    with pytest.raises(MissingInput, match="no scene"):
        list(scene_entries(folder))
