"""The guarantee: no fold inside the area and stretch within the bounds, or a typed error."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flixpose.errors import DegenerateWarp
from flixpose.geometry.distortion import DEFAULT_BOUNDS, StretchBounds, hull, inside, stretches
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import beyond_horizon, jacobian, map_points
from tests.geometry.helpers import controls, made

CALM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def assert_guarantee(fit, bounds=DEFAULT_BOUNDS, seed=0):
    """Looked at in other places than the solver's own: a fine lattice, random places, around the points."""
    rng = np.random.default_rng(seed)
    low, high = fit.area.min(axis=0), fit.area.max(axis=0)
    x, y = np.meshgrid(np.linspace(low[0], high[0], 90), np.linspace(low[1], high[1], 90))
    centres = fit.warp.spline.shift + fit.warp.spline.scale * fit.warp.spline.centres
    back = np.linalg.inv(fit.warp.homography)
    centres = centres @ back[:, :2].T + back[:, 2]
    centres = centres[:, :2] / centres[:, 2:]
    near = (centres[:, None] + rng.normal(0, 1, (len(centres), 40, 2)) * np.ptp(fit.area) / 60).reshape(-1, 2)
    xy = np.vstack([np.column_stack([x.ravel(), y.ravel()]), rng.uniform(low, high, (3000, 2)), near])
    xy = xy[inside(fit.area, xy)]
    assert not beyond_horizon(fit.warp, xy).any()
    small, large, det = stretches(jacobian(fit.warp, xy) / fit.distortion.scale)
    assert (det > 0).all(), "folds"
    assert small.min() >= bounds.smallest and large.max() <= bounds.largest, (small.min(), large.max())
    assert np.isfinite(map_points(fit.warp, xy)).all()


def test_well_placed_points_are_met_exactly_and_nothing_is_changed():
    fit = solve_warp(controls(14, 0.01))
    assert fit.changes == () and fit.stiffness == 0
    assert fit.residuals.max() < 1e-9
    assert_guarantee(fit)


@pytest.mark.parametrize("seed", range(12))
def test_landmark_noise_of_four_percent_folds_nowhere(seed):
    fit = solve_warp(controls(14, 0.04, seed=seed))
    assert_guarantee(fit, seed=seed)


def test_one_wrong_landmark_loses_weight_and_is_named():
    x, y = np.meshgrid(np.linspace(0, 600, 4), np.linspace(0, 900, 5))
    person = np.column_stack([x.ravel(), y.ravel()])
    garment = 2 * person
    garment[9] = 2 * person[14]  # taken for a neighbour: the cloth would turn over
    fit = solve_warp(made(person, garment))
    assert {c.kind for c in fit.changes} <= {"softened", "lowered"}
    assert [c.name for c in fit.changes if c.kind == "softened"] == ["p9"]
    assert fit.weights[9] < 1 and (np.delete(fit.weights, 9) == 1).all()
    assert np.delete(fit.residuals, 9).max() < 1.0 < fit.residuals[9]
    assert_guarantee(fit)


def test_the_cure_is_hardly_stronger_than_needed():
    fit = solve_warp(controls(25, 0.1))
    assert fit.changes
    bounds = DEFAULT_BOUNDS
    slack = max(fit.distortion.smallest / bounds.smallest, 1) * 1.0
    tight = min(slack, bounds.largest / fit.distortion.largest)
    ratio = np.tan(np.radians((90 - fit.distortion.shear) / 2)) / np.tan(np.radians((90 - bounds.shear) / 2))
    assert min(tight, ratio) < 1.25  # some bound is all but reached


def test_bounds_and_area_of_the_caller_are_kept():
    bounds = StretchBounds(smallest=0.6, largest=1.6, shear=40)
    area = np.array([[100, 100], [600, 100], [600, 900], [350, 500], [100, 900]], dtype=float)
    for seed in range(4):
        fit = solve_warp(controls(20, 0.05, seed=seed), bounds=bounds, area=area)
        assert_guarantee(fit, bounds, seed)
        assert (fit.area == area).all()


