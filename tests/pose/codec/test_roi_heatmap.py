import numpy as np
import pytest

from flixpose.pose.codec.roi_heatmap import decode
from tests.pose.parity import cases


@pytest.mark.parametrize("case", cases("keypointrcnn_heatmaps"), ids=lambda case: case["case"])
def test_decoding_is_torchvisions(case):
    boxes = np.array(case["rois"], np.float32)
    maps = np.random.default_rng(case["seed"]).random((len(boxes), 17, 56, 56)).astype(np.float32)
    xy, scores = decode((maps - np.float32(0.5)) * np.float32(8), boxes)
    assert xy == pytest.approx(np.array(case["expected"]["keypoints"])[..., :2], abs=1e-3)
    assert scores == pytest.approx(np.array(case["expected"]["scores"]), abs=1e-4)
