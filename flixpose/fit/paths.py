"""Paths across a grid of scores, one row a column."""

import numpy as np
from numpy.typing import NDArray


def smoothest(score: NDArray[np.float32], steepest: int, roughness: float) -> NDArray[np.int64]:
    """(C,) the rows of the path across the columns with the highest score, less its roughness.

    Args:
        score: (R, C). steepest: rows by which it rises or falls from one column to the next.
        roughness: what the steepest step costs.
    """
    best = score[:, 0].astype(np.float64)
    came: list[NDArray[np.int64]] = []
    for column in range(1, score.shape[1]):
        moves = np.full((2 * steepest + 1, len(best)), -np.inf)
        for number, move in enumerate(range(-steepest, steepest + 1)):
            start, stop = max(0, move), len(best) + min(0, move)
            moves[number, start:stop] = best[start - move : stop - move] - roughness * abs(move) / steepest
        choice = np.argmax(moves, axis=0)
        came.append(np.arange(len(best)) - (choice - steepest))
        best = moves[choice, np.arange(len(best))] + score[:, column]
    path = [int(np.argmax(best))]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])
