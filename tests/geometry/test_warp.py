"""A warp as one value: there and back, composed, written and read."""

import json

import numpy as np
import pytest

from flixpose.errors import DegenerateWarp
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import (
    beyond_horizon,
    compose,
    invert_points,
    jacobian,
    map_points,
    warp_from_json,
    warp_to_json,
)
from flixpose.structures.warp import Warp, WarpChain
from tests.geometry.helpers import controls

PLACES = np.random.default_rng(9).uniform((0, 0), (700, 1000), (500, 2))


@pytest.mark.parametrize("seed", range(6))
def test_inverse_brings_back_what_is_inside(seed):
    fit = solve_warp(controls(16, 0.03, seed=seed))
    from flixpose.geometry.distortion import inside

    xy = PLACES[inside(fit.area, PLACES)]
    assert np.abs(invert_points(fit.warp, map_points(fit.warp, xy)) - xy).max() < 0.01


def test_a_place_that_nothing_leads_to_is_told():
    matrix = np.diag([1e-5, 1e-5, 1.0])
    fold = solve_warp(controls(9, 0.02)).warp
    assert fold.spline is not None
    flat = Warp(
        matrix,
        fold.spline.__class__(
            fold.spline.centres,
            fold.spline.weights,
            fold.spline.affine * [[1], [0], [0]],
            fold.spline.shift,
            fold.spline.scale,
        ),
    )
    with pytest.raises(DegenerateWarp) as caught:
        invert_points(flat, [[1e7, 1e7]])
    assert caught.value.reason == "not_invertible" and caught.value.subject == "0"


def test_jacobian_is_the_derivative():
    warp = solve_warp(controls(14, 0.03)).warp
    chain = compose(warp, warp)
    for each in (warp, chain):
        step = 1e-3
        slopes = np.stack(
            [
                (map_points(each, PLACES + step * e) - map_points(each, PLACES - step * e)) / (2 * step)
                for e in np.eye(2)
            ],
            axis=2,
        )
        assert np.abs(jacobian(each, PLACES) - slopes).max() < 1e-3


def test_composition_is_exact_and_joins_what_it_can():
    warp = solve_warp(controls(14, 0.03)).warp
    crop = Warp(np.array([[2.0, 0, -30], [0, 2.0, 10], [0, 0, 1]]))
    before, after, twice = compose(crop, warp), compose(warp, crop), compose(warp, warp)
    assert isinstance(before, Warp) and isinstance(after, Warp) and isinstance(twice, WarpChain)
    assert np.abs(map_points(before, PLACES) - map_points(warp, map_points(crop, PLACES))).max() < 1e-8
    assert np.abs(map_points(after, PLACES) - map_points(crop, map_points(warp, PLACES))).max() < 1e-8
    assert np.abs(map_points(twice, PLACES) - map_points(warp, map_points(warp, PLACES))).max() < 1e-8
    assert np.abs(invert_points(before, map_points(before, PLACES[:50])) - PLACES[:50]).max() < 0.01


def test_json_keeps_every_bit():
    warp = solve_warp(controls(14, 0.03)).warp
    for each in (warp, Warp(warp.homography), compose(warp, warp)):
        again = warp_from_json(json.loads(json.dumps(warp_to_json(each))))
        assert (map_points(again, PLACES) == map_points(each, PLACES)).all()


@pytest.mark.parametrize(
    "text", ["{}", '{"homography": [[1, 0], [0, 1]]}', '{"homography": [[NaN,0,0],[0,1,0],[0,0,1]]}', "[]"]
)
def test_json_that_is_no_warp_is_refused(text):
    with pytest.raises(DegenerateWarp):
        warp_from_json(json.loads(text))


def test_behind_the_horizon():
    warp = Warp(np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1]]))
    assert beyond_horizon(warp, [[50, 0], [100, 0], [150, 0]]).tolist() == [False, True, True]
