"""A head out of clay: skull, face, ears and eyes, by a few numbers.

Its own frame is the figure's, shifted: z = 0 at the chin, x = 0 in the middle, y = 0 through the ears.
"""

from dataclasses import dataclass

import numpy as np

from flixpose.studio.solid import Array, Part, Sections, ellipsoid, loft, moved, round_cone

CHIN = np.array([0.0, -0.012, 1.480])
EYE_HEIGHT = 0.113
EYE_RADIUS = 0.0122


@dataclass(frozen=True)
class Face:
    """A face's form: each number is a factor around 1.

    Attributes:
        jaw: width of the lower face. nose: width. lips: fullness. eyes: opening. brow: ridge.
    """

    jaw: float = 1.0
    nose: float = 1.0
    lips: float = 1.0
    eyes: float = 1.0
    brow: float = 0.5


def eye_centre(side: float) -> Array:
    """(3,) metres in the figure's frame."""
    return moved(CHIN, side * 0.0315, -0.0775, EYE_HEIGHT)


def head(face: Face) -> list[Part]:
    """The clay of a head in the figure's frame, eyes not included (they are spheres of their own)."""
    parts = _skull(face)
    for side in (1.0, -1.0):
        parts += _cheek_and_jaw(face, side)
    parts += _nose(face) + _mouth(face)
    for side in (1.0, -1.0):
        parts += _eye_socket(face, side) + _ear(side)
    return parts


def _at(x: float, y: float, z: float) -> Array:
    return moved(CHIN, x, y, z)


def _skull(face: Face) -> list[Part]:
    j = face.jaw
    rows = Sections(
        heights=[CHIN[2] + z for z in (-0.004, 0.012, 0.030, 0.050, 0.075, 0.100, 0.125, 0.150, 0.175)],
        half_width=[0.013 * j, 0.025 * j, 0.036 * j, 0.045 * j, 0.054, 0.0605, 0.063, 0.058, 0.035],
        front=[0.064, 0.080, 0.085, 0.088, 0.087, 0.083, 0.087, 0.083, 0.060],
        back=[0.01, 0.02, 0.03, 0.04, 0.05, 0.05, 0.05, 0.05, 0.04],
        axis_y=[CHIN[1]] * 9,
        squareness=2.2,
    )
    return [
        ellipsoid(_at(0, 0.012, 0.138), (0.0735, 0.096, 0.088)),
        loft(rows, 0.008),
        ellipsoid(_at(0, -0.076, 0.012), (0.016 * j, 0.012, 0.011), 0.02),
    ]


def _cheek_and_jaw(face: Face, side: float) -> list[Part]:
    return [
        ellipsoid(_at(side * 0.039, -0.060, 0.089), (0.020, 0.020, 0.015), 0.025),
        ellipsoid(_at(side * 0.034 * face.jaw, -0.048, 0.058), (0.0185, 0.028, 0.032), 0.02),
        round_cone(
            _at(side * 0.0375 * face.jaw, -0.016, 0.050),
            _at(side * 0.012, -0.070, 0.011),
            0.009,
            0.009,
            0.014,
        ),
        round_cone(
            _at(side * 0.044, -0.074, 0.131),
            _at(side * 0.014, -0.087, 0.127),
            0.006,
            0.005 + 0.004 * face.brow,
            0.02,
        ),
    ]


def _nose(face: Face) -> list[Part]:
    w = face.nose
    parts = [
        round_cone(_at(0, -0.084, 0.120), _at(0, -0.104, 0.082), 0.0055, 0.0075 * w, 0.014),
        ellipsoid(_at(0, -0.106, 0.080), (0.0088 * w, 0.0085, 0.0075), 0.008),
    ]
    for side in (1.0, -1.0):
        parts.append(ellipsoid(_at(side * 0.0105 * w, -0.094, 0.0785), (0.0068, 0.0085, 0.0068), 0.006))
    for side in (1.0, -1.0):
        parts.append(
            ellipsoid(_at(side * 0.0055 * w, -0.1015, 0.0718), (0.0032, 0.0048, 0.0028), 0.003, "cut")
        )
    return parts


def _mouth(face: Face) -> list[Part]:
    full = face.lips
    parts: list[Part] = []
    for side in (1.0, -1.0):
        corner = _at(side * 0.0215, -0.0825, 0.0550)
        parts += [
            round_cone(corner, _at(side * 0.0045, -0.0940, 0.0555), 0.0022, 0.0044 * full, 0.006),
            round_cone(corner, _at(side * 0.003, -0.0930, 0.0465), 0.0022, 0.0060 * full, 0.006),
        ]
    for side in (1.0, -1.0):
        line = round_cone(
            _at(side * 0.0220, -0.0865, 0.0553), _at(0, -0.1005, 0.0508), 0.0008, 0.0016, 0.002, "cut"
        )
        parts.append(line)
    return parts


def _eye_socket(face: Face, side: float) -> list[Part]:
    centre = eye_centre(side)
    return [
        ellipsoid(moved(centre, side * 0.001, -0.022, 0.002), (0.020, 0.015, 0.011), 0.016, "cut"),
        _lids(centre, face, side),
        _slit(centre, face, side),
    ]


def _lids(centre: Array, face: Face, side: float) -> Part:
    return ellipsoid(centre, np.full(3, EYE_RADIUS + 0.0014), 0.009)


def lid_edge(x: Array, face: Face, upper: bool) -> Array:
    """Height of a lid's edge above the eye's centre at `x` metres outward of it."""
    share = np.clip(1.0 - (x / 0.0143) ** 2, 0.0, None)
    rise = 0.0038 * face.eyes if upper else -0.0036 * face.eyes
    return rise * share**0.75 + 0.07 * x


def _slit(centre: Array, face: Face, side: float) -> Part:
    def field(x: Array, y: Array, z: Array) -> Array:
        out, up = (x - centre[0]) * side, z - centre[2]
        top, bottom = lid_edge(out, face, True), lid_edge(out, face, False)
        between = np.maximum(up - top, bottom - up)
        return np.maximum(np.maximum(between, np.abs(out) - 0.0143), y - centre[1] + 0.002)

    reach = np.array([0.0143, 0.02, 0.008])
    return Part(field, centre - reach, centre + reach, 0.0008, "cut")


def _ear(side: float) -> list[Part]:
    tilt = np.array([[0.94, 0.34 * side, 0.0], [-0.33 * side, 0.92, -0.2], [0.0, 0.2, 0.98]])
    axes = tilt / np.linalg.norm(tilt, axis=1, keepdims=True)
    return [
        ellipsoid(_at(side * 0.0735, 0.016, 0.098), (0.0065, 0.0155, 0.0275), 0.006, axes=axes),
        ellipsoid(_at(side * 0.0795, 0.010, 0.102), (0.0050, 0.0095, 0.018), 0.004, "cut", axes=axes),
        ellipsoid(_at(side * 0.0775, 0.004, 0.098), (0.004, 0.005, 0.008), 0.004),
    ]
