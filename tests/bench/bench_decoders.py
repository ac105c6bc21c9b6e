"""Decoders of several people at once against straightforward ones: ten people at 640 pixels."""

from tests.bench.rows import Row
from tests.pose.codec.measure import milliseconds, races

_LEAST_FACTOR, _MOST_MS = 3.0, 5.0


def rows(quick: bool) -> list[Row]:
    table = []
    for race in races():
        fast = milliseconds(race.fast, 5 if quick else 20)
        slow = milliseconds(race.slow, 1 if quick else 3)
        goal = f"≥ {_LEAST_FACTOR:g} times faster than the reference's {slow:.0f} ms"
        table.append(Row(f"decoders: {race.name}", fast, "ms", f"≤ {_MOST_MS:g}", fast <= _MOST_MS))
        factor = slow / fast
        table.append(Row(f"decoders: {race.name}, factor", factor, "times", goal, factor >= _LEAST_FACTOR))
    return table
