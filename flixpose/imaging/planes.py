"""A picture opened by Pillow → its planes: 8-bit sRGB and straight alpha, upright."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from flixpose.errors import UnreadableImage
from flixpose.imaging.profiles import to_srgb

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""(H, W, 3) RGB in sRGB and (H, W) straight alpha or None."""

_ROUND_TO_8_BIT = ((np.arange(65536, dtype=np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
_EXIF_ORIENTATION = 0x0112


def opencv_decode(data: bytes, flags: int) -> NDArray | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


def planes_of(picture: Pil.Image) -> Planes:
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


def sixteen_bit_colour(picture: Pil.Image, data: bytes, name: str, *, associated: bool = False) -> Planes:
    """Through OpenCV, since Pillow keeps only the upper 8 bits of such pixels."""
    deep = opencv_decode(data, cv2.IMREAD_UNCHANGED)
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


def sixteen_bit_grey(picture: Pil.Image, *, bits: int = 16, white_is_zero: bool = False) -> Planes:
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


def useful_alpha(alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """None for an alpha that is the same nothing or everything all over."""
    if alpha is None or alpha.min() == 255 or alpha.max() == 0:
        return None
    return np.require(alpha, np.uint8, ["C", "W"])


# --- orientation


def orientation_of(picture: Pil.Image) -> int:
    """EXIF's orientation 1..8; 1 where there is none or it is damaged."""
    exif = Pil.Exif()
    try:
        exif.load(picture.info.get("exif", b""))
        value = exif.get(_EXIF_ORIENTATION, 1)
    except Exception:
        # The picture is whole even where its EXIF is not, and Pillow raises many kinds here.
        return 1
    return value if value in range(1, 9) else 1


def upright(planes: Planes, orientation: int) -> Planes:
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
    return np.asarray(turned, dtype=np.uint8)
