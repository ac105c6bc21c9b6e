"""The same numbers as pycocotools', on people drawn at random in every way that matters."""

import contextlib
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from flixpose.cli.evaluate_pose import command
from flixpose.evaluation.pose import answers, coco, pck, truths
from flixpose.pose.skeletons import COCO_17, sigmas


def dataset(seed: int) -> tuple[dict, list[dict]]:
    """Pictures with people of all sizes, some unmarked or crowds; answers near and far, some tied."""
    rng = np.random.default_rng(seed)
    annotations, results = [], []
    for picture in range(1, 13):
        for _ in range(int(rng.integers(0, 5))):
            side = float(rng.choice([20, 60, 90, 150, 300]))
            corner = rng.uniform(0, 400, 2)
            xy = corner + rng.uniform(0, side, (17, 2))
            visibility = rng.integers(0, 3, 17) * (rng.random() > 0.15)
            points = np.column_stack([xy * (visibility > 0)[:, None], visibility])
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": picture,
                    "category_id": 1,
                    "keypoints": points.ravel().tolist(),
                    "num_keypoints": int((visibility > 0).sum()),
                    "area": float(side**2 * rng.uniform(0.4, 1)),
                    "bbox": [*corner.tolist(), side, side],
                    "iscrowd": int(rng.random() < 0.1),
                }
            )
            for _ in range(int(rng.integers(0, 4))):
                guess = xy + rng.normal(0, side * rng.choice([0.01, 0.04, 0.1]), (17, 2))
                results.append(result(picture, guess, round(float(rng.random()), 1)))
        for _ in range(int(rng.integers(0, 12))):
            results.append(result(picture, rng.uniform(0, 500, (17, 2)), float(rng.random())))
    images = [{"id": picture, "width": 640, "height": 640} for picture in range(1, 13)]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}],
    }, results


def result(picture: int, xy: np.ndarray, score: float) -> dict:
    points = np.column_stack([xy, np.ones(17)]).ravel().tolist()
    return {"image_id": picture, "category_id": 1, "keypoints": points, "score": score}


def reference(data: dict, results: list[dict]) -> np.ndarray:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = json.loads(json.dumps(data))
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(json.loads(json.dumps(results))), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def ours(data: dict, results: list[dict]) -> list[float]:
    summary = coco(truths(data["annotations"]), answers(results), sigmas(COCO_17))
    return [getattr(summary, slot) for slot in summary.__slots__]


@pytest.mark.parametrize("seed", range(12))
def test_ap_and_ar_are_pycocotools(seed):
    data, results = dataset(seed)
    assert ours(data, results) == pytest.approx(list(reference(data, results)), abs=1e-9)


def test_perfect_answers_score_one_and_no_answers_none():
    data, _ = dataset(1)
    people = [a for a in data["annotations"] if a["num_keypoints"] and not a["iscrowd"]]
    results = [result(a["image_id"], np.reshape(a["keypoints"], (17, 3))[:, :2], 0.9) for a in people]
    assert ours(data | {"annotations": people}, results)[0] == pytest.approx(1)
    assert ours(data, [])[0] == 0


def test_pck_counts_visible_points_within_a_share_of_the_norm():
    truth, found = np.zeros((1, 4, 2)), np.array([[[0, 0], [4, 0], [6, 0], [99, 0]]], float)
    visible = np.array([[True, True, True, False]])
    assert pck(truth, found, visible, np.array([10.0]), share=0.5) == pytest.approx(2 / 3)


def test_the_verb_prints_coco_and_crowd_numbers(tmp_path):
    data, results = dataset(3)
    for row, image in enumerate(data["images"]):
        image["crowdIndex"] = row / 12
    (tmp_path / "truth.json").write_text(json.dumps(data))
    (tmp_path / "results.json").write_text(json.dumps(results))
    options = ["--truth", str(tmp_path / "truth.json"), "--results", str(tmp_path / "results.json"), "--json"]
    told = json.loads(CliRunner().invoke(command, options, catch_exceptions=False).stdout)
    assert told["ap"] == pytest.approx(reference(data, results)[0], abs=1e-9)
    assert {"ap_easy_crowds", "ap_medium_crowds", "ap_hard_crowds"} <= set(told)
