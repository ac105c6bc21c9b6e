"""Bytes of a JPEG, PNG, WebP or TIFF → an upright picture in sRGB.

The format is told by the first bytes, never by the name. Limits are checked on the header, before any pixel
is decoded. Pillow's plug-ins are called directly: no global of Pillow's is changed.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from flixpose.errors import FlixposeError, ImageTooLarge, ImageTooSmall, MissingInput, UnreadableImage
from flixpose.imaging.planes import (
    Planes,
    opencv_decode,
    orientation_of,
    planes_of,
    sixteen_bit_colour,
    sixteen_bit_grey,
    upright,
    useful_alpha,
)
from flixpose.imaging.profiles import is_srgb, to_srgb
from flixpose.structures.image import Image


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before decoding.

    Attributes:
        max_megapixels: width × height / 10⁶.
        max_file_mb: of the file, 10⁶ bytes.
        min_side, max_side: pixels; OpenCV's warps address at most 32767 pixels a side.
    """

    max_megapixels: float = 100.0
    max_file_mb: float = 64.0
    min_side: int = 64
    max_side: int = 30_000

    @property
    def max_bytes(self) -> int:
        return int(self.max_file_mb * 1e6)


DEFAULT_LIMITS = Limits()

_MOST_SCANS = 100


def read_image(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Image:
    """The picture in a file.

    Raises: MissingInput, and whatever `decode_image` raises.
    """
    try:
        size = path.stat().st_size
        _check_file_size(size, str(path), limits)
        data = path.read_bytes()
    except OSError as cause:
        raise MissingInput(f"{path} cannot be read: {cause.strerror}.", subject=str(path)) from cause
    return decode_image(data, name=str(path), limits=limits)


def decode_image(data: bytes, *, name: str, limits: Limits = DEFAULT_LIMITS) -> Image:
    """The picture in `data`: EXIF orientation applied, ICC → sRGB, 8 bits, alpha straight.

    An alpha that is opaque everywhere, or transparent everywhere, says nothing and is dropped. Without a
    profile the numbers are read as sRGB, as browsers do.

    Raises:
        UnreadableImage: not one of the four formats, damaged, cut off, animated, or several pictures in one.
        ImageTooLarge, ImageTooSmall: by `limits`, told from the header.
    """
    _check_file_size(len(data), name, limits)
    with _named_failures(name):
        pixels, alpha = _decode(data, name, limits)
    # Writable, since torch warns of tensors over read-only memory.
    pixels = np.require(pixels, np.uint8, ["C", "W"])
    return Image(pixels, useful_alpha(alpha), hashlib.sha256(data).hexdigest(), name)


def sniff(data: bytes) -> str | None:
    """ "jpeg", "png", "webp" or "tiff" by the first bytes; None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return "tiff" if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")) else None


def _decode(data: bytes, name: str, limits: Limits) -> Planes:
    match sniff(data):
        case "jpeg":
            return _decode_jpeg(data, name, limits)
        case "png":
            return _decode_png(data, name, limits)
        case "webp":
            return _decode_webp(data, name, limits)
        case "tiff":
            return _decode_tiff(data, name, limits)
    what = "is empty" if not data else "is not a JPEG, PNG, WebP or TIFF"
    raise UnreadableImage(f"{name} {what}.", subject=name)


@contextmanager
def _named_failures(name: str) -> Iterator[None]:
    """Whatever a codec raises on hostile bytes becomes a failure that names the file."""
    try:
        yield
    except FlixposeError:
        raise
    except (Pil.DecompressionBombError, MemoryError) as cause:
        raise ImageTooLarge(f"{name} needs too much memory to decode.", subject=name) from cause
    except Exception as cause:
        detail = " ".join(str(cause).split())[:120] or type(cause).__name__
        raise UnreadableImage(f"{name} cannot be decoded ({detail}).", subject=name) from cause


# --- limits


def _check_file_size(size: int, name: str, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise ImageTooLarge(
            f"{name} has {size / 1e6:.1f} MB, more than {limits.max_file_mb:g} MB.", subject=name
        )


def _check_size(width: int, height: int, name: str, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise UnreadableImage(f"{name} declares a size of {width}×{height} pixels.", subject=name)
    if width * height > limits.max_megapixels * 1e6 or max(width, height) > limits.max_side:
        raise ImageTooLarge(
            f"{name} has {width}×{height} pixels; at most {limits.max_megapixels:g} megapixels "
            f"and {limits.max_side} pixels a side are read.",
            subject=name,
        )
    if min(width, height) < limits.min_side:
        raise ImageTooSmall(
            f"{name} has {width}×{height} pixels, fewer than {limits.min_side} on a side.",
            advice=f"Send a picture of at least {limits.min_side} pixels on each side.",
            subject=name,
        )


def _refuse_animation(picture: ImageFile.ImageFile, name: str) -> None:
    if getattr(picture, "is_animated", False):
        raise UnreadableImage(f"{name} is animated.", advice="Send a still picture: one frame.", subject=name)


# --- JPEG


def _decode_jpeg(data: bytes, name: str, limits: Limits) -> Planes:
    header = JpegImageFile(io.BytesIO(data))
    _check_size(*header.size, name, limits)
    if header.info.get("progressive") and data.count(b"\xff\xda") > _MOST_SCANS:
        raise UnreadableImage(f"{name} has more than {_MOST_SCANS} progressive scans.", subject=name)
    profile = header.info.get("icc_profile")
    pixels = None
    if header.mode == "RGB" or (header.mode == "L" and not profile):
        pixels = _turbo_jpeg(data, header.size)
    if pixels is None:
        pixels = np.asarray(to_srgb(header, profile))
    elif profile and not is_srgb(profile):
        pixels = np.asarray(to_srgb(Pil.fromarray(pixels), profile))
    return upright((pixels, None), orientation_of(header))


def _turbo_jpeg(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """(H, W, 3) RGB, or None where Pillow, which tells a cut-off file, should decide.

    Both libraries decode with libjpeg-turbo to the same values; OpenCV's way takes half the time.
    """
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        return None
    pixels = opencv_decode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return pixels if pixels is not None and pixels.shape[1::-1] == size else None


# --- PNG, WebP


def _decode_png(data: bytes, name: str, limits: Limits) -> Planes:
    picture = PngImageFile(io.BytesIO(data))
    _check_size(*picture.size, name, limits)
    _refuse_animation(picture, name)
    bit_depth, colour_type = data[24], data[25]
    picture.load()
    if bit_depth == 16 and colour_type != 0:
        _check_png_chunks(data, name)
        planes = sixteen_bit_colour(picture, data, name)
    elif bit_depth == 16:
        planes = sixteen_bit_grey(picture)
    else:
        _scale_grey_key(picture, bit_depth)
        planes = planes_of(picture)
    return upright(planes, orientation_of(picture))


def _check_png_chunks(data: bytes, name: str) -> None:
    """OpenCV allocates what a chunk declares, up to 4 GB, before it looks whether the file is that long."""
    at = 8
    while data[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if at >= len(data):
            raise UnreadableImage(f"{name} is damaged or cut off.", subject=name)


def _scale_grey_key(picture: PngImageFile, bit_depth: int) -> None:
    """Pillow spreads 2- and 4-bit grey over 0..255, but not the grey that tRNS declares transparent."""
    key = picture.info.get("transparency")
    if picture.mode == "L" and isinstance(key, int) and bit_depth < 8:
        picture.info["transparency"] = key * 255 // (2**bit_depth - 1)


def _decode_webp(data: bytes, name: str, limits: Limits) -> Planes:
    # Pillow's decoder allocates the canvas when it opens the file: the size is read here first.
    _check_size(*_webp_size(data), name, limits)
    picture = WebPImageFile(io.BytesIO(data))
    _check_size(*picture.size, name, limits)
    _refuse_animation(picture, name)
    return upright(planes_of(picture), orientation_of(picture))


def _webp_size(data: bytes) -> tuple[int, int]:
    """(width, height) by the first chunk; (0, 0) where there is none to read."""
    chunk = data[12:16]
    if len(data) < 30:
        return 0, 0
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        low_14 = 0x3FFF
        return int.from_bytes(data[26:28], "little") & low_14, int.from_bytes(data[28:30], "little") & low_14
    return 0, 0


# --- TIFF

_PHOTOMETRIC, _BITS, _PLANAR, _TILE_WIDTH, _TILE_LENGTH = 262, 258, 284, 322, 323
_NEW_SUBFILE_TYPE, _EXTRA_SAMPLES = 254, 338
_ASSOCIATED = 1


def _decode_tiff(data: bytes, name: str, limits: Limits) -> Planes:
    picture = TiffImageFile(io.BytesIO(data))
    _check_size(*picture.size, name, limits)
    _check_tiff_layout(picture, name, limits)
    _refuse_further_pages(picture, name)
    white_is_zero = picture.tag_v2.get(_PHOTOMETRIC) == 0
    associated = _ASSOCIATED in picture.tag_v2.get(_EXTRA_SAMPLES, ())
    bits = max(picture.tag_v2.get(_BITS, (1,)))
    picture.load()  # turns it upright, too, and tells a cut-off file
    if bits == 16 and picture.mode in ("RGB", "RGBA"):
        return sixteen_bit_colour(picture, data, name, associated=associated)
    if picture.mode.startswith("I;16"):
        return sixteen_bit_grey(picture, bits=bits, white_is_zero=white_is_zero)
    return planes_of(picture)


def _check_tiff_layout(picture: TiffImageFile, name: str, limits: Limits) -> None:
    tile = int(picture.tag_v2.get(_TILE_WIDTH, 0)), int(picture.tag_v2.get(_TILE_LENGTH, 0))
    if tile[0] * tile[1] > limits.max_megapixels * 1e6:
        raise ImageTooLarge(f"{name} has tiles of {tile[0]}×{tile[1]} pixels.", subject=name)
    bits = picture.tag_v2.get(_BITS, (1,))
    if picture.mode in ("I", "F", "LAB"):
        raise UnreadableImage(
            f"{name} is a TIFF of signed, 32-bit or Lab samples.",
            advice="Save it with 8 or 16 bits a channel in RGB, grey or CMYK.",
            subject=name,
        )
    # OpenCV reads these without an error and wrongly; Pillow reads half of their bits.
    if max(bits) == 16 and len(bits) > 1 and picture.tag_v2.get(_PLANAR) == 2:
        raise UnreadableImage(
            f"{name} is a 16-bit TIFF with separate colour planes.",
            advice="Save it with interleaved channels.",
            subject=name,
        )


def _refuse_further_pages(picture: TiffImageFile, name: str) -> None:
    """A second page is allowed only where it is a smaller copy of the first."""
    try:
        picture.seek(1)
    except EOFError:
        return
    thumbnail = int(picture.tag_v2.get(_NEW_SUBFILE_TYPE, 0)) & 1
    if not thumbnail:
        raise UnreadableImage(f"{name} holds several pictures.", advice="Send one page.", subject=name)
    picture.seek(0)
