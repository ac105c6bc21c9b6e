import numpy as np
import pytest

from flixpose.pose.codec.displacement import Maps, decode
from tests.pose.parity import cases


def maps_of(seed: int) -> Maps:
    rng = np.random.default_rng(seed)

    def draw(channels):
        return rng.random((channels, 13, 13)).astype(np.float32)

    root = draw(17)
    offsets = (draw(34) - np.float32(0.5)) * np.float32(16)
    forward = (draw(32) - np.float32(0.5)) * np.float32(60)
    backward = (draw(32) - np.float32(0.5)) * np.float32(60)
    return Maps.from_channels(root * root, offsets, forward, backward)


@pytest.mark.parametrize("case", cases("posenet_multi"), ids=lambda case: case["case"])
def test_decoding_is_posenets(case):
    xy, scores, pose_scores = decode(
        maps_of(case["seed"]),
        stride=case["output_stride"],
        min_score=case["score_threshold"],
        min_pose_score=case["min_pose_score"],
    )
    expected = case["expected"]
    wanted = np.array(expected["keypoint_coords_yx"])
    found = np.array(expected["pose_scores"]) > 0
    assert len(xy) == found.sum()
    assert xy == pytest.approx(wanted[found], abs=1e-4)
    assert scores == pytest.approx(np.array(expected["keypoint_scores"])[found], abs=1e-6)
    assert pose_scores == pytest.approx(np.array(expected["pose_scores"])[found], abs=1e-6)
