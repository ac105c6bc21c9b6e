import numpy as np
import pytest

from flixpose.pose.codec.parametric_nms import suppress
from tests.pose.parity import cases


@pytest.mark.parametrize("case", cases("alphapose_pnms"), ids=lambda case: case["case"])
def test_the_survivors_are_alphaposes(case):
    boxes, xy = np.array(case["bboxes"], np.float32), np.array(case["poses"], np.float32)
    scores = np.array(case["pose_scores"], np.float32)[..., 0]
    people = suppress(boxes, xy, scores, min_area=case["area_threshold"])
    expected = case["expected"]
    assert [p.row for p in people] == expected["picked"]
    assert [sorted(p.merged) for p in people] == [sorted(ids) for ids in expected["merged_ids"]]
    for person, wanted, wanted_scores in zip(people, expected["poses"], expected["pose_scores"], strict=True):
        assert person.xy == pytest.approx(np.array(wanted), abs=1e-3)
        assert person.scores == pytest.approx(np.array(wanted_scores)[:, 0], abs=1e-5)
