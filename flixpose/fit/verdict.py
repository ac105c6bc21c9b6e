"""Thresholds of the quality figures, and the verdict drawn from them."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from flixpose.errors import BadSettings
from flixpose.structures.job import Figure, Quality, Reason, Verdict

_ORDER: tuple[Verdict, ...] = ("pass", "review", "fail")


@dataclass(frozen=True, slots=True)
class Rule:
    """A figure's bounds (None = unbounded), and what breaking them means."""

    figure: str
    least: float | None
    most: float | None
    verdict: Verdict
    code: str

    def broken_by(self, value: float) -> float | None:
        """The bound that the value crosses, else None."""
        if self.least is not None and not value >= self.least:
            return self.least
        if self.most is not None and not value <= self.most:
            return self.most
        return None


def load_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of `configs/quality.toml`. Raises BadSettings."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        return tuple(_rule(row) for row in rows)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
        raise BadSettings(f"{path.name}: {problem!r}.", subject=str(path)) from problem


def _rule(row: dict[str, Any]) -> Rule:
    """One row; a misspelt or missing bound would make a rule that nothing breaks."""
    bounds = {side: float(row[side]) for side in ("least", "most") if side in row}
    if unknown := set(row) - {field.name for field in fields(Rule)}:
        raise ValueError(f"{row['code']}: unknown {sorted(unknown)}")
    if row["verdict"] not in _ORDER:
        raise ValueError(f"{row['code']}: {row['verdict']!r} is no verdict")
    if not bounds:
        raise ValueError(f"{row['code']}: neither least nor most")
    return Rule(row["figure"], bounds.get("least"), bounds.get("most"), row["verdict"], row["code"])


def judge(figures: Sequence[Figure], rules: Sequence[Rule]) -> Quality:
    """The worst verdict of all rules that are broken, with its reasons; figures not given break nothing."""
    values = {figure.name: figure.value for figure in figures}
    reasons: list[Reason] = []
    worst: Verdict = "pass"
    for rule in rules:
        if rule.figure not in values:
            continue
        bound = rule.broken_by(values[rule.figure])
        if bound is not None:
            reasons.append(Reason(rule.code, rule.figure, values[rule.figure], bound))
            worst = max(worst, rule.verdict, key=_ORDER.index)
    return Quality(tuple(figures), worst, tuple(reasons))
