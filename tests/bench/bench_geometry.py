"""The warp engine beside Kornia, scikit-image and a bare remap: same picture, same points, same run.

Times are wall clock; what is compared is measured in turns, and the median of the ratios is given. Memory is
the peak of a process of its own above what it held before the call (Linux).
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.sampling import sample
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import map_points
from flixpose.structures.warp import ControlPoints, Warp
from tests.bench import geometry_pictures
from tests.bench.rows import Row

SIZE = (2000, 3000)


def rows(quick: bool) -> list[Row]:
    size = (1000, 1500) if quick else SIZE
    rounds = 3 if quick else 9
    found = [*_against_remap(size, rounds), *_many_points(size, rounds), *_filtering(size, rounds)]
    found += [*_against_libraries(size, 1 if quick else 2), *_growth(quick), _accuracy(size)]
    geometry_pictures.write(kornia_warp)
    return found


def picture(size: tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    """A photo-like RGBA picture, opaque."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    mixed = cv2.GaussianBlur(noise, (0, 0), 1.5) // 2 + cv2.GaussianBlur(noise, (0, 0), 9) // 2
    return cv2.cvtColor(mixed, cv2.COLOR_RGB2RGBA)


def controls(size: tuple[int, int], count: int = 25, scale: float = 0.85) -> ControlPoints:
    """`count` points of one and the same smooth deformation; more points add a little noise of their own."""
    side = np.sqrt(count / 6)
    x, y = np.meshgrid(np.linspace(0, 1, round(2 * side)), np.linspace(0, 1, round(3 * side)))
    unit = np.column_stack([x.ravel(), y.ravel()])
    if count == 25:
        x, y = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5))
        unit = np.column_stack([x.ravel(), y.ravel()])
    wave = 0.03 * size[0] * np.column_stack([np.sin(5 * unit[:, 1]), np.cos(4 * unit[:, 0])])
    jitter = np.random.default_rng(1).normal(0, 5.0 if count == 25 else 0.5, unit.shape)
    person_xy = unit * size
    names = tuple(f"p{row}" for row in range(len(unit)))
    garment_xy = scale * (person_xy + wave + jitter) + 0.07 * np.array(size)
    return ControlPoints("torso", names, person_xy, garment_xy, np.ones(len(unit)))


def exact_map(warp: Warp, size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w, 2) float32 pixel indices of the exact field, as cv2.remap wants them."""
    out = np.empty((size[1], size[0], 2), np.float32)
    x = np.arange(size[0]) + 0.5
    for row in range(size[1]):
        out[row] = map_points(warp, np.column_stack([x, np.full(size[0], row + 0.5)])) - 0.5
    return out


def in_turns(first: Callable[[], Any], second: Callable[[], Any], rounds: int) -> tuple[float, float, float]:
    """Median seconds of both and the median of second / first, run in turns after one unmeasured round."""
    times = []
    for turn in range(rounds + 1):
        pair = []
        for work in (first, second):
            start = time.perf_counter()
            work()
            pair.append(time.perf_counter() - start)
        if turn:
            times.append(pair)
    medians = [statistics.median(pair[k] for pair in times) for k in (0, 1)]
    return medians[0], medians[1], statistics.median(pair[1] / pair[0] for pair in times)


def _against_remap(size: tuple[int, int], rounds: int) -> list[Row]:
    source, points = picture(size), controls(size)
    places = exact_map(solve_warp(points).warp, size)
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    bare, ours, ratio = in_turns(
        lambda: cv2.remap(source, x, y, cv2.INTER_CUBIC),
        lambda: sample(source, solve_warp(points).warp, size),
        2 * rounds,
    )
    name = f"geometry: fit, field and sampling, {size[0]}×{size[1]} RGBA, 25 points"
    return [
        Row(name, round(ours * 1000, 1), "ms", f"bare cv2.remap {bare * 1000:.1f} ms", True),
        Row(f"{name} / bare bicubic cv2.remap with ready maps", round(ratio, 2), "×", "≤ 1.6", ratio <= 1.6),
    ]


def _many_points(size: tuple[int, int], rounds: int) -> list[Row]:
    source, few, many = picture(size), controls(size), controls(size, 300)
    _, _, ratio = in_turns(
        lambda: sample(source, solve_warp(few).warp, size),
        lambda: sample(source, solve_warp(many).warp, size),
        rounds,
    )
    name = f"geometry: {len(many)} points / 25 points, fit and fold check included"
    return [Row(name, round(ratio, 2), "×", "≤ 1.3", ratio <= 1.3)]


def _filtering(size: tuple[int, int], rounds: int) -> list[Row]:
    """A 2160 px garment at 700 px: what the filter costs beside OpenCV's own area resize of the same."""
    source = picture((2160, 2880))
    points = controls((700, 933), scale=2160 / 700 * 0.85)
    small, ours, _ = in_turns(
        lambda: cv2.resize(source, (700, 933), interpolation=cv2.INTER_AREA),
        lambda: sample(source, solve_warp(points).warp, (700, 933)),
        rounds,
    )
    name = "geometry: 2160×2880 drawn at 700×933, filtered, 25 points"
    return [Row(name, round(ours * 1000, 1), "ms", f"a plain area resize {small * 1000:.1f} ms", True)]


