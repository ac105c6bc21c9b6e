"""How fast the drawn studio draws."""

import time

import cv2

from flixpose.studio.garments import draw_sample
from tests.bench.rows import Row

_GOAL = 60.0


def rows(quick: bool) -> list[Row]:
    """Photos of 192×256 a second of one core's time, drawing kinds as they come."""
    threads, count = cv2.getNumThreads(), 100 if quick else 400
    cv2.setNumThreads(1)
    draw_sample(0)
    start = time.process_time()
    for seed in range(count):
        draw_sample(seed)
    rate = count / (time.process_time() - start)
    cv2.setNumThreads(threads)
    return [Row("drawn photos of 192×256", rate, "per CPU second", f"≥ {_GOAL:.0f}", rate >= _GOAL)]
