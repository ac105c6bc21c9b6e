"""Rules of configs/quality.toml: each can break, and what breaks decides."""

from pathlib import Path

import pytest

from flixpose import resources
from flixpose.errors import BadSettings
from flixpose.fit.verdict import Rule, judge, load_rules
from flixpose.structures.job import Figure

RULES = load_rules(resources.CONFIGS / "quality.toml")
ORDER = ("pass", "review", "fail")


def good_value(name: str) -> float:
    """A value that every rule about this figure takes."""
    rules = [rule for rule in RULES if rule.figure == name]
    least = max((r.least for r in rules if r.least is not None), default=None)
    most = min((r.most for r in rules if r.most is not None), default=None)
    value = least if least is not None else most
    assert value is not None
    return value


def good_figures(**other: float) -> list[Figure]:
    names = dict.fromkeys(rule.figure for rule in RULES)
    return [Figure(name, other.get(name, good_value(name)), "") for name in names]


def test_figures_at_their_bounds_pass() -> None:
    quality = judge(good_figures(), RULES)
    assert quality.verdict == "pass" and quality.reasons == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_rule_breaks_just_past_its_bound(rule: Rule) -> None:
    for bound, past in ((rule.least, -1e-6), (rule.most, 1e-6)):
        if bound is None:
            continue
        quality = judge(good_figures(**{rule.figure: bound + past}), RULES)
        found = {reason.code: reason for reason in quality.reasons}
        assert found[rule.code].threshold == bound and found[rule.code].value == bound + past
        assert found[rule.code].figure == rule.figure
        assert ORDER.index(quality.verdict) >= ORDER.index(rule.verdict) > 0
        if rule.figure != "coverage":  # which has two bounds of its own
            assert quality.verdict == rule.verdict and len(quality.reasons) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_figure_that_is_no_number_never_passes(rule: Rule) -> None:
    assert judge(good_figures(**{rule.figure: float("nan")}), RULES).verdict != "pass"


@pytest.mark.parametrize("changed", [0.0, 0.1])
def test_an_unchanged_picture_fails_however_good_the_rest_is(changed: float) -> None:
    quality = judge(good_figures(changed_area=changed), RULES)
    assert quality.verdict == "fail" and [r.code for r in quality.reasons] == ["unchanged_picture"]


def test_the_worst_verdict_wins_and_every_reason_is_kept() -> None:
    quality = judge(good_figures(delta_e_mean=99.0, fold_ratio=0.1, turned=80.0), RULES)
    assert quality.verdict == "fail"
    assert {r.code for r in quality.reasons} == {"garment_folds", "colour_shift", "body_turned"}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ('figure = "coverage"\nleast = 1.0\nverdict = "maybe"\ncode = "x"', "maybe"),
        ('figure = "coverage"\nleast = 1.0\nverdict = "fail"', "code"),
        ('figure = "coverage"\nleast = "much"\nverdict = "fail"\ncode = "x"', "much"),
        ('figure = "coverage"\nverdict = "fail"\ncode = "x"', "x"),
        ('figure = "coverage"\nlest = 1.0\nverdict = "fail"\ncode = "x"', "lest"),
        ("figure = ", "rules.toml"),
    ],
)
def test_a_broken_rule_is_named(row: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(f"[[rule]]\n{row}\n")
    with pytest.raises(BadSettings) as caught:
        load_rules(path)
    assert "rules.toml" in caught.value.message and named in caught.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"none\.toml"):
        load_rules(tmp_path / "none.toml")
