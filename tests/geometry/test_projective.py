"""The ladder: right where the points carry it, a typed error that says which degeneracy where they do not."""

import cv2
import numpy as np
import pytest
import torch
from kornia.geometry.homography import find_homography_dlt

from flixpose.errors import DegenerateWarp
from flixpose.geometry import projective
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import map_points
from tests.geometry.helpers import made

SQUARE = np.array([[0, 0], [100, 0], [100, 100], [0, 100]], dtype=float)


def _noisy(count: int = 12):
    rng = np.random.default_rng(4)
    source = rng.uniform(0, 2000, (count, 2))
    matrix = np.array([[1.9, 0.1, 30], [-0.05, 2.1, 60], [2e-5, -1e-5, 1]])
    return source, projective.apply(matrix, source) + rng.normal(0, 3, source.shape), matrix


def test_recovers_each_rung():
    source, _, matrix = _noisy()
    ones = np.ones(len(source))
    assert np.allclose(projective.fit_homography(source, projective.apply(matrix, source), ones), matrix)
    affine = np.array([[1.9, 0.3, 30], [-0.2, 2.1, 60], [0, 0, 1]])
    assert np.allclose(projective.fit_affine(source, projective.apply(affine, source), ones), affine)
    turn = np.array([[1.2, -0.5, 30], [0.5, 1.2, 60], [0, 0, 1]])
    assert np.allclose(
        projective.fit_similarity(source[:2], projective.apply(turn, source[:2]), ones[:2]), turn
    )


def test_agrees_with_kornia_and_opencv():
    source, target, _ = _noisy()
    source, target = (source - 1000) / 1000, (target - 2000) / 2000  # Kornia loses digits on plain pixels
    uneven = np.random.default_rng(0).uniform(0.2, 2, len(source))
    # With uneven weights ours is centred on the weighted mean, Kornia's on the plain one.
    for weights in (uneven, np.ones(len(source))):
        ours = projective.apply(projective.fit_homography(source, target, weights), source)
        kornia = find_homography_dlt(*(torch.tensor(v)[None] for v in (source, target, weights)))[0].numpy()
        assert np.abs(ours - projective.apply(kornia, source)).max() < 1e-4
    opencv = projective.apply(cv2.findHomography(source, target, 0)[0], source)
    assert np.abs(ours - opencv).max() < 5e-4  # OpenCV goes on to refine the geometric error


def test_a_heavy_point_is_met_more_nearly():
    source, target, _ = _noisy()
    weights = np.ones(len(source))
    plain = projective.fit_homography(source, target, weights)
    weights[3] = 1e4
    heavy = projective.fit_homography(source, target, weights)
    miss = [np.linalg.norm(projective.apply(m, source)[3] - target[3]) for m in (plain, heavy)]
    assert miss[1] < miss[0] / 10


@pytest.mark.parametrize(
    ("fit", "source", "target", "reason"),
    [
        (projective.fit_homography, SQUARE[:3], SQUARE[:3], "too_few"),
        (projective.fit_affine, SQUARE[:2], SQUARE[:2], "too_few"),
        (projective.fit_similarity, SQUARE[:1], SQUARE[:1], "too_few"),
        (projective.fit_similarity, SQUARE * 0, SQUARE, "coincident"),
        (projective.fit_affine, SQUARE, SQUARE * 0 + 5, "coincident"),
        (projective.fit_affine, SQUARE * [1, 0], SQUARE, "collinear"),
        (projective.fit_homography, SQUARE, SQUARE * [1, 0], "collinear"),
        (projective.fit_homography, SQUARE, [[0, 0], [50, 50], [100, 100], [0, 100]], "collinear"),
        (projective.fit_homography, SQUARE, [[0, 0], [100, 0], [30, 30], [0, 100]], "non_convex"),
        (projective.fit_homography, SQUARE, [[0, 0], [100, 0], [0, 100], [100, 100]], "non_convex"),
        (projective.fit_homography, SQUARE, SQUARE * [-1, 1], "mirrored"),
        (projective.fit_affine, SQUARE, SQUARE * [-1, 1], "mirrored"),
        (projective.fit_similarity, SQUARE, SQUARE * [-1, 1], "mirrored"),
    ],
)
def test_says_which_degeneracy(fit, source, target, reason):
    with pytest.raises(DegenerateWarp) as caught:
        fit(np.array(source, float), np.array(target, float), np.ones(len(source)))
    assert caught.value.reason == reason


def test_a_horizon_between_the_points_is_refused():
    rng = np.random.default_rng(1)
    source = rng.uniform(0, 100, (9, 2))
    matrix = np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1]])  # horizon at x = 50
    with pytest.raises(DegenerateWarp) as caught:
        projective.fit_homography(source, projective.apply(matrix, source), np.ones(9))
    assert caught.value.reason in ("horizon", "mirrored")


def test_the_horizon_itself_is_far_away_but_finite():
    matrix = np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1]])
    there = np.array([[100.0, 3.0]])
    assert np.isfinite(projective.apply(matrix, there)).all()
    assert np.isfinite(projective.derivative(matrix, there)).all()


@pytest.mark.parametrize(("count", "model"), [(2, "similarity"), (3, "affine"), (4, "homography")])
def test_the_rung_is_what_the_points_carry(count, model):
    target = np.array([[10, 20], [210, 30], [215, 240], [5, 225]], dtype=float)
    fit = solve_warp(made(SQUARE[:count], target[:count]))
    assert fit.model == model
    assert np.abs(map_points(fit.warp, SQUARE[:count]) - target[:count]).max() < 1e-9


def test_a_thin_triangle_carries_a_similarity_only():
    person = [[0, 0], [100, 0.4], [200, 0]]
    fit = solve_warp(made(person, [[0, 0], [200, 0.9], [400, 0]]))
    assert fit.model == "similarity" and fit.residuals.max() < 1e-6
