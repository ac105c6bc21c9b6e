"""Whole families, their nets filled by formula: from a file to poses, eight pictures as one by one."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from flixpose.adapters.weights import WeightsCache
from flixpose.pose import FAMILIES, load, resolve
from flixpose.pose.nets.weights import INFO
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Box, Image
from tests.pose.parity import fixture, state

# family → the fixture whose weights fill its net
FILLED = {
    "lightweight_openpose-mobilenet": "lightweight_openpose_256",
    "posenet-101": "posenet_mobilenetv1_101_257",
    "yolo_pose-n": "yolov8n_pose_320",
    "rtmo-s": "rtmo_s_256",
    "rtmpose-m": "rtmpose_m_256x192",
}


def cache_with(name: str, folder: Path) -> WeightsCache:
    """A cache that holds the family's net, filled by formula."""
    family, size = resolve(name)
    nets = importlib.import_module(FAMILIES[family].module).nets
    content = nets.build(size).state_dict() | state(fixture(FILLED[name]))
    for entry in content:
        if "out_bbox" in entry:  # RTMO's boxes by formula are as large as countries
            content[entry] = torch.zeros_like(content[entry])
    info = ModelInfo(name, "1", "keypoints", "none", "a formula", "")
    cache = WeightsCache(folder)
    cache.imports.mkdir(parents=True)
    metadata = {INFO: json.dumps(info.to_json())}
    save_file(
        {k: v.contiguous() for k, v in content.items()}, cache.imports / f"{name}.safetensors", metadata
    )
    return cache


def photos() -> list[Image]:
    rng = np.random.default_rng(3)
    sizes = [(240, 320), (320, 240), (240, 320)]
    return [Image(rng.integers(0, 256, (h, w, 3)).astype(np.uint8), None, "", "noise") for w, h in sizes]


class Given:
    """A finder that knows where people are."""

    models: tuple[ModelInfo, ...] = ()
    model = ModelInfo("given", "1", "boxes", "none", "a test", "")

    def __call__(self, images):
        return [() for _ in images]


@pytest.mark.parametrize("name", FILLED)
def test_a_family_goes_from_a_file_to_poses_and_batches(name, tmp_path):
    estimator = load(name, cache_with(name, tmp_path), finder=Given(), threads=1)
    images = photos()
    if FAMILIES[name.partition("-")[0]].is_top_down:
        boxes = [[Box(20, 20, 200, 220)], [], [Box(0, 0, 240, 320), Box(50, 60, 100, 200)]]
        together = estimator.in_boxes(images, boxes)
        one_by_one = [estimator.in_boxes([i], [b])[0] for i, b in zip(images, boxes, strict=True)]
    else:
        together, one_by_one = estimator(images), [estimator([image])[0] for image in images]
    assert [len(poses) for poses in together] == [len(poses) for poses in one_by_one]
    for ours, alone in zip(together, one_by_one, strict=True):
        for a, b in zip(ours, alone, strict=True):
            assert a.score == pytest.approx(b.score, abs=1e-3)
            assert a.keypoints.xy == pytest.approx(b.keypoints.xy, rel=1e-3, abs=0.1, nan_ok=True)
            assert (a.keypoints.scores >= 0).all() and (a.keypoints.scores <= 1).all()


@pytest.mark.parametrize("name", [name for name in FAMILIES if not FAMILIES[name].is_file])
def test_every_family_has_a_net_and_a_default_size(name):
    family, size = resolve(name)
    nets = importlib.import_module(FAMILIES[family].module).nets
    with torch.device("meta"):
        assert sum(p.numel() for p in nets.build(size).parameters()) > 1e6
