"""Simulated scenes to look at: the product, the drape and the truth side by side."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.evaluation.scenes import SceneRow, worn_mask
from flixpose.imaging.decode import read_image
from flixpose.structures.drape import Drape

_HEIGHT, _SMALL, _COLUMNS = 448, 224, 3
_TRUE, _DRAPED = (0, 160, 0), (220, 0, 0)
_GOOD, _BAD = (0, 110, 0), (200, 0, 0)


def beside_truth(row: SceneRow, draped: Drape, scene: Path) -> NDArray[np.uint8]:
    """(448, W, 3): product, drape (its outline red, the true one green), and what is really worn."""
    outlined = draped.picture.copy()
    for mask, colour in ((worn_mask(scene) > 127, _TRUE), (draped.visible.alpha > 127, _DRAPED)):
        rings, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(outlined, rings, -1, colour, 1)
    worn = read_image(scene / "worn.png").pixels
    picture = np.hstack([_sized(p, _HEIGHT) for p in (draped.product.pixels, outlined, worn)])
    error = f"{row.error.mean:.1f}/{row.error.p95:.1f} %" if row.error else "-"
    told = f"{row.name} {row.kind}, {row.pose}: IoU {row.iou:.2f}, error {error}, {row.verdict}"
    colour = _GOOD if row.good else _BAD
    cv2.putText(picture, told, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
    return picture


def contact_sheet(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """All scenes' pictures, small, in rows of three."""
    small = [_sized(picture, _SMALL) for picture in pictures]
    wide = max(picture.shape[1] for picture in small)
    cells = [np.pad(p, ((0, 0), (0, wide - p.shape[1]), (0, 0)), constant_values=255) for p in small]
    while len(cells) % _COLUMNS:
        cells.append(np.full_like(cells[0], 255))
    rows = [np.hstack(cells[n : n + _COLUMNS]) for n in range(0, len(cells), _COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def _sized(pixels: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    size = (max(1, round(pixels.shape[1] * height / len(pixels))), height)
    how = cv2.INTER_AREA if height < len(pixels) else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
