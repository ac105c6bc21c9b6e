"""ICC profiles → sRGB, as print shops do it: relative colorimetric with black point compensation.

A profile that is damaged or belongs to another kind of picture is ignored: the numbers are then read as sRGB.
"""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image as Pil
from PIL import ImageCms

# ICC's names of the colour spaces → the picture modes that they describe
_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_GRID = 9
# Profiles that move no colour of the test grid by more than this are sRGB under another name.
_SAME = 1


def to_srgb(picture: Pil.Image, profile: bytes | None) -> Pil.Image:
    """The picture (mode L, RGB or CMYK) as RGB in sRGB."""
    space = _space(profile) if profile else None
    if space == "RGB" and picture.mode == "L":
        picture = picture.convert("RGB")
    if profile is None or space != picture.mode or is_srgb(profile):
        return picture.convert("RGB")
    converted = ImageCms.applyTransform(picture, _transform(profile, picture.mode))
    return picture.convert("RGB") if converted is None else converted


@lru_cache(maxsize=64)
def is_srgb(profile: bytes) -> bool:
    """Whether the profile is for RGB pictures and changes none of their colours, or is of no use at all."""
    space = _space(profile)
    if space is None:
        return True
    if space != "RGB":
        return False
    grid = Pil.fromarray(_colour_grid())
    converted = ImageCms.applyTransform(grid, _transform(profile, "RGB"))
    moved = np.abs(np.asarray(converted, dtype=np.int16) - np.asarray(grid, dtype=np.int16))
    return int(moved.max()) <= _SAME


def _colour_grid() -> np.ndarray:
    """(81, 9, 3) uint8: every corner and face of the RGB cube."""
    steps = np.linspace(0, 255, _GRID).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    return np.ascontiguousarray(cube.reshape(_GRID * _GRID, _GRID, 3))


@lru_cache(maxsize=64)
def _space(profile: bytes) -> str | None:
    """The picture mode that the profile is for; None for a damaged profile or any other colour space."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _SPACES.get(opened.profile.xcolor_space.strip())
        if mode is not None:
            _transform(profile, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return mode


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> Any:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
