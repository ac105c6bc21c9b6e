"""Photographing a picture anew: light, colour, sharpness, grain and coding, at random."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Rng = np.random.Generator

_RECOLOUR, _GREY, _BLUR, _SHARPEN, _CODE, _GRAIN, _NEGATIVE = 0.25, 0.06, 0.25, 0.12, 0.2, 0.35, 0.03


def rephotograph(picture: Picture, rng: Rng) -> Picture:
    """(H, W, 3) uint8 → the same under another light, seen by another camera."""
    picture = _relit(picture, rng)
    if rng.random() < _RECOLOUR:
        picture = np.ascontiguousarray(picture[..., rng.permutation(3)])
    if rng.random() < _GREY:
        picture = np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
    picture = _refocused(picture, rng)
    if rng.random() < _GRAIN:
        picture = _grained(picture, rng)
    if rng.random() < _CODE:
        picture = _recoded(picture, rng)
    return np.asarray(picture, np.uint8)


def _relit(picture: Picture, rng: Rng) -> Picture:
    """Gain, offset and gamma per channel, by a table."""
    levels = np.linspace(0, 1, 256)[:, None]
    gamma = np.exp(rng.normal(0, 0.22) + rng.normal(0, 0.04, 3))
    gain = 1 + rng.normal(0, 0.08) + rng.normal(0, 0.03, 3)
    table = np.clip(gain * levels**gamma + rng.normal(0, 0.04), 0, 1)
    if rng.random() < _NEGATIVE:
        table = 1 - table
    table8 = np.rint(table * 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table8.reshape(1, 256, 3)), np.uint8)


def _refocused(picture: Picture, rng: Rng) -> Picture:
    choice = rng.random()
    if choice < _BLUR:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3)), np.uint8)
    if choice < _BLUR + _SHARPEN:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
        share = rng.uniform(0.3, 1.0)
        return np.asarray(cv2.addWeighted(picture, 1 + share, soft, -share, 0), np.uint8)
    return picture


def _grained(picture: Picture, rng: Rng) -> Picture:
    """Noise of one grey or three colours, about as coarse as a pixel or two."""
    height, width = picture.shape[:2]
    grain = np.empty((height, width, 3), np.int16)
    cv2.setRNGSeed(int(rng.integers(1 << 30)))
    cv2.randn(grain, (0, 0, 0), (rng.uniform(1, 9),) * 3)
    return np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8)


def _recoded(picture: Picture, rng: Rng) -> Picture:
    quality = int(rng.integers(25, 90))
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
