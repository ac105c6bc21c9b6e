"""A measured figure beside its goal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `bench.json`; `holds` tells whether the value meets the goal."""

    name: str
    value: float
    unit: str
    goal: str
    holds: bool
