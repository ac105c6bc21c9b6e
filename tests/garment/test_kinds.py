"""The table of kinds holds together."""

import pytest

from flixpose.errors import UnknownKind
from flixpose.garment import kinds


def test_there_are_the_thirteen_kinds() -> None:
    assert len(kinds.KINDS) == 13
    assert all(kinds.skeleton(kind).name == kind for kind in kinds.KINDS)


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_edges_mirror_and_sigmas_name_points_that_exist(kind: str) -> None:
    skeleton = kinds.skeleton(kind)
    names = set(skeleton.names)
    assert {name for edge in skeleton.edges for name in edge} == names
    assert all(left in names and right in names and left != right for left, right in skeleton.mirror)
    assert set(skeleton.sigmas) == names


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_groups_agree_with_the_landmarks(kind: str) -> None:
    names = kinds.skeleton(kind).names
    assert kinds.has_legs(kind) == ("crotch" in names)
    assert kinds.has_sleeves(kind) == ("cuff_left_outer" in names and "armpit_left" in names)
    assert (kinds.group(kind) == "lower") == ("neck_front" not in names)
    assert kinds.is_dress(kind) == ("waist_left" in names and "neck_left" in names)


def test_an_unknown_kind_is_told_the_thirteen() -> None:
    with pytest.raises(UnknownKind) as caught:
        kinds.skeleton("poncho")
    assert "poncho" in caught.value.message
    assert all(kind in caught.value.message for kind in kinds.KINDS)
