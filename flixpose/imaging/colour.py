"""sRGB, linear light and Lab; colour differences; compositing.

"sRGB" is what pictures hold (gamma-encoded, uint8); "light" is proportional to photons, float32 in [0, 1].
Light is what adds up: blends, blurs and shading belong there.
"""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Plane = NDArray[np.float32]


def light_of(value: ArrayLike) -> NDArray[np.float64]:
    """sRGB's transfer curve, [0, 1] → light in [0, 1] (IEC 61966-2-1)."""
    value = np.asarray(value, dtype=np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((np.maximum(value, 0) + 0.055) / 1.055) ** 2.4)


def value_of(light: ArrayLike) -> NDArray[np.float64]:
    """The inverse of `light_of`."""
    light = np.asarray(light, dtype=np.float64)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


_LIGHT = light_of(np.arange(256) / 255).astype(np.float32)
# 16 bits of light: finer than sRGB's steps everywhere, so that a round trip gives back every value.
_VALUE = np.rint(value_of(np.arange(65536) / 65535) * 255).astype(np.uint8)


def srgb_to_linear(pixels: NDArray[np.uint8]) -> Plane:
    """uint8 of any shape → light, float32 of the same shape."""
    return _LIGHT[pixels]


def linear_to_srgb(light: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Light of any shape, clipped to [0, 1] → uint8; `linear_to_srgb(srgb_to_linear(p)) == p`."""
    steps = np.clip(light, 0.0, 1.0) * np.float32(65535)
    return _VALUE[(steps + np.float32(0.5)).astype(np.uint16)]


# --- Lab

_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
_LAB_KNEE = (6 / 29) ** 3
_LAB_SLOPE = 841 / 108
_LIGHT_TO_WHITE = (_RGB_TO_XYZ / _WHITE_D65[:, None]).astype(np.float32)
_F_TO_LAB = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)


def srgb_to_lab(pixels: NDArray[np.uint8]) -> Plane:
    """(..., 3) uint8 sRGB → (..., 3) float32 CIE L*a*b*, D65, 2° observer; L in [0, 100]."""
    if not pixels.size:
        return np.zeros(pixels.shape, np.float32)
    light = cv2.LUT(np.ascontiguousarray(pixels).reshape(-1, 1, 3), _LIGHT)
    xyz = cv2.transform(light, _LIGHT_TO_WHITE).reshape(-1, 3)
    # Above the knee the cube root, below it a straight line: the sum of both, each held where the other is.
    root = cv2.pow(cv2.max(xyz, _LAB_KNEE), 1 / 3)
    f = cv2.addWeighted(root, 1.0, cv2.min(xyz, _LAB_KNEE), _LAB_SLOPE, -_LAB_SLOPE * _LAB_KNEE)
    return np.asarray(cv2.transform(f.reshape(-1, 1, 3), _F_TO_LAB), np.float32).reshape(pixels.shape)


def delta_e_2000(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """CIEDE2000 between (..., 3) Lab colours → (...); about 1 is the smallest difference that is seen.

    Source: Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula", equations 2 to 22, k = 1.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    (light1, chroma1, hue1), (light2, chroma2, hue2) = _lch_primed(one, other)
    delta_hue, mean_hue = _hue_difference(chroma1, hue1, chroma2, hue2)
    delta_chroma = chroma2 - chroma1
    big_delta_hue = 2 * np.sqrt(chroma1 * chroma2) * np.sin(delta_hue / 2)
    chroma = (chroma1 + chroma2) / 2
    offset = ((light1 + light2) / 2 - 50) ** 2
    s_light = 1 + 0.015 * offset / np.sqrt(20 + offset)
    s_chroma = 1 + 0.045 * chroma
    s_hue = 1 + 0.015 * chroma * _hue_weight(mean_hue)
    light, chrom, hue = (light2 - light1) / s_light, delta_chroma / s_chroma, big_delta_hue / s_hue
    squared = light**2 + chrom**2 + hue**2 + _rotation(chroma, mean_hue) * chrom * hue
    return np.sqrt(np.maximum(squared, 0.0))


def _lch_primed(one: NDArray, other: NDArray) -> list[tuple[NDArray, NDArray, NDArray]]:
    """L', C', h' of both, with a* stretched for near-greys (equations 2 to 7)."""
    mean_chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    stretch = 1.5 - 0.5 * _seventh(mean_chroma)
    primed = []
    for lab in (one, other):
        a = lab[..., 1] * stretch
        hue = np.arctan2(lab[..., 2], a) % (2 * np.pi)
        primed.append((lab[..., 0], np.hypot(a, lab[..., 2]), hue))
    return primed


def _seventh(chroma: NDArray) -> NDArray:
    """√(C⁷ / (C⁷ + 25⁷))."""
    power = chroma**7
    return np.sqrt(power / (power + 25.0**7))


def _hue_difference(
    chroma1: NDArray, hue1: NDArray, chroma2: NDArray, hue2: NDArray
) -> tuple[NDArray, NDArray]:
    """Δh' and the mean hue, the short way round; greys have no hue (equations 10 and 14)."""
    delta = hue2 - hue1
    wraps = np.abs(delta) > np.pi
    mean = (hue1 + hue2) / 2
    mean = np.where(wraps, np.where(hue1 + hue2 < 2 * np.pi, mean + np.pi, mean - np.pi), mean)
    delta = np.where(wraps, delta - np.sign(delta) * 2 * np.pi, delta)
    grey = chroma1 * chroma2 == 0
    return np.where(grey, 0.0, delta), np.where(grey, hue1 + hue2, mean)


def _hue_weight(hue: NDArray) -> NDArray:
    """T (equation 15)."""
    turn = np.deg2rad
    return (
        1
        - 0.17 * np.cos(hue - turn(30))
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + turn(6))
        - 0.20 * np.cos(4 * hue - turn(63))
    )


def _rotation(chroma: NDArray, hue: NDArray) -> NDArray:
    """R_T: blues interact (equations 16, 17, 21)."""
    angle = np.deg2rad(30) * np.exp(-(((np.rad2deg(hue) - 275) / 25) ** 2))
    return -np.sin(2 * angle) * 2 * _seventh(chroma)


# --- compositing


def over(
    back: NDArray[np.uint8],
    front: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    *,
    at: tuple[int, int] = (0, 0),
) -> NDArray[np.uint8]:
    """Lay a straight-alpha picture over another, mixing light.

    Args:
        back: (H, W, 3) sRGB.
        front, alpha: (h, w, 3) and (h, w), 255 = opaque; parts outside `back` are cut off.
        at: (x, y) of the front's left upper corner on the back.

    Returns:
        (H, W, 3) new; bit-identical to `back` where alpha is 0 and to `front` where it is 255.
    """
    result = back.copy()
    x0, y0 = max(at[0], 0), max(at[1], 0)
    x1, y1 = min(at[0] + front.shape[1], back.shape[1]), min(at[1] + front.shape[0], back.shape[0])
    if x1 <= x0 or y1 <= y0:
        return result
    part = np.s_[y0 - at[1] : y1 - at[1], x0 - at[0] : x1 - at[0]]
    region = result[y0:y1, x0:x1]
    front, alpha = front[part], alpha[part]
    np.copyto(region, front, where=(alpha == 255)[..., None])
    soft = (alpha > 0) & (alpha < 255)
    share = alpha[soft, None].astype(np.float32) / 255
    mixed = srgb_to_linear(front[soft]) * share + srgb_to_linear(region[soft]) * (1 - share)
    region[soft] = linear_to_srgb(mixed)
    return result
