"""The pipeline on drawn people and garments: eyes that say what was drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose import bootstrap
from flixpose.fit.layout import Plan
from flixpose.pipeline import Tools, drape
from flixpose.settings import load_settings
from flixpose.stages.plan_targets import plan_targets
from flixpose.structures.drape import Drape, Light
from flixpose.structures.found import Garment, ModelInfo, Pose, View
from flixpose.structures.image import Image
from tests.fit.figures import CLOTH, MODEL, make_garment, paint_person

UNIT, PLACE, SIZE = 100.0, (213.0, 154.0), (426, 640)  # shoulder width, its middle, and the photo; pixels
_POSES = replace(MODEL, name="known poses", task="person keypoints")
_GARMENTS = replace(MODEL, name="known garment", task="garment landmarks")


@dataclass(frozen=True)
class KnownPoses:
    """A `PoseEstimator` that knows who is in the photo."""

    people: tuple[Pose, ...]
    model: ModelInfo = _POSES

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (self.model,)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        return [self.people for _ in images]


@dataclass(frozen=True)
class KnownGarment:
    """A `GarmentReader` that knows what is in the photo."""

    garment: Garment
    model: ModelInfo = _GARMENTS

    def __call__(self, image: Image, **told: Any) -> Garment:
        return self.garment


@dataclass(frozen=True)
class KnownGarments:
    """A `GarmentReader` that knows each photo by its hash."""

    garments: Mapping[str, Garment]
    model: ModelInfo = _GARMENTS

    def __call__(self, image: Image, **told: Any) -> Garment:
        return self.garments[image.sha256]


@cache
def real_tools(store: str) -> Tools:
    return bootstrap.build(load_settings(), store_url=store)


def tools_for(people: tuple[Pose, ...], garment: Garment, store: Path = Path("/nowhere")) -> Tools:
    return replace(real_tools(store.as_uri()), poses=KnownPoses(people), garments=KnownGarment(garment))


@dataclass(frozen=True, eq=False)
class Scene:
    """A drawn person, her labels (see `paint_person`), and a drape on her."""

    person: Image
    pose: Pose
    labels: NDArray[np.uint8]
    product: Image
    garment: Garment
    drape: Drape

    @cached_property
    def plan(self) -> Plan:
        rigs = real_tools("file:///nowhere").rigs
        return plan_targets(self.person, self.product, self.pose, self.garment, rigs)


def small_person(arms: str, **other: Any) -> tuple[Image, Pose, NDArray[np.uint8]]:
    """`paint_person` at this module's size: small, since every pixel costs."""
    return paint_person(arms, **{"unit": UNIT, "at": PLACE, "size": SIZE, **other})


@cache
def scene(
    kind: str,
    arms: str = "spread",
    *,
    at: tuple[float, float] = PLACE,
    view: View = "front",
    flat: bool = True,
    light: Light = "scene",
) -> Scene:
    """`flat`: the whole garment in one colour, its inside too."""
    person, pose, labels = small_person(arms, at=at, view=view)
    product, garment = make_garment(kind, unit=170.0, view=view, **({"inside": CLOTH} if flat else {}))
    draped = drape(person, product, tools_for((pose,), garment), light=light)
    return Scene(person, pose, labels, product, garment, draped)
