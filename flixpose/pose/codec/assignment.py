"""The cheapest one-to-one assignment (Munkres 1957), deterministic where several are equally cheap."""

import numpy as np
from numpy.typing import NDArray


def assign(costs: NDArray[np.floating]) -> list[int]:
    """For each row of an (N, M) matrix, N ≤ M, its column.

    Where each row's cheapest column is its own alone, that is the answer. Otherwise Munkres' stars and
    primes, in the order in which Python's `munkres` scans the matrix, so that ties fall as in its users.
    """
    least = costs.min(axis=1, keepdims=True)
    if costs.shape[0] <= costs.shape[1]:
        own = costs.argmin(axis=1)
        if len(np.unique(own)) == len(own) and ((costs == least).sum(axis=1) == 1).all():
            return own.tolist()
    return _munkres(costs)[: len(costs)]


def _munkres(costs: NDArray[np.floating]) -> list[int]:
    side = max(costs.shape)
    square = np.zeros((side, side))
    square[: costs.shape[0], : costs.shape[1]] = costs
    square -= square.min(axis=1, keepdims=True)
    star_of_row, star_of_column = _first_stars(square)
    while min(star_of_row) < 0:
        _augment(square, star_of_row, star_of_column)
    return star_of_row


def _first_stars(square: NDArray[np.floating]) -> tuple[list[int], list[int]]:
    rows, columns = [-1] * len(square), [-1] * len(square)
    for row, column in np.argwhere(square == 0).tolist():
        if rows[row] < 0 and columns[column] < 0:
            rows[row], columns[column] = column, row
    return rows, columns


def _next_zero(free: NDArray[np.bool_], row: int, column: int) -> tuple[int, int]:
    """The next row that has one, searched on from a place and around, and there its last one, likewise."""
    row = (row + int(np.roll(free.any(axis=1), -row).argmax())) % len(free)
    around = np.roll(free[row], -column)
    return row, (column + int(np.flatnonzero(around)[-1])) % len(free)


def _augment(square: NDArray[np.floating], star_of_row: list[int], star_of_column: list[int]) -> None:
    """One more star; the matrix and both lists change in place."""
    side = len(square)
    prime_of_row = [-1] * side
    open_rows = np.ones(side, dtype=bool)
    open_columns = np.array(star_of_column) < 0
    row = column = 0
    while True:
        free = (square == 0) & open_rows[:, None] & open_columns
        if not free.any():
            least = square[np.ix_(open_rows, open_columns)].min()
            square[~open_rows] += least
            square[:, open_columns] -= least
            continue
        row, column = _next_zero(free, row, column)
        prime_of_row[row] = column
        if star_of_row[row] < 0:
            break
        open_rows[row] = False
        column = star_of_row[row]
        open_columns[column] = True
    while row >= 0:
        row_before = star_of_column[prime_of_row[row]]
        column = prime_of_row[row]
        star_of_row[row], star_of_column[column] = column, row
        row = row_before
