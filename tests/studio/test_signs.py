"""What tells the fronts of simulated garments from their backs."""

import numpy as np
import pytest

from flixpose.studio.simulated.pattern import Pattern
from flixpose.studio.simulated.scene import FIRST_MIXED, KINDS, Mix, scene
from flixpose.studio.simulated.signs import Stroke, signs

_BACKS = Mix(backs=1, opened=0)


def test_a_stroke_covers_its_line_on_both_sides_of_the_middle_and_on_one_side_of_the_garment() -> None:
    stroke = Stroke(True, 0.08, 1.0, 0.12, 0.9)
    on = np.array([[0.10, 0.1, 0.95], [-0.10, 0.1, 0.95], [0.0801, 0.1, 0.999]])
    off = np.array([[0.10, -0.1, 0.95], [0.08, 0.1, 0.95], [0.10, 0.1, 1.1], [0.0, 0.1, 0.95]])
    assert stroke.covers(on).all() and not stroke.covers(off).any()


@pytest.mark.parametrize(
    "kind", ["trousers", "shorts", "skirt", "sling", "sling_dress", "long_sleeve_outwear"]
)
def test_a_garment_that_would_look_alike_from_both_sides_shows_its_back(kind: str) -> None:
    pattern = Pattern(kind, bottom=0.5, top=1.02)
    for seed in range(30):
        shown = signs(pattern, seed)
        assert [s for s in shown if s.back] != [s for s in shown if not s.back]
        assert any(s.back for s in shown)
        assert all(s.z > s.low_z and s.half > 0 for s in shown)


def test_the_benchmark_s_scenes_stay_as_they_were() -> None:
    slings = [n for n in range(FIRST_MIXED) if KINDS[n % len(KINDS)].startswith("sling")]
    assert not any(scene(1, n).signed for n in range(FIRST_MIXED))
    assert {scene(1, n).pattern.neck_back for n in slings} == {0.13}
    for n in slings:
        later = scene(1, n, _BACKS)
        assert later.signed and later.pattern.neck_back < later.pattern.neck_drop - 0.02
