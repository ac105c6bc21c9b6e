"""Sewing and falling, without Blender; a whole scene where it is installed."""

import numpy as np
import pytest

from flixpose.studio.body import Build, Stance, figure
from flixpose.studio.simulated.cloth import fall, nearest, threads
from flixpose.studio.simulated.scene import KINDS, scene
from flixpose.studio.simulated.sewing import FITTING, Pattern, clip, sew
from flixpose.studio.solid import ellipsoid

TEE = Pattern("short_sleeve_top", bottom=0.86, sleeve=0.3, cuff=0.075)


def test_clip_cuts_a_square_cleanly() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    points, left = clip(square, faces, square[:, 0] - 0.25)
    corners = points[left]
    area = (
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
        / 2
    )
    assert area == pytest.approx(0.25)
    assert points[:, 0].max() == pytest.approx(0.25)


def test_cloth_comes_to_rest_on_a_ball_and_keeps_its_length() -> None:
    side = np.linspace(-0.2, 0.2, 17)
    x, y = np.meshgrid(side, side)
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, 0.26)], axis=1)
    i, j = np.meshgrid(np.arange(16), np.arange(16))
    a = (j * 17 + i).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + 18], 1), np.stack([a, a + 18, a + 17], 1)])
    ball = (ellipsoid((0, 0, 0), (0.2, 0.2, 0.2)),)
    web = threads(points, faces)
    rested = fall(points, web, lambda _: ball, frames=0, settle=40)
    assert nearest(ball, rested)[0].min() > 0.004
    assert rested[0, 2] < 0.15 < rested[len(rested) // 2, 2]
    edges = np.concatenate([g for g, gives in zip(web.groups, web.compliance, strict=True) if gives == 0])
    now = np.linalg.norm(rested[edges[:, 0]] - rested[edges[:, 1]], axis=1)
    sewn = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    assert np.percentile(now / sewn, 95) < 1.15


def test_no_thread_of_a_group_shares_a_point() -> None:
    sewn = sew(TEE, Build())
    for group in threads(sewn.points, sewn.faces).groups:
        assert len(np.unique(group)) == group.size


def test_a_tee_has_its_landmarks_where_a_tailor_would_mark_them() -> None:
    sewn = sew(TEE, Build())
    at = {name: sewn.points[index] for name, index in sewn.landmarks.items()}
    assert at["neck_front"][1] < 0 < at["neck_back"][1]
    assert at["hem_left"][0] > 0.12 and at["hem_right"][0] < -0.12
    assert at["hem_left"][2] == pytest.approx(TEE.bottom, abs=0.005)
    assert at["cuff_left_outer"][2] > at["cuff_left_inner"][2] > at["hem_left"][2]
    assert at["neck_left"][0] < at["shoulder_left"][0] < at["cuff_left_outer"][0]
    assert at["armpit_left"][2] < at["shoulder_left"][2] - 0.08
    assert at["armpit_left"][2] > at["hem_left"][2] + 0.25
    assert set(np.unique(sewn.part)) == {0, 1, 2}


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_every_kind_is_one_piece_around_the_body(kind: str) -> None:
    planned = scene(3, KINDS.index(kind))
    sewn = sew(planned.pattern, planned.mannequin)
    body = figure(planned.mannequin, FITTING)
    away, _ = nearest(body.torso, sewn.points[:: max(1, len(sewn.points) // 500)])
    assert away.min() > -0.012
    assert len(sewn.points) > 1500


def test_scenes_are_decided_by_seed_and_number() -> None:
    assert scene(1, 4) == scene(1, 4)
    assert scene(1, 4) != scene(2, 4)
    assert {scene(1, n).pose for n in range(16)} == {"down", "bent", "hip", "walking", "crossed"}
    assert isinstance(scene(1, 0).look.stance, Stance)
