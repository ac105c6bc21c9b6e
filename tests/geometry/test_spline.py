"""The spline is the true one: as scipy and scikit-image have it, to 1e-9."""

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from skimage.transform import ThinPlateSplineTransform

from flixpose.errors import DegenerateWarp
from flixpose.geometry.spline import fit_spline, prepare, solve, spline_jacobian, spline_points


def _data(seed: int, count: int = 25):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 3000, (count, 2))
    return xy, xy + rng.normal(0, 80, xy.shape), rng.uniform(-500, 3500, (400, 2))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stiffness", [0.0, 1e-5, 1e-2, 1.0])
def test_agrees_with_scipy(seed, stiffness):
    xy, values, places = _data(seed)
    system = prepare(xy)
    smoothing = stiffness * system.scale**2
    peer = RBFInterpolator(xy, values, kernel="thin_plate_spline", degree=1, smoothing=smoothing)
    ours = spline_points(solve(system, values, stiffness), places)
    assert np.abs(ours - peer(places)).max() < 1e-9 * 3000


def test_agrees_with_scipy_on_weights():
    xy, values, places = _data(7)
    weights = np.random.default_rng(1).uniform(0.1, 3, len(xy))
    system = prepare(xy)
    smoothing = 1e-3 * system.scale**2 / weights
    peer = RBFInterpolator(xy, values, kernel="thin_plate_spline", degree=1, smoothing=smoothing)
    assert np.abs(spline_points(solve(system, values, 1e-3, weights), places) - peer(places)).max() < 1e-6


def test_agrees_with_scikit_image():
    xy, values, places = _data(3)
    # In unit coordinates: scikit-image neither centres nor scales and loses digits on pixels.
    xy, values, places = xy / 3000, values / 3000, places / 3000
    peer = ThinPlateSplineTransform.from_estimate(xy, values)
    assert np.abs(spline_points(fit_spline(xy, values), places) - peer(places)).max() < 1e-6


def test_passes_through_its_points_and_is_golden():
    xy = np.array([[0, 0], [100, 0], [100, 100], [0, 100], [50, 50]], dtype=float)
    values = xy + np.array([[0, 0], [0, 0], [0, 0], [0, 0], [10, 0]])
    spline = fit_spline(xy, values)
    assert np.abs(spline_points(spline, xy) - values).max() < 1e-11

    # By hand: by symmetry the corners weigh w, the centre -4w, and the affine part is the identity plus b.
    def bump(r):
        return r**2 * np.log(r)

    half, side, across = 50 * np.sqrt(2), 100, 100 * np.sqrt(2)
    corner = np.array([2 * bump(side) + bump(across) - 4 * bump(half), 1])
    centre = np.array([4 * bump(half), 1])
    w, b = np.linalg.solve([corner, centre], [0, 10])
    near, far = np.hypot(25, 50), np.hypot(75, 50)
    expected = w * (2 * bump(near) + 2 * bump(far) - 4 * bump(25)) + b
    moved = spline_points(spline, np.array([[25.0, 50.0], [75.0, 50.0]])) - [[25, 50], [75, 50]]
    assert moved == pytest.approx(np.array([[expected, 0], [expected, 0]]), abs=1e-9)


def test_jacobian_is_the_derivative():
    xy, values, places = _data(2)
    spline = fit_spline(xy, values, 1e-4)
    step = 1e-3
    for axis in (0, 1):
        shift = step * np.eye(2)[axis]
        slope = (spline_points(spline, places + shift) - spline_points(spline, places - shift)) / (2 * step)
        assert np.abs(spline_jacobian(spline, places)[:, :, axis] - slope).max() < 1e-5


def test_collinear_centres_keep_the_identity_across():
    along = np.array([0.0, 100, 220, 300, 450])
    xy = np.column_stack([along, 2 * along])
    values = xy + np.column_stack([np.sin(along), np.cos(along)]) * 5
    spline = fit_spline(xy, values)
    assert np.abs(spline_points(spline, xy) - values).max() < 1e-8
    across = np.array([2.0, -1.0]) / np.sqrt(5)
    slopes = spline_jacobian(spline, xy) @ across
    assert np.isfinite(slopes).all() and np.abs(slopes.mean(axis=0) - across).max() < 0.05


def test_the_same_place_twice_is_refused_or_solved_but_never_nan():
    xy = np.array([[0, 0], [100, 0], [100, 100], [0, 100], [0, 100]], dtype=float)
    try:
        spline = fit_spline(xy, xy + np.array([[0, 0], [0, 0], [0, 0], [0, 0], [9, 9]]))
        assert np.isfinite(spline.weights).all()
    except DegenerateWarp as error:
        assert error.reason == "coincident"
