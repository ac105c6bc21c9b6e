"""Pictures and colour profiles made for the tests of `flixpose.imaging`."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from flixpose.imaging.icc import profile, rgb_profile

# IPTC: mix or composite of several elements, any of which may or may not be generative AI.
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/composite"

# Adobe RGB (1998): colorants relative to D50 and the gamma of 563/256.
ADOBE_RGB = rgb_profile(
    "Adobe RGB (1998)",
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    lambda value: value ** (563 / 256),
)


def scene(width: int = 96, height: int = 72) -> NDArray[np.uint8]:
    """(H, W, 3) smooth and without any symmetry: orientation errors show, and JPEG keeps it."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = x / width, y / height
    planes = (40 + 180 * x, 220 - 170 * y, 60 + 120 * x * y + 40 * (1 - x))
    return np.rint(np.stack(planes, axis=-1)).astype(np.uint8)


def deep_scene(channels: int, width: int = 96, height: int = 72, seed: int = 0) -> NDArray[np.uint16]:
    """(H, W, channels) uint16 with every low byte in use; channels = 1 gives (H, W)."""
    pixels = np.random.default_rng(seed).integers(0, 65536, (height, width, channels), dtype=np.uint16)
    return pixels[..., 0] if channels == 1 else pixels


def rounded(deep: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return np.rint(deep.astype(np.float64) / 257.0).astype(np.uint8)


def saved(picture: Image.Image | NDArray, form: str, **options: Any) -> bytes:
    """The picture as a file by Pillow."""
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def tiff(pixels: NDArray, **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, **options)
    return out.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG of any header; `rows` as PNG wants them, each led by its filter byte."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def deep_png(pixels: NDArray[np.uint16], extra: bytes = b"") -> bytes:
    """16-bit grey, grey + alpha, RGB or RGBA."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return png(pixels.shape[1], pixels.shape[0], 16, colour_type, rows, extra)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def stored(upright: NDArray, orientation: int) -> NDArray:
    """The pixels that a file must hold for its EXIF orientation to show `upright` (EXIF 2.32, 4.6.4)."""
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(undo[orientation](upright))


def ycck_jpeg(cmyk: NDArray[np.uint8]) -> bytes:
    """A CMYK picture as Photoshop stores it in a JPEG: all inverted, then the inverse of CMY as YCbCr.

    Pillow writes plain inverted CMYK: it is given such planes, and the marker's transform byte is set to 2.
    """
    ycc = cv2.cvtColor(np.ascontiguousarray(cmyk[..., :3]), cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    planes = np.concatenate([255 - ycc, cmyk[..., 3:]], axis=-1)
    data = saved(Image.fromarray(planes, "CMYK"), "JPEG", quality=100, subsampling=0)
    marker = data.index(b"Adobe")
    return data[: marker + 11] + b"\x02" + data[marker + 12 :]


def grey_profile(gamma: float) -> bytes:
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    return profile(b"mntr", b"GRAY", b"XYZ ", [(b"wtpt", white), (b"kTRC", curve)])


def cmyk_profile() -> bytes:
    """A coarse press: 16 nodes from ink to Lab, black ink dark grey, cyan a real cyan."""
    inks = {
        "c": (-37.0, -50.0, 0.62),
        "m": (74.0, -3.0, 0.52),
        "y": (-5.0, 93.0, 0.95),
        "k": (0.0, 0.0, 0.15),
    }
    nodes = b""
    for node in range(16):
        light, a, b = 100.0, 0.0, 0.0
        for bit, ink in zip((8, 4, 2, 1), "cmyk", strict=True):
            if node & bit:
                da, db, share = inks[ink]
                light, a, b = light * share, a * 0.5 + da, b * 0.5 + db
        nodes += bytes((round(light * 2.55), int(np.clip(a + 128, 0, 255)), int(np.clip(b + 128, 0, 255))))
    straight = bytes(range(256))
    unit = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + unit + straight * 4 + nodes + straight * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    return profile(b"prtr", b"CMYK", b"Lab ", [(b"wtpt", white), (b"A2B0", table), (b"A2B1", table)])
