"""Boxes drawn for training lie beside the truth as the detector's did, kind of pose by kind of pose."""

import numpy as np
import pytest

from flixpose.pose.codec.proposals import Proposals


def people(count: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half stand with arms down, half with arms up; of these the detector cuts off a tenth above."""
    rng = np.random.default_rng(3)
    up = np.arange(count) % 2 == 1
    down_pose, up_pose = (
        np.array([[0.5, 0.1], [0.1, 0.5], [0.9, 0.5]]),
        np.array([[0.5, 0.3], [0.1, 0], [0.9, 0]]),
    )
    corner = rng.uniform(0, 200, (count, 2))
    side = rng.uniform(50, 150, (count, 2))
    truth = np.concatenate([corner, corner + side], axis=1)
    shares = np.where(up[:, None, None], up_pose, down_pose) + rng.normal(0, 0.02, (count, 3, 2))
    offsets = rng.normal(0, 0.02, (count, 4)) + np.where(up[:, None], [0, 0.1, 0, 0], [0, 0, 0, -0.05])
    return corner[:, None] + shares * side[:, None], truth, truth + offsets * np.tile(side, 2)


def test_each_kind_of_pose_has_its_own_offsets():
    poses, truth, found = people()
    proposals = Proposals.fit(poses, truth, found, kinds=2, mixtures=2)
    rng = np.random.default_rng(1)
    box = np.array([100.0, 100, 200, 300])
    for row, wanted in ((0, [0, 0, 0, -0.05]), (1, [0, 0.1, 0, 0])):
        pose = 100 + (poses[row] - truth[row, :2]) / (truth[row, 2:] - truth[row, :2]) * [100, 200]
        drawn = proposals.draw(pose, box, rng, count=800)
        offsets = (drawn - box) / [100, 200, 100, 200]
        assert offsets.mean(axis=0) == pytest.approx(wanted, abs=0.01)
        assert offsets.std(axis=0) == pytest.approx([0.02] * 4, abs=0.01)


def test_unknown_keypoints_and_few_people_do_no_harm():
    poses, truth, found = people(5)
    poses[:, 0] = np.nan
    poses[0] = np.nan
    proposals = Proposals.fit(poses, truth, found)
    drawn = proposals.draw(poses[0], truth[0], np.random.default_rng(1), count=3)
    assert np.isfinite(drawn).all() and (drawn[:, 2:] > drawn[:, :2]).all()
