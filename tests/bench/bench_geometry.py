"""The warp engine beside Kornia, scikit-image and a bare remap: same picture, same points, same run.

What is compared is run in turns (A, B, A, B …) after one unmeasured round, and the median of the rounds'
ratios is given: of wall clock, which is what the goals are about, and of the process's CPU time, which other
work on the machine disturbs less. Memory is the peak of a process of its own above what it held before the
call (Linux).
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.sampling import Sampled, sample
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import map_points
from flixpose.structures.warp import ControlPoints, Warp
from tests.bench import geometry_pictures
from tests.bench.rows import Row

SIZE = (2000, 3000)


def rows(quick: bool) -> list[Row]:
    size = (1000, 1500) if quick else SIZE
    rounds = 5 if quick else 15
    found = [*_against_remap(size, rounds), *_many_points(size, rounds), *_filtering(size, rounds)]
    found += [*_against_libraries(size, 1 if quick else 3), *_growth(quick), _accuracy(size)]
    found += _on_gpu()
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


@dataclass(frozen=True)
class Turns:
    """What several works took, run in turns.

    Attributes:
        seconds, cpu: (rounds, works) of wall clock, and of CPU time of the whole process.
    """

    seconds: NDArray[np.float64]
    cpu: NDArray[np.float64]

    def milliseconds(self, work: int) -> float:
        """The median of a work."""
        return float(np.median(self.seconds[:, work])) * 1000

    def ratio(self, work: int, to: int) -> float:
        """The median of the rounds' ratios, wall clock."""
        return float(np.median(self.seconds[:, work] / self.seconds[:, to]))

    def row(self, name: str, work: int, to: int, most: float) -> Row:
        """The ratio of wall clock as a line, that of CPU time in its name."""
        ratio, cpu = self.ratio(work, to), float(np.median(self.cpu[:, work] / self.cpu[:, to]))
        return Row(f"{name} (CPU time {cpu:.2f})", round(ratio, 2), "×", f"≤ {most}", ratio <= most)


def in_turns(works: Sequence[Callable[[], Any]], rounds: int) -> Turns:
    """All works in turns, `rounds` times after one unmeasured round."""
    taken = np.zeros((rounds + 1, len(works), 2))
    for turn in range(rounds + 1):
        for k, work in enumerate(works):
            start = np.array([time.perf_counter(), time.process_time()])
            work()
            taken[turn, k] = [time.perf_counter(), time.process_time()] - start
    return Turns(taken[1:, :, 0], taken[1:, :, 1])


def _warp(source: NDArray[np.uint8], points: ControlPoints, size: tuple[int, int]) -> Sampled:
    """All that a warp takes: fit, fold check, field, sampling."""
    return sample(source, solve_warp(points).warp, size)


def _against_remap(size: tuple[int, int], rounds: int) -> list[Row]:
    source, points = picture(size), controls(size)
    places = exact_map(solve_warp(points).warp, size)
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    garment = source.copy()
    garment[..., 3] = _silhouette(size)
    works = [
        lambda: cv2.remap(source, x, y, cv2.INTER_CUBIC),
        lambda: _warp(source, points, size),
        lambda: _warp(garment, points, size),
    ]
    turns = in_turns(works, 2 * rounds)
    name = f"geometry: fit, field and sampling, {size[0]}×{size[1]} RGBA, 25 points"
    bare = f"bare cv2.remap {turns.milliseconds(0):.1f} ms"
    share = f"a soft silhouette that covers {(garment[..., 3] > 0).mean():.0%}"
    return [
        Row(name, round(turns.milliseconds(1), 1), "ms", bare, True),
        turns.row(f"{name} / bare bicubic cv2.remap with ready maps", 1, 0, 1.6),
        turns.row(f"{name}, {share} / bare bicubic cv2.remap of everything", 2, 0, 1.6),
    ]


