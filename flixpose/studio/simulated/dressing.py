"""A garment put on: it falls into place on its mannequin, which then becomes the person."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.body import Figure, figure
from flixpose.studio.simulated.carry import carrier
from flixpose.studio.simulated.cloth import fall, threads
from flixpose.studio.simulated.layers import Layers
from flixpose.studio.simulated.pattern import LOWER
from flixpose.studio.simulated.refine import loop
from flixpose.studio.simulated.scene import MANNEQUIN_STANCE, Scene, between_builds, between_stances
from flixpose.studio.simulated.sewing import FITTING, Sewn, sew
from flixpose.studio.solid import Array, Part

# metres outside the clay at which cloth rests: on skin, over a base layer's lower half, over its top
_KEEP, _KEEP_LOWER, _KEEP_OVER = 0.008, 0.011, 0.014


@dataclass(frozen=True, eq=False)
class Fallen:
    """A garment as it hangs: (V, 3) metres on the mannequin and, where it was worn, on the person."""

    sewn: Sewn
    product: Array
    worn: Array | None

    @cached_property
    def finer(self) -> tuple[Any, NDArray[np.int64]]:
        """The matrix and the faces of the cloth's finer mesh; its first points are the sewn ones."""
        return loop(self.sewn.faces, len(self.sewn.points))

    def fine(self, points: Array) -> Array:
        """(W, 3) any state of the cloth on the finer mesh."""
        return np.asarray(self.finer[0] @ points)

    def save(self, path: Path) -> None:
        """Keep the cloth's points as sewn, on the mannequin and as worn, and its triangles."""
        states = {"sewn": self.sewn.points, "product": self.product, "worn": self.worn}
        kept = {name: points.astype(np.float32) for name, points in states.items() if points is not None}
        np.savez_compressed(path, allow_pickle=False, faces=self.sewn.faces.astype(np.int32), **kept)

    @cached_property
    def part(self) -> NDArray[np.uint8]:
        """(W,) of the finer mesh's points."""
        return np.rint(self.finer[0] @ self.sewn.part.astype(float)).astype(np.uint8)


def dress(s: Scene, *, quick: bool = False, worn: bool = True) -> Fallen:
    """Sew the garment on the mannequin, let it fall there, then move the mannequin into the person.

    Args:
        quick: few frames, for tests. worn: also dress the person.
    """
    sewn = sew(s.pattern, s.mannequin)
    web = threads(sewn.points, sewn.faces)
    layers = Layers(sewn.points, sewn.faces, sewn.part) if s.layered else None
    lower = s.pattern.kind in LOWER
    keep = _KEEP_LOWER if lower else _KEEP_OVER if s.open else _KEEP
    fitting = figure(s.mannequin, FITTING)

    @lru_cache(4)
    def lowering(t: float) -> Figure:
        return figure(s.mannequin, between_stances(FITTING, MANNEQUIN_STANCE, t))

    @lru_cache(4)
    def becoming(t: float) -> Figure:
        build = between_builds(s.mannequin, s.look.build, t)
        return figure(build, between_stances(MANNEQUIN_STANCE, s.look.stance, t))

    def drop(points: Array, pose: Callable[[float], Figure], frames: int, settle: int) -> Array:
        return fall(
            points,
            web,
            lambda t: _clay(pose(t), lower),
            frames=frames,
            settle=settle,
            thickness=keep,
            carry=carrier(sewn, fitting, pose),
            band=_band(sewn, s.pattern.kind),
            layers=layers,
        )

    frames, settle = (6, 2) if quick else (30, 22)
    product = drop(sewn.points, lowering, frames, settle)
    return Fallen(sewn, product, drop(product, becoming, frames + 12, settle) if worn else None)


def _band(sewn: Sewn, kind: str) -> NDArray[np.int64] | None:
    """What elastic holds up: a waistband; the upper edge of a garment on thin straps, which would give."""
    held = "waist" if kind in LOWER else ("neck", "armhole") if kind.startswith("sling") else ()
    edges = [edge for name, edge in sewn.rims.items() if name.startswith(held)]
    return np.concatenate(edges) if edges else None


def _clay(body: Figure, lower: bool) -> tuple[Part, ...]:
    return body.torso + body.legs + body.hands + (() if lower else body.arms)