def test_one_place_twice_is_merged_and_told():
    data = controls(8, 0.01)
    person = np.vstack([data.person_xy, data.person_xy[2]])
    garment = np.vstack([data.garment_xy, data.garment_xy[2] + 6])
    fit = solve_warp(made(person, garment))
    assert [(c.kind, c.name) for c in fit.changes] == [("merged", "p8")]
    assert np.abs(map_points(fit.warp, person[2:3]) - garment[2] - 3).max() < 1e-6


def test_points_of_no_weight_are_ignored_even_where_they_are_missing():
    data = controls(8, 0.01)
    person = np.vstack([data.person_xy, [np.nan, np.nan]])
    garment = np.vstack([data.garment_xy, [0, 0]])
    fit = solve_warp(made(person, garment, [*np.ones(8), 0]))
    assert fit.residuals.shape == (9,) and fit.residuals[8] == 0 and fit.weights[8] == 0
    assert np.allclose(
        map_points(fit.warp, data.person_xy), map_points(solve_warp(data).warp, data.person_xy)
    )


@pytest.mark.parametrize(
    ("person", "garment", "reason"),
    [
        ([[0, 0]], [[0, 0]], "too_few"),
        ([], [], "too_few"),
        ([[5, 5]] * 4, [[0, 0], [9, 0], [9, 9], [0, 9]], "too_few"),
        ([[0, 0], [9, 0], [9, 9], [0, 9]], [[5, 5]] * 4, "coincident"),
        ([[0, 0], [9, 0], [9, 9], [0, 9]], [[0, 0], [3, 3], [6, 6], [9, 9]], "collinear"),
        ([[0, 0], [9, 0], [9, 9], [0, 9]], [[9, 0], [0, 0], [0, 9], [9, 9]], "mirrored"),
        ([[0, 0], [9, np.inf], [9, 9], [0, 9]], [[0, 0], [9, 0], [9, 9], [0, 9]], "not_finite"),
    ],
)
def test_hopeless_points_are_refused_by_name(person, garment, reason):
    data = made(np.reshape(person, (-1, 2)), np.reshape(garment, (-1, 2)))
    with pytest.raises(DegenerateWarp) as caught:
        solve_warp(data)
    assert caught.value.reason == reason
    assert caught.value.message.startswith("torso: ")
    assert len(data) == 0 or "p0" in caught.value.message or "p1" in caught.value.message


def test_collinear_on_the_person_is_carried_by_a_similarity():
    fit = solve_warp(made([[0, 0], [100, 0], [200, 0]], [[0, 0], [200, 0], [400, 4]]))
    assert fit.model == "similarity" and fit.residuals.max() < 1e-6
    assert_guarantee(fit)


@CALM
@given(
    count=st.integers(2, 30),
    noise=st.sampled_from([0.0, 0.02, 0.08, 0.3, 2.0]),
    seed=st.integers(0, 10**6),
    hostile=st.sampled_from(["none", "swapped", "near", "line", "outlier", "turned"]),
)
def test_never_a_fold_never_nan(count, noise, seed, hostile):
    data = controls(count, noise, seed=seed)
    person, garment = data.person_xy.copy(), data.garment_xy.copy()
    if hostile == "swapped":
        garment[[0, -1]] = garment[[-1, 0]]
    elif hostile == "near":
        person[-1] = person[0] + (0.3, 0.2)
    elif hostile == "line":
        person[:, 0] = 300 + 1e-3 * person[:, 0]
    elif hostile == "outlier":
        garment[0] += 5000
    elif hostile == "turned":
        garment = garment.mean(axis=0) - (garment - garment.mean(axis=0))[:, ::-1] * (1, -1)
    try:
        fit = solve_warp(made(person, garment))
    except DegenerateWarp as error:
        assert error.reason in {"too_few", "coincident", "collinear", "mirrored", "contradictory", "folded"}
        return
    assert fit.distortion.excess <= 0
    assert_guarantee(fit, seed=seed)


def test_hull():
    square = [[0, 0], [10, 0], [10, 10], [0, 10]]
    assert {tuple(p) for p in hull(np.array([*square, [5, 5], [0, 5]]))} == {
        tuple(map(float, p)) for p in square
    }
    assert inside(hull(np.array(square)), np.array([[5.0, 5], [11, 5]])).tolist() == [True, False]
