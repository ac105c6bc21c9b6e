"""A finished drape: the picture, its layers, and everything that led to it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.job import Light, Quality
from flixpose.structures.warp import ControlPoints, Warp


@dataclass(frozen=True, eq=False, slots=True)
class PartWarp:
    """One part of the garment and how it was laid on the person.

    Attributes:
        residual_px: (N,) distance on the person image between each control point's target and where the
            warp puts it.
        fold_ratio: share of the part's area in which the warp folds; 0 unless something is wrong.
        stretch: (smallest, largest) local stretch relative to the part's median scale.
        notes: what was changed to keep the warp free of folds, in words; empty if nothing was.
    """

    controls: ControlPoints
    warp: Warp
    model: str
    stiffness: float
    residual_px: NDArray[np.float64]
    fold_ratio: float
    stretch: tuple[float, float]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.controls.part


@dataclass(frozen=True, eq=False, slots=True)
class Composite:
    """What is drawn. All are at the person image's size; `Drape` holds them on.

    Attributes:
        picture: (H, W, 3) uint8 sRGB; outside `changed` bit-identical to the person image.
        ground: (H, W, 3) uint8: the person image after painting over, before shadow and garment.
        layer: (H, W, 4) uint8 straight RGBA: the garment before anything is laid over it, as it is lit.
        visible: the part of the garment that is seen.
        changed: 255 where `picture` may differ from the person image (garment, shadow, painted), else 0.
        painted: 255 where old clothes were painted over, or taken out of the hair before the garment; else 0.
        old_garment: the old clothes that still show beside the garment.
        shadow: the share of light that the garment's shadow takes, 255 = all.
        person_mask: the person, without what was painted with background.
        guessed: of `painted`, pixels that lie far from what they were painted with.
    """

    picture: NDArray[np.uint8]
    ground: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    visible: Mask
    changed: Mask
    painted: Mask
    old_garment: Mask
    shadow: Mask
    person_mask: Mask
    guessed: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Drape:
    """The product draped on the person.

    Attributes:
        picture: (H, W, 3) uint8 sRGB at the person image's size; outside `changed` bit-identical to it.
        garment_layer: (H, W, 4) uint8 straight RGBA: the warped garment before anything is laid over it.
        visible: the part of the garment that is seen.
        person_mask: the person on the whole photo.
        changed: 255 where `picture` may differ from the person image (garment, shadow, painted), else 0.
        ground, painted, old_garment, shadow, guessed: as in `Composite`.
        light: how the garment is lit: "scene" as the person image is, "exact" as the product photo is.
        beside: the drapes of the other garments worn with it, in the order in which they were laid on;
            `picture` and all masks but `visible` are of all of them together.
        models: every model that took part; the one of the keypoints first, then the garment's.
        others: further people in the person image, less prominent.
        milliseconds: per stage.
    """

    person: Image
    product: Image
    pose: Pose
    others: tuple[Pose, ...]
    garment: Garment
    parts: tuple[PartWarp, ...]
    picture: NDArray[np.uint8]
    ground: NDArray[np.uint8]
    garment_layer: NDArray[np.uint8]
    visible: Mask
    person_mask: Mask
    changed: Mask
    painted: Mask
    old_garment: Mask
    shadow: Mask
    light: Light
    quality: Quality
    models: tuple[ModelInfo, ...]
    milliseconds: Mapping[str, float]
    beside: tuple["Drape", ...] = ()
    guessed: float = 0.0
