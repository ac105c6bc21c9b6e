import numpy as np
import pytest

from flixpose.pose import oks
from flixpose.pose.skeletons import COCO_17, sigmas
from tests.pose.parity import cases

RULES = {
    "no_visibility": {},
    "vis_0.2_second_mask_only_hrnet": {"min_score": 0.2, "seen_in": "candidate"},
    "vis_0.2_both_masks_mmpose1": {"min_score": 0.2, "seen_in": "both"},
}
RECORDED = (
    "iou_first_vs_rest",
    "iou_first_vs_rest_vis0.2_second_mask",
    "iou_first_vs_rest_vis0.2_both_masks",
)


@pytest.mark.parametrize("case", cases("oks_nms"), ids=lambda case: case["case"])
def test_similarity_and_suppression_are_the_originals(case):
    poses = np.array(case["keypoints"])
    scores, areas = np.array(case["scores"]), np.array(case["areas"])
    expected, spread = case["expected"], sigmas(COCO_17)
    for (rule, options), recorded in zip(RULES.items(), RECORDED, strict=True):
        alike = oks.similarity(poses[0], poses[1:], areas[0], areas[1:], spread, **options)
        assert alike == pytest.approx(np.array(expected[recorded]), abs=2e-7), rule
        kept = oks.suppress(poses, scores, areas, spread, max_similarity=case["threshold"], **options)
        assert kept == expected[rule]["oks_nms"], rule
        taken = oks.suppress_softly(poses, scores, areas, spread, spread=case["threshold"], **options)
        assert taken == expected[rule]["soft_oks_nms"], rule


def test_nobody_leaves_nobody():
    nobody = np.zeros((0, 17, 3)), np.zeros(0), np.zeros(0), sigmas(COCO_17)
    assert oks.suppress(*nobody, max_similarity=0.9) == []
    assert oks.suppress_softly(*nobody, spread=0.9) == []
