"""The draped picture → the file that a preset asks for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.background import replace_background
from flixpose.imaging.encode import encode_jpeg, encode_png, encode_webp
from flixpose.imaging.framing import Frame, choose_box, choose_frame, show, subject_box
from flixpose.imaging.presets import Preset, load_presets
from flixpose.structures.image import Box, Mask

__all__ = ["Preset", "Rendered", "load_presets", "render"]

Shortfall = Literal["below_min_size", "background_kept"]

_FILES = {"png": ("image/png", "png"), "jpeg": ("image/jpeg", "jpg"), "webp": ("image/webp", "webp")}


@dataclass(frozen=True, eq=False, slots=True)
class Rendered:
    """A file, and how it came from the draped picture.

    Attributes:
        data: the file's bytes.
        frame: the part of the draped picture that is shown, in its pixels; may reach beyond its edges.
        scale: pixels of the file per pixel of the draped picture, the same on both axes.
        shortfalls: what the preset asks for and the picture could not give: "below_min_size" (it would have
            to be enlarged by more than the preset allows), "background_kept" (there is no person mask).
    """

    data: bytes
    media_type: str
    extension: str
    width: int
    height: int
    frame: Box
    scale: float
    shortfalls: tuple[Shortfall, ...] = ()


def render(
    picture: NDArray[np.uint8],
    preset: Preset,
    *,
    garment_box: Box | None,
    person_mask: Mask | None,
    source_type: str | None = None,
) -> Rendered:
    """Frame, scale and encode the draped picture. The person and the garment stay whole.

    Args:
        picture: (H, W, 3) sRGB.
        garment_box: around the seen garment; kept inside the frame.
        person_mask: the person and the seen garment; all of the picture counts as the subject without it.
        source_type: IPTC DigitalSourceType that an input declared; goes before the preset's.

    Raises:
        ImageTooLarge: the picture cannot be written in the preset's file size.
    """
    height, width = picture.shape[:2]
    subject = _subject((width, height), garment_box, person_mask)
    box = choose_box((width, height), subject, aspect=preset.aspect, fill=preset.fill)
    frame = choose_frame(
        box, min_size=preset.min_size, max_size=preset.max_size, max_upscale=preset.max_upscale
    )
    if preset.background is not None and person_mask is not None:
        picture = replace_background(picture, person_mask, preset.background)
    beyond = preset.background if person_mask is not None else None
    shown = show(picture, frame, person=person_mask, beyond=beyond)
    data = _encode(shown, preset, source_type or preset.source_type)
    media_type, extension = _FILES[preset.format]
    shortfalls = _shortfalls(preset, frame, person_mask)
    return Rendered(data, media_type, extension, *frame.size, frame.box, frame.scale, shortfalls)


def _subject(size: tuple[int, int], garment: Box | None, person: Mask | None) -> Box:
    """What must not be cropped, within the picture."""
    whole = Box(0.0, 0.0, float(size[0]), float(size[1]))
    found = subject_box(person) if person is not None else None
    if found is None:
        return whole
    if garment is None:
        return found
    return Box(
        max(min(found.x0, garment.x0), whole.x0),
        max(min(found.y0, garment.y0), whole.y0),
        min(max(found.x1, garment.x1), whole.x1),
        min(max(found.y1, garment.y1), whole.y1),
    )


def _encode(pixels: NDArray[np.uint8], preset: Preset, source_type: str | None) -> bytes:
    if preset.format == "png":
        return encode_png(pixels, level=preset.level, source_type=source_type)
    limits = {"quality": preset.quality, "min_quality": preset.min_quality}
    if preset.format == "webp":
        return encode_webp(pixels, **limits, max_bytes=preset.max_bytes, source_type=source_type)
    return encode_jpeg(
        pixels, **limits, full_colour=preset.full_colour, max_bytes=preset.max_bytes, source_type=source_type
    )


def _shortfalls(preset: Preset, frame: Frame, person: Mask | None) -> tuple[Shortfall, ...]:
    found: list[Shortfall] = []
    wanted = preset.min_size
    if wanted is not None and (frame.size[0] < wanted[0] or frame.size[1] < wanted[1]):
        found.append("below_min_size")
    if preset.background is not None and person is None:
        found.append("background_kept")
    return tuple(found)
