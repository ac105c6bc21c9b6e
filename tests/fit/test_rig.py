"""The rigs of configs/, and what broken ones say."""

from pathlib import Path

import pytest

from flixpose import resources
from flixpose.errors import BadSettings, UnknownKind
from flixpose.fit.rig import Place, load_rigs, rig_for
from flixpose.garment.kinds import KINDS, has_legs, has_sleeves

RIGS = load_rigs(resources.CONFIGS / "rigs")
GOOD = (resources.CONFIGS / "rigs" / "lower.toml").read_text()


def test_there_is_a_rig_for_every_kind_and_no_other() -> None:
    assert set(RIGS) == set(KINDS)


@pytest.mark.parametrize("worn", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_hold_together(kind: str, worn: bool) -> None:
    rig = rig_for(RIGS, kind)
    if worn:
        assert rig.worn is not None
        rig = rig.worn
    stems = {name.replace("_left", "").replace("_right", "") for name in KINDS[kind].names}
    for name, place in rig.places.items():
        assert place.min_across <= place.across <= place.max_across, name
        assert place.min_depth <= place.depth <= place.max_depth, name
        assert 0 <= place.keep_across <= 1 and 0 <= place.keep_depth <= 1, name
    assert {stem for stem in stems if stem in rig.places}, "no landmark of this kind has a place"
    assert set(rig.scale) <= {*rig.places, "length"} and sum(rig.scale.values()) > 0
    assert (rig.limb is not None) == (has_sleeves(kind) or has_legs(kind))
    if rig.limb is not None:
        assert 0 < rig.limb.min_reach < rig.limb.max_reach
        assert rig.limb.max_half_width >= max(rig.limb.half_width)
        assert (max(rig.limb.half_width) > 0) == has_sleeves(kind)
        assert 0.5 < rig.narrowing <= 1


def test_long_sleeves_and_trousers_cover_their_limbs() -> None:
    reach = {kind: rig.limb for kind, rig in RIGS.items() if rig.limb}
    for long, short in (("long_sleeve_top", "short_sleeve_top"), ("trousers", "shorts")):
        assert reach[long].min_reach >= reach[short].max_reach


@pytest.mark.parametrize(
    ("keep", "own", "expected"),
    [
        (0.0, 9.0, 0.5),  # the rig's own place, whatever the garment says
        (1.0, 0.6, 0.6),  # the garment's own
        (0.25, 0.9, 0.6),  # a share of it
        (1.0, 9.0, 0.8),  # within limits
        (1.0, 0.1, 0.4),
    ],
)
def test_a_place_blends_the_garments_own_into_the_rigs(keep: float, own: float, expected: float) -> None:
    across = Place(0.5, 0.1, keep_across=keep, min_across=0.4, max_across=0.8)
    assert across.blend(own, 77.0) == pytest.approx((expected, 0.1))
    depth = Place(0.1, 0.5, keep_depth=keep, min_depth=0.4, max_depth=0.8)
    assert depth.blend(77.0, own) == pytest.approx((0.1, expected))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("keep_across = 0.2", "keep_acros = 0.2", "keep_acros"),
        ("across = 0.43", 'across = "wide"', "wide"),
        ("ease = 0.02", "", "ease"),
        ("max_half_width = 0.45", "half_width = 0.25\nmax_half_width = 0.45", "file"),
        ("max_half_width = 0.45", "", "max_half_width"),
        ("[kind.shorts.limb]\nmax_reach", "[kind.shorts.limb]\nmax_reech", "max_reech"),
        ("waist = 1.0", "waste = 1.0", "waste"),
        ("[kind.skirt]", "[kind.kilt]", "kilt"),
        ("[base]", "[base", "file"),
    ],
)
def test_a_broken_file_is_named_with_its_fault(old: str, new: str, named: str, tmp_path: Path) -> None:
    assert old in GOOD
    (tmp_path / "file.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(BadSettings) as caught:
        load_rigs(tmp_path)
    assert "file.toml" in caught.value.message and named in caught.value.message
    assert caught.value.subject == str(tmp_path / "file.toml")


def test_a_folder_without_rigs_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=tmp_path.name):
        load_rigs(tmp_path)


def test_an_unknown_kind_has_no_rig() -> None:
    with pytest.raises(UnknownKind) as caught:
        rig_for(RIGS, "poncho")
    assert caught.value.subject == "poncho" and "poncho" in caught.value.message
