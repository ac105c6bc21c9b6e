"""Keypoint R-CNN (He et al. 2017): one heat map a keypoint over the box of a person."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Array = NDArray[np.float32]


def decode(maps: Array, boxes: Array) -> tuple[Array, Array]:
    """The highest place of each map, enlarged to the whole pixels of its box.

    Args:
        maps: (N, K, S, S) logits. boxes: (N, 4) xyxy, pixels.

    Returns:
        (N, K, 2) in the boxes' frame and (N, K) logits.
    """
    xy = np.zeros((*maps.shape[:2], 2), dtype=np.float32)
    scores = np.zeros(maps.shape[:2], dtype=np.float32)
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], np.float32(1))
    pixels = np.ceil(sizes).astype(int)
    for row, (width, height) in enumerate(pixels):
        enlarged = _enlarged(maps[row], width, height).reshape(maps.shape[1], -1)
        best = enlarged.argmax(axis=1)
        scores[row] = np.take_along_axis(enlarged, best[:, None], axis=1)[:, 0]
        xy[row] = np.stack([best % width, best // width], axis=-1) + np.float32(0.5)
    return xy * (sizes / pixels.astype(np.float32))[:, None] + boxes[:, None, :2], scores


def _enlarged(maps: Array, width: int, height: int) -> Array:
    enlarged = functional.interpolate(
        torch.from_numpy(maps)[None], size=(height, width), mode="bicubic", align_corners=False
    )
    return np.asarray(enlarged[0].numpy())
