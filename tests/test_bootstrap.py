"""Wiring: from settings to tools, without loading a net."""

from pathlib import Path

import pytest

from flixpose import bootstrap
from flixpose.errors import WeightsMissing
from flixpose.garment.kinds import KINDS
from flixpose.settings import load_settings


def test_tools_are_whole_and_nets_wait(tmp_path: Path) -> None:
    settings = load_settings({"HOME": str(tmp_path), "FLIXPOSE_MAX_MEGAPIXELS": "3"})
    tools = bootstrap.build(settings, store_url=(tmp_path / "store").as_uri())
    assert set(tools.rigs) == set(KINDS)
    assert {"master", "amazon", "zalando", "myntra", "google"} <= set(tools.presets)
    assert tools.rules and tools.limits.max_megapixels == 3
    assert not (tmp_path / "store").exists()
    with pytest.raises(WeightsMissing):
        _ = tools.poses.model


def test_other_numbers_give_another_digest(tmp_path: Path) -> None:
    (tmp_path / "rigs").mkdir()
    (tmp_path / "rigs" / "a.toml").write_text("ease = 1")
    first = bootstrap.digest_of(tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "net.toml").write_text("steps = 1")
    assert bootstrap.digest_of(tmp_path) == first, "how a net is trained decides no picture"
    (tmp_path / "rigs" / "a.toml").write_text("ease = 2")
    second = bootstrap.digest_of(tmp_path)
    (tmp_path / "rigs" / "a.toml").rename(tmp_path / "rigs" / "b.toml")
    assert len({first, second, bootstrap.digest_of(tmp_path)}) == 3
