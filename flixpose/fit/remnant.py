"""Remnants of old clothes that lie together, and what lies around them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.patching import Plane, Window


@dataclass(eq=False)
class Remnant:
    """Remnants that lie together.

    Attributes:
        shows: all of them. cores: numbers of those that are no slivers, 0 elsewhere.
        sources: (4, h, w) background, skin, the clothes that stay on, and for slivers alone bare arms.
        away: (4, h, w) pixels to the nearest of each.
        numbers: of the cores. areas: per number, pixels. deep: the share of it too far from all sources.
        on_skin: per number, whether it lies on neck, shoulders and chest.
        under: (h, w) what lies under the garment, seen through lace.
        hole: what is to be painted. inferred: of it, background that had no way out and became the person.
    """

    window: Window
    shows: Plane
    cores: NDArray[np.int32]
    sources: NDArray[np.bool_]
    away: NDArray[np.float32]
    numbers: NDArray[np.intp]
    areas: NDArray[np.float64]
    deep: NDArray[np.float64]
    on_skin: NDArray[np.bool_]
    under: Plane
    hole: Plane
    inferred: Plane
