"""What the two witnesses of a landmark are worth."""

import numpy as np
import pytest

from flixpose.garment.net_merge import odds_of, snapped, told
from flixpose.training.calibrate import Case, fit_final, fit_line, fit_trust


def test_a_point_snaps_to_a_near_outline_only():
    edge = np.array([[10.0, 10.0], [20.0, 10.0], [30.0, 10.0]])
    assert snapped((19.0, 12.0, 0.7), edge, reach=4) == (20.0, 10.0, 0.7)
    assert snapped((19.0, 18.0, 0.7), edge, reach=4) == (19.0, 18.0, 0.7)


def test_fitted_scores_say_how_often_they_are_right():
    rng = np.random.default_rng(0)
    mass = rng.uniform(0.05, 0.95, 4000)
    right = rng.random(4000) < mass**2
    line = fit_line([(float(m), bool(r)) for m, r in zip(mass, right, strict=True)], (0.0, 1.0))
    for low in (0.2, 0.5, 0.8):
        near = np.abs(mass - low) < 0.05
        said = np.mean([1 / (1 + np.exp(-odds_of(float(m), line))) for m in mass[near]])
        assert said == pytest.approx(right[near].mean(), abs=0.06)


def test_agreement_is_worth_more_where_the_net_alone_errs():
    cases = [Case("hem_left", 0.5, True, 0.9, True, 0.001) for _ in range(40)]
    cases += [Case("hem_right", 0.5, False, 0.9, False, 0.2) for _ in range(40)]
    trust = fit_trust(cases, same=0.02)
    assert set(trust) == {"hem"} and trust["hem"]["both"][0] > 1


def test_the_last_line_corrects_what_came_of_both():
    rng = np.random.default_rng(0)
    odds = rng.normal(1, 1.5, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * odds - 1)))
    final = fit_final([("net", float(o), bool(r)) for o, r in zip(odds, right, strict=True)])
    assert final["net"] == pytest.approx([-1, 0.5], abs=0.15)
    assert told(2.0, "net", {"net": (-1.0, 0.5)}) == pytest.approx(0.5)
    assert told(2.0, "net", {"both": (-1.0, 0.5)}) > 0.8, "another way of meeting"
