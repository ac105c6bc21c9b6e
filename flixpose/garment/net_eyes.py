"""The net looks at photos: at each whole, to find the garment, then closely at it and its mirror image."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
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

_SIDE = 224  # of the square that a net reads, where its weights do not say
_FIND_SIDE = 256  # is enough to find a garment in the whole photo; on less a second one may be missed
FILL = 0.86  # of the square that the garment's longer side takes, as in training
_PAPER = 238  # what shows through a transparent photo, grey level
_LEAST_MASK = 0.5
_WHOLE = 0.5  # likelier than not one whole garment
_CLOSED = 5  # cells of the mask: narrower gaps do not part two garments
_OTHER, _MOST = 0.4, 3  # of the largest piece's area: a garment of its own; so many are looked at
_ALIKE, _AS_LARGE = 0.7, 0.85  # common share of colours, and of sizes, of two views of one garment
_AS_LIKELY = 0.75  # to be a front as the likeliest one is
_SMALLEST = 0.05  # of the photo's longer side: less is no garment to look closely at

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """What the net saw in one photo. Points are rows of `shared_points.POINTS`, named as seen.

    Attributes:
        xy: (points, 2) float32, pixels of the photo. mass: (points,) how sure each map is of its spot.
        maps: (points, S/4, S/4) probabilities over `square`.
        visibility: (points, 3) probabilities of absent, occluded, visible.
        kinds: (13,) probabilities. back, whole: probabilities.
        region: (S/2, S/2) probability of garment over `square`.
        colours: (64,) shares of the colours in the region.
        alone: whether no other whole garment of about its size is in the photo.
        views: how many views of this one garment the photo shows; this is the likeliest front.
    """

    xy: Plane
    mass: Plane
    maps: Plane
    visibility: Plane
    kinds: Plane
    back: float
    whole: float
    region: Plane
    square: Square
    colours: Plane
    alone: bool = True
    views: int = 1


class GarmentEyes:
    """A loaded net, on a device of torch's. `side`: pixels of the squares that it was trained on.

    Where the processor multiplies bfloat16 (half the time), the net's inner layers use it, as in training:
    answers may then differ by some hundredths of a per cent of the garment's side from another machine's.
    `half` says whether to; None: where the processor can.
    """

    def __init__(
        self, net: GarmentNet, device: str = "cpu", side: int = _SIDE, half: bool | None = None
    ) -> None:
        self._side = side
        self._device = torch.device(device)
        self._half = _multiplies_halves(self._device) if half is None else half
        # Rounded once: autocast would round the same weights anew for every photo.
        weight = torch.bfloat16 if self._half else torch.float32
        self._net = folded(net).to(self._device, weight, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def look(self, image: Image) -> Sight:
        """Find the garment in the whole photo, then read it closely; of several the likeliest front."""
        return self.look_all([image])[0]

    def look_all(self, images: Sequence[Image]) -> list[Sight]:
        """The same for several photos, which share two passes of the net.

        Who shares a pass changes an answer's last digits (1e-5 of a logit): sums are taken in another order.
        """
        photos = [on_paper(image) for image in images]
        found = self._find(photos)
        close = [
            (without_others(pixels, box, boxes), box)
            for pixels, boxes in zip(photos, found, strict=True)
            for box in boxes
        ]
        sights = iter(self._look_at(close))
        return [_likeliest_front([next(sights) for _ in boxes]) for boxes in found]

    def _look_at(self, places: Sequence[tuple[NDArray[np.uint8], Box]]) -> list[Sight]:
        """Read the garment in a box of an opaque (H, W, 3) photo, for each."""
        squares = [square_around(box, self._side, FILL) for _, box in places]
        pictures = [cut(pixels, square) for (pixels, _), square in zip(places, squares, strict=True)]
        answers = self._ask([side for picture in pictures for side in (picture, picture[:, ::-1])])
        return [
            _sight(Answers(*(part[2 * n : 2 * n + 2] for part in answers)), square, pictures[n])
            for n, square in enumerate(squares)
        ]

    def _find(self, photos: Sequence[NDArray[np.uint8]]) -> list[list[Box]]:
        """Per photo around each garment of about the size of the largest; the whole where there is none."""
        wholes = [Box(0, 0, pixels.shape[1], pixels.shape[0]) for pixels in photos]
        side = min(self._side, _FIND_SIDE)
        squares = [square_around(whole, side, 1.0) for whole in wholes]
        masks = self._ask([cut(*pair) for pair in zip(photos, squares, strict=True)]).mask.sigmoid().numpy()
        found = []
        for whole, square, mask in zip(wholes, squares, masks, strict=True):
            boxes = [box_in(piece, square) for piece in large_pieces(mask > _LEAST_MASK)]
            found.append([box for box in boxes if box.longer_side > _SMALLEST * whole.longer_side] or [whole])
        return found

    def _ask(self, pictures: list[NDArray[np.uint8]]) -> Answers:
        half = torch.autocast(self._device.type, torch.bfloat16, enabled=self._half)
        with torch.inference_mode(), half:
            answers: Answers = self._net(to_tensor(pictures).to(self._device))
        return Answers(*(part.cpu() for part in answers))


def _multiplies_halves(device: torch.device) -> bool:
    """Whether bfloat16 is this device's own arithmetic; elsewhere it is imitated, and slow."""
    if device.type == "cpu":
        abilities = torch.cpu.get_capabilities()
        return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _likeliest_front(sights: Sequence[Sight]) -> Sight:
    """Of the garments in a photo the one to read; the first where several may be the front."""
    best = max(sights, key=lambda sight: sight.whole * (1 - sight.back))
    whole = [sight for sight in sights if sight.whole > _WHOLE]
    views = [sight for sight in sights if sight is best or _same_garment(sight, best)]
    others = [sight for sight in whole if all(sight is not view for view in views)]
    least = min(_WHOLE, best.whole)
    facing = [view for view in views if view.whole >= least and 1 - view.back > _AS_LIKELY * (1 - best.back)]
    first = min(facing, key=lambda view: view.square.x0)
    return replace(first, alone=not others, views=len(views))


