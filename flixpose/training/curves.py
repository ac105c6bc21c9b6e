"""Loss and accuracy of a run over its steps, as CSV and as a picture."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

LOSSES = ("loss", "heat", "point", "mask", "kind", "view", "visibility", "whole")
FIGURES = ("pck05", "pck02", "nme", "kind", "view", "iou")
_SIZE, _MARGIN = (960, 420), 56
_INK, _PALE = (40, 40, 44), (222, 222, 222)
_COLOURS = ((200, 60, 40), (30, 110, 200), (40, 150, 70), (150, 80, 170), (220, 150, 30), (90, 90, 90))

Rows = list[dict[str, str]]


class Curve:
    """`folder`/curve.csv, a line now and then, and curve.png.

    Args:
        keep_before: on resuming, lines beyond this step are dropped: they will come again.
        losses, figures: what is written at a line, and at a test.
        unlike: a figure that is no share, and is not drawn.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_before: int = 0,
        losses: Sequence[str] = LOSSES,
        figures: Sequence[str] = FIGURES,
        unlike: str = "nme",
    ) -> None:
        self._losses, self._figures, self._unlike = losses, figures, unlike
        self._columns = ("step", "seconds", "lr", *losses, *(f"test_{name}" for name in figures))
        self._csv = folder / "curve.csv"
        self._png = folder / "curve.png"
        kept = [row for row in self._read() if int(row["step"]) <= keep_before] if keep_before else []
        with self._csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(kept)

    def add(self, step: int, seconds: float, lr: float, parts: Mapping[str, float]) -> None:
        values = {name: f"{parts[name]:.5f}" for name in self._losses}
        self._append({"step": str(step), "seconds": f"{seconds:.1f}", "lr": f"{lr:.6f}", **values})

    def add_test(self, step: int, seconds: float, figures: Mapping[str, float]) -> None:
        values = {f"test_{name}": f"{figures[name]:.5f}" for name in self._figures}
        self._append({"step": str(step), "seconds": f"{seconds:.1f}", **values})

    def picture(self) -> None:
        """Draw the file anew."""
        rows = self._read()
        upper = _panel(rows, self._losses[:4], "loss", logarithmic=True)
        shares = [f"test_{name}" for name in self._figures if name != self._unlike]
        lower = _panel(rows, shares, "held-out drawn photos")
        cv2.imwrite(str(self._png), np.vstack([upper, lower])[..., ::-1])

    def _append(self, row: dict[str, str]) -> None:
        with self._csv.open("a", newline="") as file:
            csv.DictWriter(file, self._columns).writerow(row)

    def _read(self) -> Rows:
        if not self._csv.is_file():
            return []
        with self._csv.open(newline="") as file:
            return list(csv.DictReader(file))


def _panel(rows: Rows, names: Sequence[str], title: str, *, logarithmic: bool = False) -> NDArray[np.uint8]:
    """One diagram: a line a column over the steps."""
    canvas = np.full((_SIZE[1], _SIZE[0], 3), 255, np.uint8)
    series = {name: _series(rows, name) for name in names}
    series = {name: points for name, points in series.items() if len(points)}
    _write(canvas, title, (_MARGIN, 24), _INK)
    if not series:
        return canvas
    every = np.concatenate(list(series.values()))
    low, high = (float(every[:, 1].min()), float(every[:, 1].max()))
    low = max(low, 1e-4) if logarithmic else max(0.0, low - 0.02)
    _grid(canvas, float(every[:, 0].max()), low, high, logarithmic)
    for number, (name, points) in enumerate(series.items()):
        places = _places(points, float(every[:, 0].max()), low, high, logarithmic)
        cv2.polylines(canvas, [places], False, _COLOURS[number], 2, cv2.LINE_AA)
        label = f"{name.removeprefix('test_')} {points[-1, 1]:.3f}"
        _write(canvas, label, (_MARGIN + 200 + 130 * number, 24), _COLOURS[number])
    return canvas


def _series(rows: Rows, name: str) -> NDArray[np.float64]:
    """(N, 2) steps and values."""
    return np.array([(int(row["step"]), float(row[name])) for row in rows if row.get(name)]).reshape(-1, 2)


def _share(value: NDArray[np.float64], low: float, high: float, logarithmic: bool) -> NDArray[np.float64]:
    if logarithmic:
        value, low, high = np.log(np.maximum(value, low)), float(np.log(low)), float(np.log(max(high, low)))
    return (value - low) / max(high - low, 1e-9)


def _places(
    points: NDArray[np.float64], last: float, low: float, high: float, logarithmic: bool
) -> NDArray[np.int32]:
    width, height = _SIZE[0] - 2 * _MARGIN, _SIZE[1] - 2 * _MARGIN
    x = _MARGIN + width * points[:, 0] / max(last, 1)
    y = _SIZE[1] - _MARGIN - height * _share(points[:, 1], low, high, logarithmic)
    return np.stack([x, y], axis=1).round().astype(np.int32)


def _grid(canvas: NDArray[np.uint8], last: float, low: float, high: float, logarithmic: bool) -> None:
    for part in np.linspace(0, 1, 5):
        value = low * (high / low) ** part if logarithmic else low + part * (high - low)
        y = round(_SIZE[1] - _MARGIN - part * (_SIZE[1] - 2 * _MARGIN))
        cv2.line(canvas, (_MARGIN, y), (_SIZE[0] - _MARGIN, y), _PALE, 1)
        _write(canvas, f"{value:.3g}", (6, y + 4), _INK)
        x = round(_MARGIN + part * (_SIZE[0] - 2 * _MARGIN))
        _write(canvas, f"{part * last:.0f}", (x - 16, _SIZE[1] - _MARGIN + 22), _INK)


def _write(canvas: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
