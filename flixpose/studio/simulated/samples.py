"""Simulated product photos as samples for the garment net, in the shape of the drawn studio's."""

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import MissingInput
from flixpose.garment.kinds import KINDS
from flixpose.studio.garments.sample import Sample
from flixpose.studio.simulated.passes import garment_mask

_DISPLAYS = {"product": "mannequin", "ghost": "ghost"}


def scene_samples(folder: Path) -> list[tuple[Path, str]]:
    """(scene's folder, picture) of every product and ghost photo below `folder`, in order.

    Raises:
        MissingInput: there is no finished scene.
    """
    found = [(path.parent, picture) for path in sorted(folder.glob("*/scene.json")) for picture in _DISPLAYS]
    if not found:
        raise MissingInput(
            f"{folder} holds no scene.",
            subject=str(folder),
            advice="Make some: python -m flixpose.studio.scenes --products-only --out DIR.",
        )
    return found


def read_sample(scene: Path, picture: str) -> Sample:
    """A scene's "product" or "ghost" photo with the garment's mask and landmarks."""
    told = json.loads((scene / "scene.json").read_text(encoding="utf-8"))
    pixels = cv2.imread(str(scene / f"{picture}.png"))
    if pixels is None:
        raise MissingInput(f"{scene / picture}.png is missing or no picture.", subject=str(scene))
    names = set(KINDS[told["kind"]].names)
    marks = {n: (x, y, int(v)) for n, (x, y, v) in told["landmarks"][picture].items() if n in names}
    mask = garment_mask(scene / f"{picture}_parts.png")
    image = np.ascontiguousarray(pixels[..., ::-1], np.uint8)
    return Sample(image, mask, told["kind"], told.get("view", "front"), _DISPLAYS[picture], marks)


def placed(sample: Sample, frame: NDArray[np.float64], size: tuple[int, int]) -> Sample:
    """A sample moved into a picture of `size` = (width, height).

    frame: (2, 3) affine map from the photo's pixels (first pixel's centre 0.5) to the picture's.
    """
    by_index = frame.copy()
    by_index[:, 2] += frame[:, :2] @ (0.5, 0.5) - 0.5
    softness = max(0.0, 0.4 * (1 / frame[0, 0] - 1))

    def warped(picture: NDArray[np.uint8], border: int) -> NDArray[np.uint8]:
        soft = cv2.GaussianBlur(picture, (0, 0), softness) if softness > 0.2 else picture
        return np.asarray(cv2.warpAffine(soft, by_index, size, borderMode=border), np.uint8)

    image, mask = warped(sample.image, cv2.BORDER_REPLICATE), warped(sample.mask, cv2.BORDER_CONSTANT)
    marks = {
        name: (float(frame[0] @ (x, y, 1)), float(frame[1] @ (x, y, 1)), visibility)
        for name, (x, y, visibility) in sample.landmarks.items()
    }
    return Sample(image, mask, sample.kind, sample.view, sample.display, marks)
