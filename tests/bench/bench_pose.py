"""Finding people: agreement with MediaPipe, time, and the person mask beside OpenCV's GrabCut.

Needs the weights, and photos under FLIXPOSE_SHARED; gives no rows without them.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from flixpose.adapters.weights import WeightsCache
from flixpose.errors import WeightsMissing
from flixpose.imaging.decode import read_image
from flixpose.imaging.silhouette import tighten
from flixpose.ports import PoseEstimator
from flixpose.pose import DEFAULT, load
from flixpose.pose.codec.activation import sigmoid
from flixpose.pose.codec.region import whole
from flixpose.pose.families.blazepose import BlazePose
from flixpose.settings import load_settings
from flixpose.structures.image import Image
from tests.bench.rows import Row


def rows(quick: bool) -> list[Row]:
    shared = os.environ.get("FLIXPOSE_SHARED")
    if not shared:
        return []
    try:
        estimator = load(DEFAULT, WeightsCache(load_settings().home))
    except WeightsMissing:
        return []
    photos, pairs = Path(shared) / "photos", Path(shared) / "pairs"
    return [
        *_agreement(estimator, photos),
        _speed(estimator, photos, rounds=3 if quick else 8),
        *_masks(estimator, pairs, count=12 if quick else 80),
    ]


def _agreement(estimator: PoseEstimator, photos: Path) -> list[Row]:
    misses = []
    for reference in json.loads((photos / "mediapipe_pose.json").read_text()):
        image = read_image(photos / "persons" / reference["file"])
        found = estimator([image])[0][0].keypoints
        misses += [
            100 * np.hypot(*(found[point["name"]] - (point["x"], point["y"]))) / image.height
            for point in reference["keypoints"]
            if point["visibility"] > 0.5
        ]
    median, worst = float(np.median(misses)), float(np.percentile(misses, 95))
    name = "pose: distance from MediaPipe's keypoints"
    return [
        Row(f"{name}, median", round(median, 4), "% of height", "≤ 0.5", median <= 0.5),
        Row(f"{name}, 95th percentile", round(worst, 4), "% of height", "≤ 2", worst <= 2),
    ]


def _speed(estimator: PoseEstimator, photos: Path, rounds: int) -> Row:
    image = read_image(photos / "persons" / "magento_mt05-blue_main.jpg")
    seconds = min(_timed(lambda: estimator([image]))[1] for _ in range(rounds))
    value = round(seconds * 1000, 1)
    return Row("pose: keypoints and mask of 1274×1580, 2 threads", value, "ms", "≤ 150", value <= 150)


def _masks(estimator: PoseEstimator, pairs: Path, count: int) -> list[Row]:
    """Overlap with automatic parse maps, and time: the net's mask as it is, tightened here, by GrabCut."""
    overlaps, seconds = [], []
    for file in sorted((pairs / "person").glob("*.jpg"))[:count]:
        image = read_image(file)
        truth = np.asarray(Pil.open(pairs / "parse" / f"{file.stem}.png")) > 0
        coarse, cell = _coarse_mask(estimator, image)
        ours, our_seconds = _timed(lambda: tighten(image.pixels, coarse, cell=cell) >= 128)  # noqa: B023
        peer, peer_seconds = _timed(lambda: _grab_cut(image, coarse))  # noqa: B023
        overlaps.append([_iou(mask, truth) for mask in (coarse >= 0.5, ours, peer)])
        seconds.append(our_seconds / peer_seconds)
    raw, own, grab = np.mean(overlaps, axis=0)
    ratio = float(np.median(seconds))
    name = "pose: person mask, IoU with parse maps"
    return [
        Row(name, round(float(own), 4), "", f"≥ 0.9; untouched {raw:.4f}", bool(own >= max(0.9, raw))),
        Row(f"{name}, more than GrabCut's", round(float(own - grab), 4), "", "≥ 0", bool(own >= grab)),
        Row("pose: tighten a mask / GrabCut, time", round(ratio, 3), "", "≤ 0.5", ratio <= 0.5),
    ]


def _coarse_mask(estimator: PoseEstimator, image: Image) -> tuple[NDArray[np.float32], float]:
    """The net's own mask on the photo, in [0, 1], and how many pixels one of its cells covers."""
    if not isinstance(estimator, BlazePose):
        raise TypeError("this benchmark looks inside BlazePose")
    region = estimator._detect(image.pixels, whole(*image.size))[0]
    logits = estimator._read(image.pixels, region).mask_logits
    flags, nobody = cv2.INTER_CUBIC, (-12.0,)
    enlarged = cv2.warpAffine(
        logits, region.sampling(len(logits)), image.size, flags=flags, borderValue=nobody
    )
    return sigmoid(enlarged), region.side / len(logits)


def _grab_cut(image: Image, start: NDArray[np.float32]) -> NDArray[np.bool_]:
    marks = np.select(
        [start > 0.98, start > 0.5, start > 0.02], [cv2.GC_FGD, cv2.GC_PR_FGD, cv2.GC_PR_BGD], cv2.GC_BGD
    ).astype(np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image.pixels, marks, None, background, foreground, 3, cv2.GC_INIT_WITH_MASK)
    return (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start
