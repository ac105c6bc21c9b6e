"""The corner chains of upper garments: what an outline with and without sleeves looks like.

Numbers are broad: proportions of garments as they are sold and photographed, in body half widths and heights.
"""

from dataclasses import replace

from flixpose.garment.chain import Chain, Corner, Edge

_HEM = Corner("hem", u=(1.08, 0.22), v=(1.0, 0.04), turn=(80, 18), slope=(133, 14))
_HEM_LINE = Edge(direction=(180, 8), length=(1.08, 0.25), bend=0.05)
_SIDE = Edge(direction=(90, 7), length=(2.2, 0.9), bend=0.10)
_SHOULDER_LINE = Edge(direction=(26, 9), length=(0.8, 0.28), bend=0.06)

_NECK = Corner("neck", u=(0.48, 0.17), v=(0.0, 0.05), turn=(43, 20), slope=(8, 16))
_SHOULDER = Corner("shoulder", u=(1.2, 0.2), v=(0.08, 0.06), turn=(21, 14), slope=(44, 10))
_FORK = Corner("armpit", u=(1.03, 0.12), v=(0.40, 0.11), turn=(-110, 40))

SHORT = Chain(
    corners=(
        _NECK,
        _SHOULDER,
        Corner("cuff_outer", u=(1.75, 0.25), v=(0.38, 0.15), turn=(77, 22), slope=(108, 22)),
        Corner("cuff_inner", u=(1.22, 0.2), v=(0.46, 0.13), turn=(70, 28), slope=(170, 50)),
        _FORK,
        _HEM,
    ),
    edges=(
        _SHOULDER_LINE,
        Edge(direction=(64, 18), length=(1.4, 0.6), bend=0.10),
        Edge(direction=(152, 22), length=(0.65, 0.18), bend=0.04),
        Edge(direction=(-112, 30), length=(0.4, 0.4), bend=0.03),
        _SIDE,
    ),
    last=_HEM_LINE,
)

# The sleeve's end lies against the body: its inner corner and the fork are one point.
SHORT_TOUCHING = Chain(
    corners=(
        _NECK,
        _SHOULDER,
        Corner("cuff_outer", u=(1.75, 0.25), v=(0.42, 0.15), turn=(80, 22), slope=(115, 22)),
        Corner("armpit", u=(1.1, 0.15), v=(0.48, 0.12), turn=(-70, 28), slope=(135, 25)),
        _HEM,
    ),
    edges=(
        _SHOULDER_LINE,
        Edge(direction=(64, 18), length=(1.5, 0.6), bend=0.10),
        Edge(direction=(155, 22), length=(0.6, 0.2), bend=0.05),
        _SIDE,
    ),
    last=_HEM_LINE,
)

# Cap sleeves and wide armholes without a fork: the outline swells and runs in again.
CAP = Chain(
    corners=(
        _NECK,
        _SHOULDER,
        Corner("cuff_outer", u=(1.42, 0.2), v=(0.23, 0.08), turn=(52, 26), slope=(95, 22)),
        Corner("armpit", u=(1.07, 0.12), v=(0.33, 0.08), turn=(-28, 22), slope=(112, 22)),
        _HEM,
    ),
    edges=(
        _SHOULDER_LINE,
        Edge(direction=(58, 18), length=(0.6, 0.3), bend=0.08),
        Edge(direction=(128, 18), length=(0.5, 0.25), bend=0.06),
        _SIDE,
    ),
    last=_HEM_LINE,
)

LONG = Chain(
    corners=(
        _NECK,
        Corner("shoulder", u=(1.08, 0.2), v=(0.12, 0.07), turn=(22, 14), slope=(44, 10)),
        Corner("cuff_outer", u=(1.6, 0.35), v=(1.0, 0.18), turn=(80, 18), slope=(131, 14)),
        Corner("cuff_inner", u=(1.25, 0.3), v=(1.02, 0.18), turn=(78, 18), slope=(-141, 16)),
        Corner("armpit", u=(0.98, 0.12), v=(0.6, 0.2), turn=(-150, 30)),
        Corner("hem", u=(0.95, 0.22), v=(1.0, 0.05), turn=(78, 18), slope=(138, 14)),
    ),
    edges=(
        Edge(direction=(27, 9), length=(0.7, 0.25), bend=0.06),
        Edge(direction=(79, 9), length=(3.0, 0.9), bend=0.25),
        Edge(direction=(175, 14), length=(0.36, 0.12), bend=0.03),
        Edge(direction=(-102, 9), length=(1.7, 0.8), bend=0.08),
        Edge(direction=(93, 9), length=(1.5, 0.9), bend=0.08),
    ),
    last=Edge(direction=(180, 8), length=(0.95, 0.25), bend=0.05),
)

