import numpy as np
import pytest
import torch

from flixpose.pose.codec import regression
from tests.pose.parity import cases


@pytest.mark.parametrize("case", cases("dekr_pose_nms"), ids=lambda case: case["case"])
def test_proposals_and_suppression_are_dekrs(case):
    rng = np.random.default_rng(case["seed"])

    def draw(*shape):
        return rng.random(shape).astype(np.float32)

    root = draw(18, 32, 32)
    heat = torch.from_numpy(root * root * root * root)
    shared = (draw(34, 1, 1) - np.float32(0.5)) * np.float32(case["size"])
    own = (draw(34, 32, 32) - np.float32(0.5)) * np.float32(case["noise"])
    poses, centres = regression.proposals(heat, torch.from_numpy(shared + own), stride=4)
    expected = case["expected"]
    assert len(poses) == expected["proposals"]
    assert centres.numpy() == pytest.approx(expected["proposals_centre_score"], rel=1e-6)
    assert poses[:, 0].numpy() == pytest.approx(np.array(expected["proposals_joint0_xy"]), abs=1e-3)
    people, scores = regression.suppress(poses, centres, heat[:-1], stride=4)
    wanted = np.array(expected["poses"])
    assert people.shape == wanted.shape
    assert people[..., :2] == pytest.approx(wanted[..., :2], abs=1e-3)
    assert people[..., 2] == pytest.approx(wanted[..., 2], abs=1e-5)
    assert scores == pytest.approx(expected["scores"], abs=1e-5)


def test_nobody_in_the_picture_is_nobody_found():
    heat, offsets = torch.zeros(18, 16, 16), torch.zeros(34, 16, 16)
    poses, centres = regression.proposals(heat, offsets, stride=4)
    assert poses.shape == (0, 17, 2) and len(centres) == 0
    people, scores = regression.suppress(poses, centres, heat[:-1], stride=4)
    assert people.shape == (0, 17, 3) and len(scores) == 0
