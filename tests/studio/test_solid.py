"""The clay: fields, grids, meshes."""

import numpy as np
import pytest

from flixpose.studio import solid
from flixpose.studio.body import FOREARM, ON_HIP, UPPER_ARM, Build, Stance, figure


def test_a_sphere_has_the_spheres_distance_and_gradient() -> None:
    grid = solid.sample([solid.ellipsoid((0.1, 0, 0), (0.2, 0.2, 0.2))], (-0.2,) * 3, (0.4, 0.2, 0.2), 0.02)
    points = np.array([(0.1, 0.1, 0.0), (0.35, 0.0, 0.0), (0.1, 0.0, -0.15)])
    assert grid.at(points) == pytest.approx([-0.1, 0.05, -0.05], abs=2e-3)
    assert grid.gradient_at(points)[2] == pytest.approx([0, 0, -1], abs=1e-2)


def test_a_far_part_joins_as_if_it_had_been_evaluated_everywhere() -> None:
    parts = [
        solid.round_cone((0, 0, 0), (0.3, 0, 0), 0.05, 0.03),
        solid.round_cone((0.3, 0, 0), (0.3, 0.2, 0), 0.03, 0.02, 0.03),
    ]
    grid = solid.sample(parts, (-0.1, -0.1, -0.1), (0.4, 0.3, 0.1), 0.01)
    x, y, z = grid.axes
    whole = solid.smooth_min(parts[0].field(x, y, z), parts[1].field(x, y, z), 0.03)
    near = np.abs(whole) < 0.01
    assert np.abs(grid.values - whole)[near].max() < 1e-6


@pytest.mark.parametrize("stance", [Stance(), Stance(right=ON_HIP, sway=0.02)])
def test_bones_keep_their_length_and_left_is_the_figures(stance: Stance) -> None:
    joints = figure(Build(), stance).joints
    for side in ("left", "right"):
        upper = np.linalg.norm(joints[f"{side}_elbow"] - joints[f"{side}_shoulder"])
        fore = np.linalg.norm(joints[f"{side}_wrist"] - joints[f"{side}_elbow"])
        assert upper == pytest.approx(UPPER_ARM, rel=1e-3)
        assert fore == pytest.approx(FOREARM, rel=1e-3)
    assert joints["left_shoulder"][0] > joints["right_shoulder"][0]
