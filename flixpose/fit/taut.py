"""Cloth over the hollows of a limb."""

import numpy as np
from numpy.typing import NDArray


def bridged(
    outward: NDArray[np.float64], end: float, distances: NDArray[np.float64], most: float
) -> NDArray[np.float64]:
    """Cloth lies taut over hollows of the outline (below the shoulder's muscle), `most` pixels deep.

    Args:
        outward: (K,) pixels from the limb's middle at (K,) distances from the seam.
        end: how far from the seam the cloth is taut, pixels.
    """
    hull: list[int] = []
    for row in np.flatnonzero(distances <= end):
        while len(hull) > 1 and _turns_in(outward, distances, hull[-2], hull[-1], int(row)):
            hull.pop()
        hull.append(int(row))
    taut = np.interp(distances, distances[hull], outward[hull])
    return np.where(distances <= end, np.clip(taut, outward, outward + most), outward)


def _turns_in(
    outward: NDArray[np.float64], distances: NDArray[np.float64], one: int, two: int, three: int
) -> bool:
    """Whether the middle one of three places lies in the hollow between the others."""
    share = (distances[two] - distances[one]) / (distances[three] - distances[one])
    return bool(outward[two] <= outward[one] + share * (outward[three] - outward[one]))
