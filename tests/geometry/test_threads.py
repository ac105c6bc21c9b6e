"""Work is shared out once, whole; the libraries' thread counts come back as they were."""

import numpy as np
import pytest
import torch

from flixpose.geometry.threads import for_each, one_torch_thread, solve_dense


def test_every_item_is_worked_on_once_and_failures_come_through():
    seen = []
    for_each(seen.append, list(range(500)))
    assert sorted(seen) == list(range(500))
    for_each(seen.append, [])
    with pytest.raises(ZeroDivisionError):
        for_each(lambda item: 1 / item, [2, 1, 0, 3])


def test_torchs_threads_come_back():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), one_torch_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError
    assert torch.get_num_threads() == before


def test_dense_systems_are_solved_or_refused():
    rng = np.random.default_rng(0)
    matrix, x = rng.normal(size=(250, 250)), rng.normal(size=(250, 2))
    found = solve_dense(matrix, matrix @ x)
    assert found is not None and np.abs(found - x).max() < 1e-9
    matrix[3] = matrix[4]
    matrix[:, 3] = 0
    assert solve_dense(matrix, x) is None
