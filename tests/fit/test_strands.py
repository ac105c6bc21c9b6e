"""Telling hair from smooth surfaces by the contrast of its strands."""

import numpy as np

from flixpose.fit.strands import contrast, too_smooth

RNG = np.random.default_rng(4)


def surface(rough: float, level: float = 50.0) -> np.ndarray:
    ramp = np.linspace(0, 10, 80, dtype=np.float32)[None, :]
    grain = np.repeat(RNG.normal(0, rough, (1, 80)), 80, axis=0)
    return np.asarray(level + ramp + grain, np.float32)


def test_strands_are_rougher_than_a_shaded_surface_in_any_light() -> None:
    hair, dim, skin = surface(6.0), surface(6.0) * 0.4, surface(0.3)
    inner = np.s_[8:-8, 8:-8]
    found = [contrast(one, 2.0)[inner] for one in (hair, dim, skin)]
    usual = np.percentile(found[0], 20)
    assert np.median(found[1]) > 0.6 * usual and np.percentile(found[2], 95) < 0.3 * usual


def test_beside_an_edge_a_smooth_surface_stays_smooth() -> None:
    both = surface(0.3)
    both[:, 40:] = surface(6.0, 20.0)[:, 40:]
    found = contrast(both, 2.0)[10:-10]
    hair = np.zeros(both.shape, bool)
    hair[:, 50:] = True
    told = too_smooth(contrast(both, 2.0), hair)[10:-10]
    assert found[:, 38].max() < 0.3 * np.median(found[:, 50:-10])
    assert told[:, 38].max() < -2.0 and np.median(told[:, 50:-10]) == 0.0


def test_a_head_as_smooth_as_skin_tells_nothing() -> None:
    found = contrast(surface(0.3), 2.0)
    hair = np.zeros(found.shape, bool)
    hair[:40] = True
    assert too_smooth(found, hair)[10:-10, 10:-10].mean() > -1.0