# The hood stands above: the neck corners are where it meets the shoulders, concave.
HOODED = Chain(
    corners=(
        Corner("neck", u=(0.62, 0.2), v=(0.2, 0.1), turn=(-95, 35)),
        Corner("shoulder", u=(1.1, 0.2), v=(0.25, 0.1), turn=(22, 14), slope=(44, 10)),
        Corner("cuff_outer", u=(1.7, 0.35), v=(0.92, 0.15), turn=(80, 18), slope=(131, 16)),
        Corner("cuff_inner", u=(1.35, 0.3), v=(0.93, 0.15), turn=(78, 18), slope=(-141, 18)),
        Corner("armpit", u=(0.98, 0.12), v=(0.6, 0.15), turn=(-150, 35)),
        Corner("hem", u=(0.9, 0.22), v=(1.0, 0.05), turn=(78, 20), slope=(140, 16)),
    ),
    edges=(
        Edge(direction=(28, 9), length=(0.5, 0.2), bend=0.06),
        Edge(direction=(79, 10), length=(2.4, 0.8), bend=0.25),
        Edge(direction=(175, 16), length=(0.36, 0.12), bend=0.04),
        Edge(direction=(-102, 10), length=(1.4, 0.7), bend=0.12),
        Edge(direction=(93, 10), length=(1.4, 0.8), bend=0.12),
    ),
    last=Edge(direction=(180, 10), length=(0.9, 0.25), bend=0.08),
)

SLEEVELESS = Chain(
    corners=(
        Corner("neck", u=(0.62, 0.25), v=(-0.02, 0.06), turn=(50, 25), slope=(5, 25)),
        Corner("shoulder", u=(0.95, 0.2), v=(0.03, 0.06), turn=(55, 30), slope=(55, 22)),
        Corner("armpit", u=(1.05, 0.14), v=(0.38, 0.12), turn=(30, 18), slope=(88, 20)),
        _HEM,
    ),
    edges=(
        Edge(direction=(20, 14), length=(0.35, 0.22), bend=0.04),
        Edge(direction=(90, 12), length=(1.2, 0.4), bend=0.10),
        Edge(direction=(90, 8), length=(2.3, 0.8), bend=0.12),
    ),
    last=_HEM_LINE,
)

# Thin straps: their tops are the highest points, and the neckline lies well below.
STRAPS = Chain(
    corners=(
        Corner("neck", u=(0.72, 0.2), v=(0.01, 0.04), turn=(85, 35)),
        Corner("shoulder", u=(0.78, 0.2), v=(0.01, 0.04), turn=(85, 35)),
        Corner("armpit", u=(0.98, 0.13), v=(0.33, 0.1), turn=(25, 18), slope=(85, 22)),
        _HEM,
    ),
    edges=(
        Edge(direction=(10, 30), length=(0.06, 0.06), bend=0.03),
        Edge(direction=(85, 12), length=(1.0, 0.4), bend=0.10),
        Edge(direction=(92, 8), length=(2.2, 0.8), bend=0.12),
    ),
    last=_HEM_LINE,
    first=Edge(direction=(-45, 25), length=(1.2, 0.6), bend=0.4),
)


def _as_dress(chain: Chain) -> Chain:
    """The same upper part, with a long and wide lower one; heights count in chest widths then."""
    hem = Corner("hem", u=(1.6, 0.6), v=(2.0, 0.7), turn=(80, 25), slope=(128, 25))
    side = Edge(direction=(84, 10), length=(5.0, 2.5), bend=0.4)
    last = Edge(direction=(180, 8), length=(1.6, 0.6), bend=0.10)
    upper = tuple(_wider(corner) for corner in chain.corners[:-1])
    return replace(chain, corners=(*upper, hem), edges=(*chain.edges[:-1], side), last=last)


def _wider(corner: Corner) -> Corner:
    """With more room: a dress's chest is measured less surely than a top's body."""
    (u, u_spread), (v, v_spread) = corner.u, corner.v
    return replace(corner, u=(u, 1.3 * u_spread), v=(v, 1.4 * v_spread))


SHORT_DRESS = _as_dress(SHORT)
SHORT_TOUCHING_DRESS = _as_dress(SHORT_TOUCHING)
LONG_DRESS = _as_dress(LONG)
SLEEVELESS_DRESS = _as_dress(SLEEVELESS)
CAP_DRESS = _as_dress(CAP)
STRAPS_DRESS = _as_dress(STRAPS)

# Lower garments: u in half waist widths, v in whole heights.
_WAIST = Corner("waist", u=(1.0, 0.12), v=(0.02, 0.04), turn=(78, 25), slope=(45, 30))
_WAIST_LINE = Edge(direction=(0, 7), length=(1.0, 0.15), bend=0.04)

LEGS = Chain(
    corners=(
        _WAIST,
        Corner("cuff_outer", u=(1.2, 0.5), v=(0.99, 0.04), turn=(82, 18), slope=(135, 18)),
        Corner("cuff_inner", u=(0.4, 0.35), v=(0.99, 0.04), turn=(82, 18), slope=(-138, 18)),
    ),
    edges=(
        Edge(direction=(88, 9), length=(4.0, 2.5), bend=0.2),
        Edge(direction=(180, 12), length=(0.85, 0.3), bend=0.05),
    ),
    last=Edge(direction=(-97, 10), length=(3.0, 2.5), bend=0.12),
    first=_WAIST_LINE,
)

SKIRT = Chain(
    corners=(
        _WAIST,
        Corner("hem", u=(1.45, 0.5), v=(0.97, 0.06), turn=(80, 22), slope=(130, 20)),
    ),
    edges=(Edge(direction=(80, 10), length=(3.0, 2.0), bend=0.2),),
    last=Edge(direction=(178, 10), length=(1.45, 0.5), bend=0.12),
    first=_WAIST_LINE,
)
