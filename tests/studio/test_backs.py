"""What drawn garments show behind."""

import numpy as np
import pytest

from flixpose.studio.garments import backs, bottoms, uppers
from flixpose.studio.garments.plan import Part, Plan

_SEEDS = range(40)


def _plan(kind: str, view: str, seed: int) -> Plan:
    rng = np.random.default_rng(seed)
    if kind == "skirt":
        return bottoms.skirt_plan(rng, kind, view, "ghost")
    if kind in ("trousers", "shorts"):
        return bottoms.legs_plan(rng, kind, view, "ghost")
    return uppers.upper_plan(rng, kind, view, "ghost")


def _small_rounds(plan: Plan) -> int:
    """Buttons: on fronts of waistbands and down fronts."""
    parts = [step for step in plan.steps if isinstance(step, Part)]
    return sum(len(part.outline) == 12 and bool(np.ptp(part.outline[:, 0]) < 3) for part in parts)


@pytest.mark.parametrize("kind", ["skirt", "trousers", "shorts"])
def test_no_button_closes_a_waistband_behind(kind: str) -> None:
    assert all(_small_rounds(_plan(kind, "back", seed)) == 0 for seed in _SEEDS)
    assert sum(_small_rounds(_plan(kind, "front", seed)) > 0 for seed in _SEEDS) > 10


def test_every_skirt_shows_that_it_is_seen_from_behind() -> None:
    for seed in _SEEDS:
        plan = Plan("skirt", "back")
        backs.skirt_back(plan, np.random.default_rng(seed), 16.0, 3.0, 50.0)
        assert plan.steps


@pytest.mark.parametrize("kind", ["sling", "sling_dress"])
def test_a_slings_edge_behind_runs_at_the_armpits(kind: str) -> None:
    gaps = []
    for seed in _SEEDS:
        marks = _plan(kind, "back", seed).marks
        gaps.append(marks["neck_back"][1] - marks["armpit_left"][1])
    assert min(gaps) > -3.7
    fronts = [_plan(kind, "front", seed).marks for seed in _SEEDS]
    assert min(m["neck_front"][1] - m["armpit_left"][1] for m in fronts) < -6


def test_backs_take_nothing_from_the_lot_of_the_rest() -> None:
    one, other = np.random.default_rng(5), np.random.default_rng(5)
    backs.behind(one).random(100)
    assert one.random() == other.random()
