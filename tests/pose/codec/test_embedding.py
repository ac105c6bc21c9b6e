import numpy as np
import pytest

from flixpose.pose.codec import embedding
from tests.pose.parity import arrays, cases, quantised

INPUTS = arrays("decode_ae_grouping")


@pytest.mark.parametrize("case", cases("ae_grouping"), ids=lambda case: case["case"])
def test_grouping_is_higherhrnets(case):
    heat, tags = (quantised(INPUTS[f"case{case['case']:02d}_{kind}"], 1024) for kind in ("heat", "tag"))
    plain = embedding.group(heat, tags)
    adjusted = embedding.adjust(plain, heat)
    ours = {
        "plain": plain,
        "adjust": adjusted,
        "adjust_refine": embedding.complete(adjusted, heat, tags),
    }
    for step, people in ours.items():
        assert people == pytest.approx(np.array(case["expected"][step]["people"]), abs=1e-6), step
    scores = plain[..., 2].mean(axis=1)
    assert scores == pytest.approx(case["expected"]["plain"]["scores"], abs=1e-6)


def test_an_empty_picture_has_nobody():
    heat, tags = np.zeros((17, 8, 8), np.float32), np.zeros((17, 8, 8, 1), np.float32)
    nobody = embedding.group(heat, tags)
    assert embedding.complete(embedding.adjust(nobody, heat), heat, tags).shape == (0, 17, 4)
