"""How far out the sides of a trunk lie."""

from types import SimpleNamespace
from typing import cast

from flixpose import resources
from flixpose.fit.arms import find_arms
from flixpose.fit.body import measure_body
from flixpose.fit.rig import load_rigs
from flixpose.fit.silhouette import trunk_edge
from flixpose.fit.trunk import Fit, beside_body
from tests.fit.figures import paint_person

RIG = load_rigs(resources.CONFIGS / "rigs")["long_sleeve_top"]
DEPTH = 0.7


def sides() -> tuple[float, float, float]:
    """(where the arm begins, where a wide top's side lies with sleeves, and without) at one depth."""
    image, pose, _ = paint_person("hanging")
    body = measure_body(pose)
    outlines = find_arms(image, body, pose.mask)
    assert pose.mask is not None
    most = trunk_edge(body, pose.mask, DEPTH, 1.0, outlines.get("left")).most
    assert most is not None
    wide = 1.25 * most
    found = [
        beside_body(
            cast(Fit, SimpleNamespace(body=body, rig=RIG, person=pose.mask, arms=some)), wide, DEPTH, 1.0
        )
        for some in (outlines, {})
    ]
    return most, found[0], found[1]


def test_hanging_arms_in_sleeves_hold_a_wide_top_in() -> None:
    arm, held, free = sides()
    assert free > 1.1 * arm and arm < held < 1.08 * arm and held >= 0.849 * free
