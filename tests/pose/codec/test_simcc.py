import numpy as np
import pytest

from flixpose.pose.codec import simcc
from tests.pose.parity import cases


@pytest.mark.parametrize("case", cases("simcc"), ids=lambda case: case["case"])
def test_decoding_is_mmposes(case):
    rng = np.random.default_rng(case["seed"])
    x = rng.random((1, 17, 384)).astype(np.float32) * np.float32(1.5)
    y = rng.random((1, 17, 512)).astype(np.float32) * np.float32(1.5)
    if case["x_first_four_minus_3"]:
        x[:, :4] -= 3
    xy, scores = simcc.decode(x, y)
    assert xy[0].tolist() == case["expected"]["keypoints"]
    assert scores[0] == pytest.approx(case["expected"]["scores"], rel=1e-6)


def test_encoding_and_decoding_undo_each_other():
    xy = np.random.default_rng(1).uniform(10, 180, (17, 2)).astype(np.float32)
    found, scores = simcc.decode(*simcc.encode(xy, (192, 256), sigma=(4.9, 5.66)))
    assert np.abs(found - xy).max() <= 0.25 + 1e-4
    assert (scores > 0.05).all()