def _silhouette(size: tuple[int, int]) -> NDArray[np.uint8]:
    alpha = np.zeros(size[::-1], np.uint8)
    cv2.ellipse(alpha, (size[0] // 2, size[1] // 2), (size[0] // 3, size[1] // 3), 20, 0, 360, 255, -1)
    return cv2.GaussianBlur(alpha, (0, 0), 2.0)


def _many_points(size: tuple[int, int], rounds: int) -> list[Row]:
    source, few, many = picture(size), controls(size), controls(size, 300)
    turns = in_turns([lambda: _warp(source, few, size), lambda: _warp(source, many, size)], rounds)
    return [turns.row(f"geometry: {len(many)} points / 25 points, fit and fold check included", 1, 0, 1.3)]


def _filtering(size: tuple[int, int], rounds: int) -> list[Row]:
    """A 2160 px garment at 700 px: what the filter costs beside OpenCV's own area resize of the same."""
    source = picture((2160, 2880))
    points = controls((700, 933), scale=2160 / 700 * 0.85)
    works = [
        lambda: cv2.resize(source, (700, 933), interpolation=cv2.INTER_AREA),
        lambda: _warp(source, points, (700, 933)),
    ]
    turns = in_turns(works, rounds)
    name = "geometry: 2160×2880 drawn at 700×933, filtered, 25 points"
    beside = f"a plain area resize {turns.milliseconds(0):.1f} ms"
    return [Row(name, round(turns.milliseconds(1), 1), "ms", beside, True)]


_PEERS = ("kornia", "skimage")


def _against_libraries(size: tuple[int, int], rounds: int) -> list[Row]:
    """Time of each in turns in this process, memory in processes of their own."""
    source, points = picture(size), controls(size)
    works = [partial(work, source, points, size) for work in (_warp, kornia_warp, _warp, skimage_warp)]
    turns = in_turns(works, rounds)
    ours = _alone("ours", size)
    found = []
    for peer, place in zip(_PEERS, (1, 3), strict=True):
        beside = (turns.seconds[:, 0] + turns.seconds[:, 2]) / 2
        faster = float(np.median(turns.seconds[:, place] / beside))
        name = f"geometry: {peer}'s spline warp / ours, {size[0]}×{size[1]}, 25 points"
        taken = turns.milliseconds(place) / 1000
        found.append(Row(f"{name}: time ({taken:.1f} s)", round(faster, 1), "×", "≥ 40", faster >= 40))
        theirs = _alone(peer, size)
        share = ours / theirs
        text = f"{name}: extra memory, ours / theirs ({ours:.0f} / {theirs:.0f} MB)"
        goal = "≤ 0.1" if peer == "kornia" else "(none)"
        found.append(Row(text, round(share, 3), "×", goal, share <= 0.1 or peer != "kornia"))
    return found


def _growth(quick: bool) -> list[Row]:
    """Time from size to size in turns, memory in processes of their own."""
    sizes = [(1500, 2000), (2121, 2828)] if quick else [(3000, 4000), (4243, 5657), (6000, 8000)]
    pixels = np.array([width * height for width, height in sizes]) / 1e6
    cases = [(picture(size), controls(size), size) for size in sizes]
    turns = in_turns([partial(_warp, *case) for case in cases], 3 if quick else 9)
    memory = np.array([_alone("ours", size) for size in sizes])
    found = []
    for what, values, listed in (
        ("seconds", turns.seconds, np.median(turns.seconds, axis=0)),
        ("CPU seconds", turns.cpu, np.median(turns.cpu, axis=0)),
        ("megabytes", memory[None], memory),
    ):
        steps = np.median(values[:, 1:] / values[:, :-1], axis=0) * pixels[:-1] / pixels[1:]
        worst = float(steps.max())
        shown = ", ".join(f"{size:.0f} MP {value:.3g}" for size, value in zip(pixels, listed, strict=True))
        goal = "(none)" if what == "CPU seconds" else "≤ 1.1"
        name = f"geometry: {what} per pixel, worst step from size to size ({shown})"
        found.append(Row(name, round(worst, 2), "×", goal, worst <= 1.1 or goal == "(none)"))
    return found


def _accuracy(size: tuple[int, int]) -> Row:
    """Largest distance of the places read to the exact ones, counted steps of 1/32 px included."""
    from tests.geometry.test_field import worst_error

    worst = max(worst_error(solve_warp(controls(size, count)).warp, size) for count in (25, 300))
    name = f"geometry: largest error against the exact float64 warp, {size[0]}×{size[1]}, 25 and 300 points"
    return Row(name, round(worst, 4), "px", "≤ 0.05", worst <= 0.05)


def _on_gpu() -> list[Row]:
    """A batch of 32 at 1500×2000 that lies on the device."""
    import torch

    if not torch.cuda.is_available():
        return [
            Row("geometry: batch of 32 at 1500×2000 on a GPU (not measured)", 0, "no CUDA device", "-", True)
        ]
    return on_device("cuda", (1500, 2000), 32, rounds=7)


def on_device(device: str, size: tuple[int, int], count: int, rounds: int) -> list[Row]:
    """Images per second of fitted warps (lattice on the host included), beside a plain copy and Kornia."""
    import torch

    from flixpose.geometry.torch_sampling import batch_positions, sample_batch

    points = [controls(size, scale=0.8 + 0.1 * k / count) for k in range(count)]
    warps = [solve_warp(one).warp for one in points]
    image = torch.from_numpy(picture(size)).permute(2, 0, 1).float()
    batch = image[None].repeat(count, 1, 1, 1).to(device)
    drawn = torch.empty_like(batch)
    done = torch.cuda.synchronize if device == "cuda" else lambda: None

    def ours() -> None:
        with torch.no_grad():
            for k in range(0, count, 4):  # four at a time: some 2 GB at this size
                places = batch_positions(warps[k : k + 4], size, device=device)
                drawn[k : k + 4] = sample_batch(batch[k : k + 4], places, rounded=True)
        done()

    def copy() -> None:
        drawn.copy_(batch)
        done()

    def kornia() -> None:
        _kornia_on(batch[:1], points[0])
        done()

    turns = in_turns([ours, copy, kornia], rounds)
    speed, theirs = count / turns.milliseconds(0) * 1000, 1000 / turns.milliseconds(2)
    name = f"geometry: batch of {count} at {size[0]}×{size[1]} RGBA float32 on {device}"
    bandwidth = 2 * batch.nbytes / turns.milliseconds(1) / 1e6
    return [
        Row(name, round(speed, 1), "images/s", f"Kornia {theirs:.1f}", True),
        Row(f"{name} / Kornia's warp_image_tps", round(speed / theirs, 1), "×", "(none)", True),
        Row(
            f"{name}: share of the copy bandwidth ({bandwidth:.0f} GB/s)",
            round(turns.ratio(1, 0), 3),
            "",
            "(none)",
            True,
        ),
    ]


def _alone(who: str, size: tuple[int, int]) -> float:
    """Extra megabytes of one warp in a process of its own, warmed up on a small picture."""
    command = [sys.executable, "-m", "tests.bench.bench_geometry", who, str(size[0]), str(size[1])]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _worker(who: str, size: tuple[int, int]) -> float:
    work: Callable[[NDArray[np.uint8], ControlPoints, tuple[int, int]], Any] = {
        "ours": _warp,
        "kornia": kornia_warp,
        "skimage": skimage_warp,
    }[who]
    small = (64, 64)
    work(picture(small), controls(small), small)
    source, points = picture(size), controls(size)
    before = _resident()
    work(source, points, size)
    return max(_peak() - before, 1.0)


def kornia_warp(
    source: NDArray[np.uint8], points: ControlPoints, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Kornia's solver and `warp_image_tps`, (h, w, C) float32 in 0…255."""
    import torch

    image = torch.from_numpy(source).permute(2, 0, 1)[None].float()
    return _kornia_on(image, points)[0].permute(1, 2, 0).numpy()


def _kornia_on(image: Any, points: ControlPoints) -> Any:
    """(1, C, h, w) on any device."""
    import torch
    from kornia.geometry.transform import get_tps_transform, warp_image_tps

    scale = torch.tensor([image.shape[3], image.shape[2]], dtype=torch.float32, device=image.device)
    person, garment = (
        torch.from_numpy(xy).float().to(image.device)[None] / scale * 2 - 1
        for xy in (points.person_xy, points.garment_xy)
    )
    with torch.no_grad():
        kernel, affine = get_tps_transform(person, garment)
        return warp_image_tps(image, garment, kernel, affine, align_corners=False)


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
    print(_worker(sys.argv[1], (int(sys.argv[2]), int(sys.argv[3]))))
