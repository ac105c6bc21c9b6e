"""Work is shared out once, whole; the libraries' thread counts come back as they were."""

import sys
import time
from contextvars import ContextVar
from threading import Barrier, get_ident

import cv2
import numpy as np
import pytest
import torch

from flixpose.geometry.threads import (
    at_most,
    at_once,
    drawing,
    for_each,
    gathered,
    one_torch_thread,
    product,
    solve_dense,
)


def test_every_item_is_worked_on_once_and_failures_come_through():
    seen = []
    for_each(seen.append, list(range(500)))
    assert sorted(seen) == list(range(500))
    for_each(seen.append, [])
    with pytest.raises(ZeroDivisionError):
        for_each(lambda item: 1 / item, [2, 1, 0, 3])


def test_what_comes_of_items_comes_in_their_order_and_so_does_the_first_failure():
    def slow_then_fails(number):
        time.sleep(0.02 * (number < 2))
        if number in (1, 5):
            raise ValueError(number)
        return -number

    assert gathered(slow_then_fails, [0, 2, 3, 4]) == [0, -2, -3, -4]
    with pytest.raises(ValueError, match="1"):
        gathered(slow_then_fails, [0, 1, 4, 5])


def test_work_shared_out_within_shared_work_ends_and_sees_its_context():
    word = ContextVar("word", default="none")
    word.set("here")
    found = gathered(lambda a: gathered(lambda b: (a, b, word.get()), range(6)), range(6))
    assert found == [[(a, b, "here") for b in range(6)] for a in range(6)]


@pytest.fixture
def two_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    at_most(None)
    cv2.setNumThreads(before)


def threads_at_work() -> int:
    """On how many threads work that lasts is done, OpenCV keeping to each."""
    seen = set()

    def note(_):
        seen.add((get_ident(), cv2.getNumThreads()))
        time.sleep(0.01)

    for_each(note, range(8))
    assert {threads for _, threads in seen} == {1}
    return len(seen)


def test_pictures_share_the_threads_and_opencv_gets_its_own_back(two_threads):
    with drawing():
        assert threads_at_work() == 2
        with pytest.raises(RuntimeError), drawing():
            assert threads_at_work() == 1
            raise RuntimeError
        assert threads_at_work() == 2
    assert cv2.getNumThreads() == 2


def test_while_a_picture_is_drawn_threads_take_short_turns():
    before = sys.getswitchinterval()
    with drawing():
        with drawing():
            assert sys.getswitchinterval() < 0.001
        assert sys.getswitchinterval() < 0.001
    assert sys.getswitchinterval() == before


def test_a_process_that_is_not_alone_takes_its_share(two_threads):
    at_most(1)
    with drawing():
        assert threads_at_work() == 1


def test_two_works_at_once_meet_and_the_firsts_failure_comes_first(two_threads):
    both = Barrier(2)
    with drawing():
        assert at_once(lambda: both.wait(5) < 2, lambda: both.wait(5) < 2) == (True, True)
        with pytest.raises(ZeroDivisionError):
            at_once(lambda: 1 / 0, lambda: [][0])


def test_torchs_threads_come_back():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), one_torch_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError
    assert torch.get_num_threads() == before


def test_products_in_pieces_are_whole():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(5000, 40)), rng.normal(size=(40, 30))
    assert np.allclose(product(left, right), left @ right)
    assert product(left[:0], right).shape == (0, 30)


def test_a_product_leaves_no_thread_spinning():
    left, right = np.ones((1500, 147), np.float32), np.ones((147, 3), np.float32)
    product(left, right)
    time.sleep(0.3)
    start = time.process_time()
    product(left, right)
    time.sleep(0.1)
    assert time.process_time() - start < 0.03


def test_dense_systems_are_solved_or_refused():
    rng = np.random.default_rng(0)
    matrix, x = rng.normal(size=(250, 250)), rng.normal(size=(250, 2))
    found = solve_dense(matrix, matrix @ x)
    assert found is not None and np.abs(found - x).max() < 1e-9
    matrix[3] = matrix[4]
    matrix[:, 3] = 0
    assert solve_dense(matrix, x) is None
