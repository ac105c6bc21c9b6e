"""What decoding, encoding and rendering cost, beside the bare libraries in the same run."""

import io
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flixpose.imaging.decode import decode_image
from flixpose.imaging.encode import encode_jpeg, encode_png
from flixpose.resources import CONFIGS
from flixpose.stages.render import load_presets, render
from flixpose.structures.image import Mask
from tests.bench.rows import Row


def rows(quick: bool) -> list[Row]:
    return [*_decoding(quick), *_encoding(quick), *_rendering(quick)]


def _decoding(quick: bool) -> list[Row]:
    found = []
    for megapixels, size in ((6, (3000, 2000)), (12, (4000, 3000))):
        data = encode_jpeg(_photo(*size), full_colour=False)
        bare, ours = _together(
            lambda data=data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR),
            lambda data=data: decode_image(data, name="bench"),
            rounds=15 if quick else 40,
        )
        name = f"imaging: decode a JPEG of {megapixels} MP"
        found.append(Row(name, round(ours * 1000, 1), "ms", f"bare cv2.imdecode {bare * 1000:.1f} ms", True))
        found.append(_ratio(f"{name} / bare cv2.imdecode", ours / bare, 1.2))
    return found


def _encoding(quick: bool) -> list[Row]:
    picture = _photo(2000, 3000)

    def pillow() -> bytes:
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "PNG", compress_level=1)
        return out.getvalue()

    peer, ours = _together(pillow, lambda: encode_png(picture), rounds=2 if quick else 5)
    larger = len(encode_png(picture)) / len(pillow())
    return [
        _ratio("imaging: write a PNG of 6 MP / Pillow at the same level, time", ours / peer, 0.8),
        _ratio("imaging: write a PNG of 6 MP / Pillow at the same level, bytes", larger, 1.05),
    ]


def _rendering(quick: bool) -> list[Row]:
    picture = _photo(1274, 1580)
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(mask, (637, 900), (300, 700), 0, 0, 360, 255, -1, cv2.LINE_AA)
    found = []
    for name, preset in load_presets(CONFIGS / "presets").items():
        (seconds,) = _together(
            lambda preset=preset: render(picture, preset, garment_box=None, person_mask=Mask(mask)),
            rounds=2 if quick else 5,
        )
        value = round(seconds * 1000, 1)
        found.append(Row(f"imaging: render {name} from 1274×1580", value, "ms", "≤ 500", value <= 500))
    return found


def _photo(width: int, height: int) -> NDArray[np.uint8]:
    """Smooth shapes and a little grain, as compressible as a studio photo."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (height // 64, width // 64, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.add(smooth, rng.integers(0, 8, smooth.shape, dtype=np.uint8))


def _together(*calls: Callable[[], Any], rounds: int) -> tuple[float, ...]:
    """Best seconds of each, taken in turns so that a busy machine is busy for all."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for place, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[place] = min(best[place], time.perf_counter() - start)
    return tuple(best)


def _ratio(name: str, value: float, at_most: float) -> Row:
    return Row(name, round(value, 3), "×", f"≤ {at_most}", value <= at_most)