def _against_libraries(size: tuple[int, int], rounds: int) -> list[Row]:
    found = []
    ours = _median_run(size, 3)
    seconds, memory = ours["seconds"], ours["megabytes"]
    for peer in ("kornia", "skimage"):
        runs = [_alone(peer, size) for _ in range(rounds)]
        theirs, theirs_memory = (statistics.median(run[k] for run in runs) for k in ("seconds", "megabytes"))
        faster = theirs / seconds
        name = f"geometry: {peer}'s spline warp / ours, {size[0]}×{size[1]}, 25 points"
        found.append(Row(f"{name}: time ({theirs:.1f} s)", round(faster, 1), "×", "≥ 40", faster >= 40))
        share = memory / theirs_memory
        text = f"{name}: extra memory, ours / theirs ({memory:.0f} / {theirs_memory:.0f} MB)"
        goal = "≤ 0.1" if peer == "kornia" else "(none)"
        found.append(Row(text, round(share, 3), "×", goal, share <= 0.1 or peer != "kornia"))
    return found


def _growth(quick: bool) -> list[Row]:
    sizes = [(1500, 2000), (2121, 2828)] if quick else [(3000, 4000), (4243, 5657), (6000, 8000)]
    runs = [_median_run(size, 3) for size in sizes]
    found = []
    for key, unit, digits in (("seconds", "s", 3), ("megabytes", "MB", 0)):
        pixel = [run[key] / (w * h) for run, (w, h) in zip(runs, sizes, strict=True)]
        worst = max(later / earlier for earlier, later in pairwise(pixel))
        values = ", ".join(f"{run[key]:.{digits}f}" for run in runs)
        megapixels = ", ".join(f"{w * h / 1e6:.0f}" for w, h in sizes)
        name = f"geometry: {key} per pixel from size to size ({megapixels} MP: {values} {unit})"
        found.append(Row(name, round(worst, 2), "×", "≤ 1.1", worst <= 1.1))
    return found


def _accuracy(size: tuple[int, int]) -> Row:
    """Largest distance of the places read to the exact ones, counted steps of 1/32 px included."""
    from tests.geometry.test_field import worst_error

    worst = max(worst_error(solve_warp(controls(size, count)).warp, size) for count in (25, 300))
    name = f"geometry: largest error against the exact float64 warp, {size[0]}×{size[1]}, 25 and 300 points"
    return Row(name, round(worst, 4), "px", "≤ 0.05", worst <= 0.05)


def _median_run(size: tuple[int, int], rounds: int) -> dict[str, float]:
    runs = [_alone("ours", size) for _ in range(rounds)]
    return {key: statistics.median(run[key] for run in runs) for key in ("seconds", "megabytes")}


def _alone(who: str, size: tuple[int, int]) -> dict[str, float]:
    """Seconds and extra megabytes of one warp in a process of its own, warmed up on a small picture."""
    command = [sys.executable, "-m", "tests.bench.bench_geometry", who, str(size[0]), str(size[1])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _worker(who: str, size: tuple[int, int]) -> dict[str, float]:
    work: Callable[[NDArray[np.uint8], ControlPoints, tuple[int, int]], Any] = {
        "ours": lambda source, points, size: sample(source, solve_warp(points).warp, size),
        "kornia": kornia_warp,
        "skimage": skimage_warp,
    }[who]
    small = (64, 64)
    work(picture(small), controls(small), small)
    source, points = picture(size), controls(size)
    before = _resident()
    start = time.perf_counter()
    work(source, points, size)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "megabytes": max(_peak() - before, 1.0)}


def kornia_warp(
    source: NDArray[np.uint8], points: ControlPoints, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Kornia's solver and `warp_image_tps`, (h, w, C) float32 in 0…255."""
    import torch
    from kornia.geometry.transform import get_tps_transform, warp_image_tps

    scale = torch.tensor([source.shape[1], source.shape[0]], dtype=torch.float32)
    person, garment = (
        torch.from_numpy(xy).float()[None] / scale * 2 - 1 for xy in (points.person_xy, points.garment_xy)
    )
    image = torch.from_numpy(source).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        kernel, affine = get_tps_transform(person, garment)
        drawn = warp_image_tps(image, garment, kernel, affine, align_corners=False)
    return drawn[0].permute(1, 2, 0).numpy()


def skimage_warp(source: NDArray[np.uint8], points: ControlPoints, size: tuple[int, int]) -> NDArray[Any]:
    """scikit-image's spline and bicubic `warp`."""
    from skimage.transform import ThinPlateSplineTransform, warp

    spline = ThinPlateSplineTransform.from_estimate(points.person_xy - 0.5, points.garment_xy - 0.5)
    return warp(source, spline, output_shape=(size[1], size[0]), order=3, preserve_range=True)


def _resident() -> float:
    """Megabytes held now; the peak is counted from here on."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(name))


if __name__ == "__main__":
    print(json.dumps(_worker(sys.argv[1], (int(sys.argv[2]), int(sys.argv[3])))))
