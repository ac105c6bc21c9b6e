import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from flixpose.pose.codec.assignment import assign


@pytest.mark.parametrize("seed", range(20))
def test_the_assignment_costs_as_little_as_scipys(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 9))
    columns = rows + int(rng.integers(0, 4))
    costs = rng.integers(0, 6, (rows, columns)).astype(float)
    ours = assign(costs)
    assert len(set(ours)) == rows
    assert costs[np.arange(rows), ours].sum() == costs[linear_sum_assignment(costs)].sum()
