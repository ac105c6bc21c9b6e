"""Overlaps on labels whose answer is known, end-point errors of known warps, memory, and two real pairs."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from flixpose.cli.main import cli
from flixpose.errors import MissingInput
from flixpose.evaluation.drape import (
    Overlap,
    PairRow,
    calibration,
    correspondence_error,
    gaps_of,
    iou,
    neck_of,
    oracle_steps,
    read_pairs,
    summary,
)
from flixpose.evaluation.remembered import RememberedPoses
from flixpose.structures.drape import PartWarp
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.warp import ControlPoints, Warp
from tests.fit.figures import MODEL, paint_person

WORN, FACE, HAIR, TROUSERS = 5, 13, 2, 9


def labels() -> np.ndarray:
    """A face, an unlabelled neck below it, a worn top, trousers; hair lies over the top's corner."""
    plane = np.zeros((40, 20), np.uint8)
    plane[2:8, 6:14] = FACE
    plane[11:25, 2:18] = WORN
    plane[25:38, 4:16] = TROUSERS
    plane[11:14, 2:5] = HAIR
    return plane


def test_iou_counts_what_is_shared() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert iou(one, other) == 1.0
    one[:2], other[1:3] = True, True
    assert iou(one, other) == pytest.approx(4 / 12)


def test_each_oracle_takes_away_one_cause_more() -> None:
    plane = labels()
    person = np.zeros(plane.shape, bool)
    person[2:38, 2:18] = True
    drawn = np.zeros(plane.shape, bool)
    drawn[9:30, 2:18] = True
    worn = plane == WORN
    steps = oracle_steps(drawn, plane, person)
    assert iou(drawn, worn) < steps["hair_and_arms"] < steps["lower_clothes"] < steps["neck"] <= 1.0
    assert neck_of(plane, person)[9, 10] and not neck_of(plane, person)[30, 2]


def part(name: str, shift: float) -> PartWarp:
    """A part that is drawn `shift` pixels too far right, half as large as in its photo."""
    places = np.zeros((1, 2))
    controls = ControlPoints(name, ("a",), places, places, np.ones(1))
    warp = Warp(np.array([[2.0, 0, -2 * shift], [0, 2.0, 0], [0, 0, 1]]))
    return PartWarp(controls, warp, "homography", 0.0, np.zeros(1), 0.0, (1.0, 1.0))


def matte(columns: slice) -> Mask:
    alpha = np.zeros((200, 200), np.uint8)
    alpha[:, columns] = 255
    return Mask(alpha)


def test_the_miss_is_told_on_the_person_in_per_cent_of_the_height() -> None:
    product = np.array([[x, y] for x in (20.5, 150.5) for y in np.linspace(0.5, 180.5, 10)])
    person = product / 2
    parts, mattes = [part("torso", 0.0), part("left_sleeve", 9.0)], [matte(np.s_[:100]), matte(np.s_[100:])]
    error = correspondence_error(parts, mattes, product, person)
    assert error.mean == pytest.approx(5.0) and error.p95 == pytest.approx(10.0)
    assert error.compared == 1.0
    half = correspondence_error(parts[:1], mattes[:1], product, person)
    assert half.compared == 0.5 and half.p95 == pytest.approx(0.0, abs=1e-9)


def test_truth_that_the_garment_does_not_draw_is_refused() -> None:
    with pytest.raises(MissingInput):
        correspondence_error(
            [part("torso", 0.0)], [matte(np.s_[:1])], np.full((3, 2), 50.0), np.eye(3)[:, :2]
        )


def test_a_pair_that_fails_counts_as_nothing() -> None:
    rows = [PairRow("a", True, None, None, "degenerate_warp")]
    means = summary(rows)["frontal"]
    assert means["iou"] == 0.0 and means["failed"] == 1.0


def test_a_truth_that_leaves_much_of_the_person_unlabelled_is_told() -> None:
    """Not for the neck, which has no label, nor for labels that end a little inside the person's mask."""
    plane = np.kron(labels(), np.ones((4, 4), np.uint8))
    person = cv2.dilate((plane > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    person[32:44, 32:48] = True  # the neck
    assert gaps_of(plane, person) == 0.0
    torn = plane.copy()
    torn[70:100, 10:40] = 0
    assert gaps_of(torn, person) > 0.1
    rows = [
        PairRow(name, True, "vest", Overlap(score, 0.7, 0.7, 0.7, 0.0, 0.0, gaps=gaps_of(truth, person)))
        for name, score, truth in (("a", 0.9, plane), ("b", 0.5, torn))
    ]
    assert [row.whole for row in rows] == [True, False]
    means = summary(rows)
    assert means["frontal"]["iou"] == pytest.approx(0.7)
    assert means["frontal, truth whole"]["iou"] == pytest.approx(0.9)


def test_a_verdict_is_held_against_what_came_of_it() -> None:
    """Of passes and reviews, how many cover what the worn garment covers; failures have no verdict."""

    def row(name: str, iou: float, verdict: str) -> PairRow:
        return PairRow(name, True, "vest", Overlap(iou, 0.7, 0.7, 0.7, 0.0, 0.0), verdict=verdict)

    rows = [row("a", 0.8, "pass"), row("b", 0.79, "pass"), row("c", 0.9, "pass"), row("d", 0.5, "review")]
    assert calibration([*rows, PairRow("e", True, None, None, "no_garment")]) == {
        "pass": (3, 2),
        "review": (1, 0),
    }


class Counting:
    """Eyes that count how often they look."""

    def __init__(self, pose: Pose) -> None:
        self.pose, self.looks = pose, 0

    @property
    def model(self) -> ModelInfo:
        return MODEL

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (MODEL,)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        self.looks += len(images)
        return [(self.pose,) for _ in images]


def test_a_photo_is_looked_at_once(tmp_path: Path) -> None:
    image, pose, _ = paint_person()
    eyes = Counting(pose)
    for _ in range(2):
        found = RememberedPoses(eyes, tmp_path)([image])[0][0]
    assert eyes.looks == 1
    assert np.array_equal(found.keypoints.xy, pose.keypoints.xy, equal_nan=True)


def test_a_folder_without_a_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput) as caught:
        read_pairs(tmp_path)
    assert "pairs.csv" in caught.value.message


def test_real_pairs_lie_where_they_are_worn(shared: Path) -> None:
    """The first pairs of the table are plain frontal ones."""
    told = CliRunner().invoke(cli, ["evaluate", "drape", "--pairs", str(shared / "pairs"), "--limit", "4"])
    assert told.exit_code == 0, told.output
    frontal = next(line.split() for line in told.stdout.splitlines() if line.startswith("frontal"))
    count, overlap, margin = int(frontal[1]), float(frontal[2]), float(frontal[5])
    assert count == 4 and overlap > 0.72 and margin > 0.0
    told_of = [line for line in told.stdout.splitlines() if line.startswith(("pass:", "review:"))]
    assert sum(int(line.split()[3]) for line in told_of) == 4
