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
    max_file_mb: float = 100.0
    min_side: int = 64
    max_side: int = 30_000

    @property
    def max_bytes(self) -> int:
        return int(self.max_file_mb * 1e6)


DEFAULT_LIMITS = Limits()

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""(H, W, 3) RGB in sRGB and (H, W) straight alpha or None."""

_ROUND_TO_8_BIT = ((np.arange(65536, dtype=np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
_EXIF_ORIENTATION = 0x0112
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
    return Image(pixels, _useful(alpha), hashlib.sha256(data).hexdigest(), name)


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
    return _upright((pixels, None), _orientation(header))


def _turbo_jpeg(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """(H, W, 3) RGB, or None where Pillow, which tells a cut-off file, should decide.

    Both libraries decode with libjpeg-turbo to the same values; OpenCV's way takes half the time.
    """
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        return None
    pixels = _opencv(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    return pixels if pixels is not None and pixels.shape[1::-1] == size else None


def _opencv(data: bytes, flags: int) -> NDArray | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


# --- PNG, WebP


def _decode_png(data: bytes, name: str, limits: Limits) -> Planes:
    picture = PngImageFile(io.BytesIO(data))
    _check_size(*picture.size, name, limits)
    _refuse_animation(picture, name)
    bit_depth, colour_type = data[24], data[25]
    picture.load()
    if bit_depth == 16 and colour_type != 0:
        planes = _sixteen_bit_colour(data, name, picture)
    elif bit_depth == 16:
        planes = _sixteen_bit_grey(picture)
    else:
        planes = _planes(picture)
    return _upright(planes, _orientation(picture))


def _decode_webp(data: bytes, name: str, limits: Limits) -> Planes:
    # Pillow's decoder allocates the canvas when it opens the file: the size is read here first.
    _check_size(*_webp_size(data), name, limits)
    picture = WebPImageFile(io.BytesIO(data))
    _check_size(*picture.size, name, limits)
    _refuse_animation(picture, name)
    return _upright(_planes(picture), _orientation(picture))


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
    if bits == 16 and picture.mode in ("RGB", "RGBA"):
        return _sixteen_bit_colour(data, name, picture, associated=associated)
    picture.load()  # turns it upright, too
    if picture.mode.startswith("I;16"):
        return _sixteen_bit_grey(picture, bits=bits, white_is_zero=white_is_zero)
    return _planes(picture)


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


# --- pixels → planes


def _planes(picture: Pil.Image) -> Planes:
    """An 8-bit picture of any mode."""
    profile = picture.info.get("icc_profile")
    colour, alpha = _split_alpha(picture)
    return np.asarray(to_srgb(colour, profile)), None if alpha is None else np.asarray(alpha)


def _split_alpha(picture: Pil.Image) -> tuple[Pil.Image, Pil.Image | None]:
    """The colour (mode L, RGB or CMYK) and the straight alpha."""
    grey = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        if picture.mode == "La":
            picture = picture.convert("LA")
        rgba = picture.convert("RGBA")
        return rgba.getchannel("R") if grey else rgba.convert("RGB"), rgba.getchannel("A")
    if picture.mode == "CMYK":
        return picture, None
    return picture.convert("L" if grey else "RGB"), None


def _sixteen_bit_colour(
    data: bytes, name: str, picture: ImageFile.ImageFile, *, associated: bool = False
) -> Planes:
    """Through OpenCV, since Pillow keeps only the upper 8 bits of such pixels."""
    deep = _opencv(data, cv2.IMREAD_UNCHANGED)
    if deep is None or deep.dtype != np.uint16 or deep.shape[1::-1] != picture.size:
        raise UnreadableImage(f"{name} is damaged or cut off.", subject=name)
    if deep.ndim == 2:
        deep = cv2.cvtColor(deep, cv2.COLOR_GRAY2BGR)
    has_alpha = deep.shape[2] == 4 and (associated or picture.mode == "RGBA" or _has_key(picture))
    alpha = deep[..., 3] if has_alpha else None
    colour = deep[..., 2::-1]
    if associated and alpha is not None:
        colour = _straight(colour, alpha)
    rgb = to_srgb(Pil.fromarray(_ROUND_TO_8_BIT[colour]), picture.info.get("icc_profile"))
    return np.asarray(rgb), None if alpha is None else _ROUND_TO_8_BIT[alpha]


def _has_key(picture: Pil.Image) -> bool:
    """Whether a PNG's tRNS chunk names one colour as transparent."""
    return "transparency" in picture.info


def _straight(colour: NDArray, alpha: NDArray) -> NDArray[np.uint16]:
    """Associated (premultiplied) 16-bit colour → straight; black where wholly transparent."""
    share = np.maximum(alpha, 1).astype(np.float32)[..., None] / 65535.0
    return np.clip(np.rint(colour / share), 0, 65535).astype(np.uint16)


def _sixteen_bit_grey(picture: Pil.Image, *, bits: int = 16, white_is_zero: bool = False) -> Planes:
    """Pillow keeps all bits of these; 12-bit ones lie in the lower 12."""
    deep = np.asarray(picture).astype(np.uint16)
    if bits == 12:
        deep = ((deep.astype(np.uint32) * 65535 + 2047) // 4095).astype(np.uint16)
    if white_is_zero:
        deep = 65535 - deep
    rgb = to_srgb(Pil.fromarray(_ROUND_TO_8_BIT[deep]), picture.info.get("icc_profile"))
    key = picture.info.get("transparency")
    alpha = np.where(deep == key, 0, 255).astype(np.uint8) if isinstance(key, int) else None
    return np.asarray(rgb), alpha


def _useful(alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """None for an alpha that is the same nothing or everything all over."""
    if alpha is None or alpha.min() == 255 or alpha.max() == 0:
        return None
    return np.ascontiguousarray(alpha)


# --- orientation


def _orientation(picture: Pil.Image) -> int:
    """EXIF's orientation 1..8; 1 where there is none or it is damaged."""
    exif = Pil.Exif()
    try:
        exif.load(picture.info.get("exif", b""))
        value = exif.get(_EXIF_ORIENTATION, 1)
    except Exception:
        # The picture is whole even where its EXIF is not, and Pillow raises many kinds here.
        return 1
    return value if value in range(1, 9) else 1


def _upright(planes: Planes, orientation: int) -> Planes:
    pixels, alpha = planes
    return _turn(pixels, orientation), None if alpha is None else _turn(alpha, orientation)


def _turn(plane: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The plane as it should be seen; its top row and left column are stored as the orientation says."""
    match orientation:
        case 2:
            turned = cv2.flip(plane, 1)
        case 3:
            turned = cv2.rotate(plane, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(plane, 0)
        case 5:
            turned = cv2.transpose(plane)
        case 6:
            turned = cv2.rotate(plane, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.flip(cv2.transpose(plane), -1)
        case 8:
            turned = cv2.rotate(plane, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            turned = plane
    return np.require(turned, np.uint8, ["C", "W"])
