"""Several garments on one person."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from flixpose.fit.order import layer_of
from flixpose.garment.kinds import KINDS
from flixpose.pipeline import Wear, drape_all
from flixpose.structures.drape import Drape
from tests.fit.figures import make_garment
from tests.stages.scene import KnownGarments, small_person, tools_for

TROUSERS, SHIRT = (150, 60, 40), (40, 60, 170)


@cache
def dressed(first: str, second: str) -> Drape:
    """Trousers in red-brown, a top in blue, on one person; listed in the order given."""
    person, pose, _ = small_person("spread")
    made = {}
    for kind, colour in (("trousers", TROUSERS), ("short_sleeve_top", SHIRT)):
        product, garment = make_garment(kind, unit=170.0, inside=colour)
        pixels = product.pixels.copy()
        pixels[garment.mask.alpha > 0] = colour
        made[kind] = replace(product, pixels=pixels, sha256=kind.encode().hex().ljust(64, "0")), garment
    tools = replace(
        tools_for((pose,), made["trousers"][1]),
        garments=KnownGarments({p.sha256: g for p, g in made.values()}),
    )
    return drape_all(person, [Wear(made[kind][0]) for kind in (first, second)], tools)


def test_lower_goes_on_before_upper_before_outwear() -> None:
    layers = {kind: layer_of(kind) for kind in KINDS}
    assert {kind for kind, layer in layers.items() if layer == 0} == {"trousers", "shorts", "skirt"}
    assert {kind for kind, layer in layers.items() if layer == 2} == {
        "short_sleeve_outwear",
        "long_sleeve_outwear",
    }


def test_the_order_of_listing_does_not_change_the_picture() -> None:
    one, other = dressed("trousers", "short_sleeve_top"), dressed("short_sleeve_top", "trousers")
    assert (one.picture == other.picture).all()
    assert one.garment.kind == "trousers" and other.garment.kind == "short_sleeve_top"
    assert [drape.garment.kind for drape in one.beside] == ["short_sleeve_top"]


def test_both_are_seen_and_the_top_hangs_over() -> None:
    both = dressed("trousers", "short_sleeve_top")
    trousers, top = both, both.beside[0]
    assert trousers.visible.area > 2000 and top.visible.area > 2000
    assert not ((trousers.visible.alpha > 0) & (top.visible.alpha == 255)).any()
    for drape, colour in ((trousers, TROUSERS), (top, SHIRT)):
        solid = drape.visible.alpha == 255
        assert np.abs(both.picture[solid].astype(int) - colour).mean() < 25


def test_outside_all_garments_every_bit_is_the_persons() -> None:
    both = dressed("trousers", "short_sleeve_top")
    same = both.changed.alpha == 0
    assert (both.picture[same] == both.person.pixels[same]).all() and same.mean() > 0.5


@pytest.mark.parametrize("first", ["trousers", "short_sleeve_top"])
def test_the_verdict_is_the_worst_of_all(first: str) -> None:
    both = dressed(first, "short_sleeve_top" if first == "trousers" else "trousers")
    codes = {reason.code for reason in both.quality.reasons}
    assert {reason.code for reason in both.beside[0].quality.reasons} <= codes
    assert (both.quality.verdict == "pass") == (not codes)