def _same_garment(one: Sight, other: Sight) -> bool:
    """Whether two garments in a photo are one, seen twice: of the same colours and about as large."""
    alike = float(np.minimum(one.colours, other.colours).sum())
    sizes = sorted((one.square.scale, other.square.scale))
    return alike > _ALIKE and sizes[0] > _AS_LARGE * sizes[1]


def _colours(picture: NDArray[np.uint8], region: Plane) -> Plane:
    """(64,) shares of 4 × 4 × 4 colours where the garment is."""
    small = cv2.resize(picture, region.shape[::-1], interpolation=cv2.INTER_AREA)
    bins = (small >> 6).astype(np.int32) @ np.array([16, 4, 1], np.int32)
    counts = np.bincount(bins[region > _LEAST_MASK], minlength=64)
    return (counts / max(int(counts.sum()), 1)).astype(np.float32)


def _sight(answers: Answers, square: Square, picture: NDArray[np.uint8]) -> Sight:
    """From the answers about a picture and its mirror image."""
    heat = (answers.heat[0] + answers.heat[1][list(MIRROR)].flip(-1)) / 2
    places, mass = decode(heat[None])
    seen = answers.visibility.softmax(dim=-1)
    region = _region(answers.mask)
    return Sight(
        xy=square.to_photo(places[0].numpy()),
        mass=mass[0].numpy(),
        maps=heat.flatten(1).softmax(dim=-1).view(heat.shape).numpy(),
        visibility=((seen[0] + seen[1][list(MIRROR)]) / 2).numpy(),
        kinds=answers.kind.softmax(dim=-1).mean(dim=0).numpy(),
        back=float(answers.view.sigmoid().mean()),
        whole=float(answers.whole.sigmoid().mean()),
        region=region,
        square=square,
        colours=_colours(picture, region),
    )


def _region(mask: Tensor) -> Plane:
    p = mask.sigmoid()
    return ((p[0] + p[1].flip(-1)) / 2).numpy()


def large_pieces(region: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The pieces of a region that are of about the size of its largest, small gaps closed; at most 3."""
    joined = cv2.dilate(region.astype(np.uint8), np.ones((_CLOSED, _CLOSED), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    areas = np.bincount(labels[region], minlength=count)
    order = [label for label in np.argsort(-areas) if areas[label] > _OTHER * areas.max()]
    return [region & (labels == label) for label in order[:_MOST]]


def without_others(pixels: NDArray[np.uint8], box: Box, boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """The photo where nothing stands beside a box but its ground: half-way to another box it is drawn out."""
    if len(boxes) == 1:
        return pixels
    alone = pixels.copy()
    for other in boxes:
        if other.x0 >= box.x1:
            at = min(max(round((box.x1 + other.x0) / 2), 1), pixels.shape[1])
            alone[:, at:] = alone[:, at - 1 : at]
        elif other.x1 <= box.x0:
            at = min(max(round((other.x1 + box.x0) / 2), 0), pixels.shape[1] - 1)
            alone[:, :at] = alone[:, at : at + 1]
    return alone


def box_in(region: NDArray[np.bool_], square: Square) -> Box:
    """Around a region over the square, in pixels of the photo."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
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


def load_eyes(path: Path, device: str = "cpu") -> tuple[GarmentEyes, dict[str, str]]:
    """The eyes in a safetensors file and the file's metadata. Raises WeightsDamaged."""
    net, facts = load_net(path)
    side = facts.get("side", str(_SIDE))
    if not side.isdecimal() or int(side) % 32 or not int(side):
        raise WeightsDamaged(f"{path} tells no side in multiples of 32: {side}.", subject=str(path))
    return GarmentEyes(net, device, int(side)), facts


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
