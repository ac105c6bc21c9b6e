"""The net looks at a photo: at the whole, to find the garment, then closely at it and its mirror image."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from flixpose.errors import WeightsDamaged
from flixpose.garment.net import Answers, GarmentNet, Shape, folded
from flixpose.garment.net_codec import Square, cut, decode, square_around, to_tensor
from flixpose.garment.shared_points import MIRROR
from flixpose.structures.image import Box, Image

SIDE = 224
FILL = 0.86  # of the square that the garment's longer side takes, as in training
_PAPER = 238  # what shows through a transparent photo, grey level
_LEAST_MASK = 0.5
_SMALLEST = 0.05  # of the photo's longer side: less is no garment to look closely at

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """What the net saw in one photo. Points are rows of `shared_points.POINTS`, named as seen.

    Attributes:
        xy: (points, 2) float32, pixels of the photo. mass: (points,) how sure each map is of its spot.
        visibility: (points, 3) probabilities of absent, occluded, visible.
        kinds: (13,) probabilities. back, whole: probabilities.
        region: (S/2, S/2) probability of garment over `square`.
    """

    xy: Plane
    mass: Plane
    visibility: Plane
    kinds: Plane
    back: float
    whole: float
    region: Plane
    square: Square


class GarmentEyes:
    """A loaded net, on the CPU."""

    def __init__(self, net: GarmentNet) -> None:
        self._net = folded(net).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def look(self, image: Image) -> Sight:
        """Find the garment in the whole photo, then read it closely."""
        pixels = on_paper(image)
        whole = square_around(Box(0, 0, image.width, image.height), SIDE, 1.0)
        return self.look_at(pixels, self._find(pixels, whole))

    def look_at(self, pixels: NDArray[np.uint8], box: Box) -> Sight:
        """Read the garment in a box of an opaque (H, W, 3) photo."""
        square = square_around(box, SIDE, FILL)
        picture = cut(pixels, square)
        answers = self._ask([picture, picture[:, ::-1]])
        heat = (answers.heat[0] + answers.heat[1][list(MIRROR)].flip(-1)) / 2
        places, mass = decode(heat[None])
        seen = answers.visibility.softmax(dim=-1)
        return Sight(
            xy=square.to_photo(places[0].numpy()),
            mass=mass[0].numpy(),
            visibility=((seen[0] + seen[1][list(MIRROR)]) / 2).numpy(),
            kinds=answers.kind.softmax(dim=-1).mean(dim=0).numpy(),
            back=float(answers.view.sigmoid().mean()),
            whole=float(answers.whole.sigmoid().mean()),
            region=_region(answers.mask),
            square=square,
        )

    def _find(self, pixels: NDArray[np.uint8], square: Square) -> Box:
        region = self._ask([cut(pixels, square)]).mask[0].sigmoid().numpy()
        box = box_in(region, square)
        whole = Box(0, 0, pixels.shape[1], pixels.shape[0])
        return whole if box is None or box.longer_side < _SMALLEST * whole.longer_side else box

    def _ask(self, pictures: list[NDArray[np.uint8]]) -> Answers:
        with torch.inference_mode():
            answers: Answers = self._net(to_tensor(pictures))
        return answers


def _region(mask: Tensor) -> Plane:
    p = mask.sigmoid()
    return ((p[0] + p[1].flip(-1)) / 2).numpy()


def box_in(region: Plane, square: Square) -> Box | None:
    """Around the region's likely part, in pixels of the photo; None where there is none."""
    likely = region > _LEAST_MASK
    rows, columns = np.flatnonzero(likely.any(axis=1)), np.flatnonzero(likely.any(axis=0))
    if not len(rows):
        return None
    cell = square.side / region.shape[0]
    corners = np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]]) * cell
    (x0, y0), (x1, y1) = square.to_photo(corners)
    return Box(float(x0), float(y0), float(x1), float(y1))


def on_paper(image: Image) -> NDArray[np.uint8]:
    """(H, W, 3): the photo, transparent parts on light grey."""
    if image.alpha is None:
        return image.pixels
    share = image.alpha[..., None].astype(np.float32) / 255
    return np.rint(image.pixels * share + _PAPER * (1 - share)).astype(np.uint8)


def load_net(path: Path) -> tuple[GarmentNet, dict[str, str]]:
    """The net in a safetensors file and the file's metadata. Raises WeightsDamaged."""
    try:
        with safe_open(path, "pt") as file:
            facts = dict(file.metadata())
            values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        net = GarmentNet(Shape.from_json(json.loads(facts["shape"])))
        net.load_state_dict(values)  # halves become floats on the way
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as failure:
        raise WeightsDamaged(f"{path} holds no garment net: {failure}.", subject=str(path)) from failure
    return net, facts
