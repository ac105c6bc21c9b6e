"""ICC profiles written from their numbers, so that the same picture always carries the same bytes.

A profile made by a library holds the time at which it was made. Layout: ICC.1:2001-04 (2.4).
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.colour import light_of

Matrix = Sequence[Sequence[float]]

# Red, green and blue as XYZ relative to D50, adapted by Bradford (IEC 61966-2-1, the columns of sRGB → XYZ).
_SRGB_COLORANTS = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
_D50 = (0.9642, 1.0, 0.8249)
_D65 = (0.9505, 1.0, 1.089)
_CURVE_POINTS = 1024
_MADE = (2026, 1, 1, 0, 0, 0)


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB profile that every picture carries: always the same bytes."""
    return rgb_profile("sRGB", _SRGB_COLORANTS, light_of)


def rgb_profile(
    name: str, colorants: Matrix, curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> bytes:
    """A matrix profile for a display.

    Args:
        colorants: XYZ of red, green, blue relative to D50.
        curve: from the pixel's value to light, both in [0, 1].
    """
    tone = _curve(curve(np.linspace(0.0, 1.0, _CURVE_POINTS)))
    red, green, blue = (_xyz(row) for row in colorants)
    tags = [
        (b"desc", _description(name)),
        (b"cprt", b"text" + bytes(4) + b"No copyright, use freely\0"),
        (b"wtpt", _xyz(_D65)),
        (b"rXYZ", red),
        (b"gXYZ", green),
        (b"bXYZ", blue),
        (b"rTRC", tone),
        (b"gTRC", tone),
        (b"bTRC", tone),
    ]
    return profile(b"mntr", b"RGB ", b"XYZ ", tags)


def profile(device: bytes, space: bytes, connection: bytes, tags: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A profile of any device class from its tags; tags of equal content share one place."""
    offset = 128 + 4 + 12 * len(tags)
    table, body, places = b"", b"", dict[bytes, int]()
    for signature, content in tags:
        if content not in places:
            places[content] = offset + len(body)
            body += content + bytes(-len(content) % 4)
        table += signature + struct.pack(">II", places[content], len(content))
    head = struct.pack(
        ">I4sI4s4s4s6H", offset + len(body), bytes(4), 0x02400000, device, space, connection, *_MADE
    )
    head += b"acsp" + bytes(4) + bytes(4) + bytes(4) + bytes(4) + bytes(8) + struct.pack(">I", 1)
    head += b"".join(_fixed(v) for v in _D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(value: float) -> bytes:
    """s15Fixed16Number."""
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(v) for v in values)


def _curve(points: NDArray[np.float64]) -> bytes:
    steps = np.rint(np.clip(points, 0.0, 1.0) * 65535).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", len(steps)) + steps.tobytes()


def _description(name: str) -> bytes:
    """textDescriptionType: ASCII, and empty Unicode and ScriptCode parts."""
    text = name.encode("ascii") + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
