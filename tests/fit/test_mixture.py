"""Mixtures of colours on samples whose colours are known."""

import numpy as np
import pytest

from flixpose.fit.mixture import fit_mixture


def cloud(centre: tuple[float, float, float], count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(int(sum(centre)) + count)
    return (np.array(centre) + rng.normal(0, 2, (count, 3))).astype(np.float32)


DARK, LIGHT, GREEN = (20.0, 5.0, 5.0), (80.0, 10.0, 20.0), (50.0, -40.0, 30.0)


def test_clusters_are_found_and_told_apart() -> None:
    both = fit_mixture(np.vstack([cloud(DARK, 600), cloud(LIGHT, 200)]), count=2)
    assert both is not None
    order = np.argsort(both.means[:, 0])
    assert both.means[order] == pytest.approx(np.array([DARK, LIGHT]), abs=0.5)
    assert both.shares[order] == pytest.approx([0.75, 0.25])
    green = fit_mixture(cloud(GREEN))
    assert green is not None
    places = np.array([DARK, LIGHT, GREEN], np.float32)
    assert (both.log_density(places) > green.log_density(places)).tolist() == [True, True, False]
    assert both.deviations(places)[:2].max() < 0.5 < 5 < both.deviations(places)[2]


def test_the_density_is_that_of_a_gaussian() -> None:
    one = fit_mixture(cloud(DARK), count=1, spread=(3.0, 3.0, 3.0))
    assert one is not None
    covariance = np.cov(cloud(DARK).T, bias=True) + 9 * np.eye(3)
    off = np.array([4.0, -2.0, 1.0])
    place = (one.means[0] + off).astype(np.float32)
    expected = -0.5 * (off @ np.linalg.inv(covariance) @ off + np.log(np.linalg.det(covariance)))
    assert one.log_density(place) == pytest.approx(expected, abs=1e-3)


def test_colours_that_another_has_are_left_out_unless_they_prevail() -> None:
    hair = fit_mixture(cloud(DARK), count=1)
    mostly_light = fit_mixture(np.vstack([cloud(DARK, 200), cloud(LIGHT, 600)]), count=2)
    mostly_dark = fit_mixture(np.vstack([cloud(DARK, 600), cloud(LIGHT, 200)]), count=2)
    assert hair is not None and mostly_light is not None and mostly_dark is not None
    kept = mostly_light.without(hair, within=2.0, most=0.4)
    assert kept is not None and kept.means == pytest.approx(np.array([LIGHT]), abs=0.5)
    whole = mostly_dark.without(hair, within=2.0, most=0.4)
    assert whole is not None and len(whole.means) == 2
    assert hair.without(hair, within=2.0, most=2.0) is None


def test_too_few_colours_are_no_mixture_and_rare_ones_are_left_out() -> None:
    assert fit_mixture(cloud(DARK, 8)) is None
    found = fit_mixture(np.vstack([cloud(DARK, 380), cloud(LIGHT, 20)]), count=2, least=0.1)
    assert found is not None and len(found.means) == 1
