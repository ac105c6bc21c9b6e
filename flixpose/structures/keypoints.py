"""Skeletons and the points found for them, on bodies (keypoints) and on garments (landmarks)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Skeleton:
    """Named points, the edges between them, and their mirror pairs; all by name.

    Attributes:
        name: such as "blazepose_33", "coco_17", "short_sleeve_top".
        names: the N point names in order. Left and right are the wearer's.
        edges: pairs of names to draw as lines.
        mirror: (left name, right name) pairs that a horizontal flip exchanges.
        sigmas: per name, COCO's OKS constant; empty where none is defined.
    """

    name: str
    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    mirror: tuple[tuple[str, str], ...] = ()
    sigmas: Mapping[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Name → row."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def content(self) -> tuple[object, ...]:
        """All of it, to be compared and hashed."""
        return self.name, self.names, self.edges, self.mirror, tuple(self.sigmas.items())


@dataclass(frozen=True, eq=False)
class Keypoints:
    """The points of one body or garment.

    Attributes:
        skeleton: N names.
        xy: (N, 2) float32, pixels of the photo, house's frame; NaN for a point that is not there.
        scores: (N,) float32 in [0, 1]; 0 for a point that is not there.
    """

    skeleton: Skeleton
    xy: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """(2,) xy of the named point; KeyError for a name outside the skeleton."""
        return self.xy[self.skeleton.index[name]]

    def score(self, name: str) -> float:
        return float(self.scores[self.skeleton.index[name]])

    def has(self, name: str, min_score: float = 0.0) -> bool:
        """Whether the point is in the skeleton, was found, and scores at least `min_score`."""
        row = self.skeleton.index.get(name)
        if row is None:
            return False
        x, y = self.xy[row]
        return isfinite(x) and isfinite(y) and bool(self.scores[row] >= min_score)

    @property
    def present(self) -> tuple[str, ...]:
        """Names of the points that were found, in the skeleton's order."""
        return tuple(name for name in self.skeleton.names if self.has(name))

    def to_json(self) -> list[dict[str, float | str]]:
        """[{"name", "x", "y", "score"}] of the points that are there."""
        return [
            {
                "name": name,
                "x": round(float(self[name][0]), 3),
                "y": round(float(self[name][1]), 3),
                "score": round(self.score(name), 4),
            }
            for name in self.present
        ]

    @classmethod
    def from_points(cls, skeleton: Skeleton, points: Mapping[str, tuple[float, float, float]]) -> "Keypoints":
        """From name → (x, y, score); names that are not given are absent. KeyError for an unknown name."""
        xy = np.full((len(skeleton), 2), np.nan, dtype=np.float32)
        scores = np.zeros(len(skeleton), dtype=np.float32)
        for name, (x, y, score) in points.items():
            xy[skeleton.index[name]] = x, y
            scores[skeleton.index[name]] = score
        return cls(skeleton, xy, scores)
