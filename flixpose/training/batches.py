"""From drawn samples to a batch: placed, flipped and photographed anew, each step by its own dice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flixpose.garment.net import MASK_STRIDE
from flixpose.garment.shared_points import MIRROR
from flixpose.training.look import rephotograph
from flixpose.training.samples import Samples

_CUT, _TWO, _NONE = 0.08, 0.04, 0.04  # shares of pictures that show no one whole garment
_CROPPED = 0.6  # of the cut ones end with their photo, whose edge is drawn out; the others with the square
_SMALLEST, _LARGEST = 0.62, 0.97  # longer side of the garment, share of the picture's
_TURN_DEG = 5.0
_STRETCH = 0.06
_STRAY = 0.4  # share of the free room that the garment's centre may leave the middle by
_SPREAD_BORDER = 0.8  # share of pictures whose border continues the photo's edge; else one colour

Rng = np.random.Generator


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """One picture of side S: image (S, S, 3) uint8, mask (S, S) uint8, points as in `Samples`.

    masked: the mask is the garment's; else only the box that it lies in.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    points: NDArray[np.float32]
    kind: int
    back: bool
    whole: bool
    masked: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """B examples: pictures (B, 3, S, S) float32 in [0, 1], masks (B, S/2, S/2), xy (B, points, 2) in pixels,
    visibility (B, points) 0 absent, 1 occluded, 2 visible, -1 unknown; whole (B,) 1 = one whole garment;
    masked (B,) 1 = its mask is known."""

    pictures: Tensor
    masks: Tensor
    xy: Tensor
    visibility: Tensor
    kind: Tensor
    back: Tensor
    whole: Tensor
    masked: Tensor

    def to(self, device: torch.device) -> "Batch":
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return replace(self, **moved)


@dataclass(frozen=True, eq=False, slots=True)
class Photos:
    """Photos that are at hand, to be mixed into drawn ones: real ones, or those of simulated scenes.

    Attributes:
        masked: (N,) bool; where a mask is not known, `samples` has the garment's box instead.
        share: of the pictures of a batch that are made from them, 0 to 1.
        digest: of the annotations that they were read from, hex.
        simulated: they come from the simulated studio; else they are real.
    """

    samples: Samples
    masked: NDArray[np.bool_]
    share: float
    digest: str
    simulated: bool = False


def mixed_batch(
    window: Sequence[Samples], *, count: int, side: int, seed: tuple[int, int], photos: Photos | None = None
) -> Batch:
    """`count` examples from anywhere in the window and the photos; the same seed gives the same batch."""
    rng = np.random.default_rng(seed)

    def pick() -> Example:
        if photos is not None and rng.random() < photos.share:
            row = int(rng.integers(len(photos.samples)))
            return replace(_from(photos.samples, row), masked=bool(photos.masked[row]))
        samples = window[int(rng.integers(len(window)))]
        return _from(samples, int(rng.integers(len(samples))))

    return stack([_example(pick, side, rng) for _ in range(count)])


def plain_batch(samples: Samples, rows: Sequence[int], side: int) -> Batch:
    """The samples as they are, the garment's box in the middle at an ordinary size."""
    examples = []
    for row in rows:
        example = _from(samples, row)
        examples.append(
            _moved(example, _placing(example, side, 0.86, 0.0, (1.0, 1.0), (0.5, 0.5)), side, None)
        )
    return stack(examples)


def stack(examples: Sequence[Example]) -> Batch:
    points = torch.from_numpy(np.stack([example.points for example in examples]))
    images = torch.from_numpy(np.stack([example.image for example in examples]))
    masks = np.stack([_shrunk(example.mask) for example in examples]).astype(np.float32) / 255
    return Batch(
        images.permute(0, 3, 1, 2).float() / 255,  # channels stay last in memory
        torch.from_numpy(masks),
        points[..., :2].contiguous(),
        points[..., 2].long(),
        torch.tensor([example.kind for example in examples]),
        torch.tensor([float(example.back) for example in examples]),
        torch.tensor([float(example.whole) for example in examples]),
        torch.tensor([float(example.masked) for example in examples]),
    )


def _shrunk(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (mask.shape[1] // MASK_STRIDE, mask.shape[0] // MASK_STRIDE)
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)


def _example(pick: Callable[[], Example], side: int, rng: Rng) -> Example:
    fate = rng.random()
    example = _placed(pick(), side, rng, cut=fate < _CUT)
    if _CUT <= fate < _CUT + _TWO:
        example = _two(example, _placed(pick(), side, rng, cut=False))
    elif _CUT + _TWO <= fate < _CUT + _TWO + _NONE:
        example = _nothing(example, rng)
    return replace(example, image=rephotograph(example.image, rng))


def _placed(example: Example, side: int, rng: Rng, *, cut: bool) -> Example:
    if rng.random() < 0.5:
        example = flipped(example)
    cropped = cut and rng.random() < _CROPPED
    if cropped:
        example = _crop(example, rng)
    fill = rng.uniform(_SMALLEST, _LARGEST)
    turn = float(np.clip(rng.normal(0, _TURN_DEG), -12, 12))
    stretch = np.exp(rng.normal(0, _STRETCH, 2) / 2)
    middle = 0.5 + rng.uniform(-_STRAY, _STRAY, 2) * (1 - fill)
    if cut and not cropped:
        middle = 0.5 + rng.choice([-1, 1], 2) * rng.permutation([rng.uniform(0.35, 0.6), rng.uniform(0, 0.1)])
    border = None if cropped or rng.random() < _SPREAD_BORDER else rng.integers(0, 256, 3)
    placing = _placing(example, side, fill, turn, (float(stretch[0]), float(stretch[1])), tuple(middle))
    return replace(_moved(example, placing, side, border), whole=not cut)


def _crop(example: Example, rng: Rng) -> Example:
    """The photo with one side cut away, a fifth to two thirds of the garment with it."""
    points = example.points.copy()
    along = int(rng.integers(2))  # 0: columns, 1: rows
    inside = np.flatnonzero((example.mask > 127).any(axis=along))
    if not len(inside):
        return example
    share = rng.uniform(0.2, 0.67)
    low, high = int(inside[0]), int(inside[-1])
    if rng.random() < 0.5:
        keep = slice(0, max(int(high - share * (high - low)), 8))
    else:
        keep = slice(min(int(low + share * (high - low)), example.image.shape[1 - along] - 8), None)
        points[:, along] -= keep.start
    rows, columns = (slice(None), keep) if along == 0 else (keep, slice(None))
    return replace(
        example,
        image=np.ascontiguousarray(example.image[rows, columns]),
        mask=np.ascontiguousarray(example.mask[rows, columns]),
        points=points,
    )


def _from(samples: Samples, row: int) -> Example:
    return Example(
        samples.images[row],
        samples.masks[row],
        samples.points[row],
        int(samples.kinds[row]),
        bool(samples.backs[row]),
        True,
    )


def flipped(example: Example) -> Example:
    """The mirror image; points change sides with it."""
    points = example.points[list(MIRROR)].copy()
    points[:, 0] = example.image.shape[1] - points[:, 0]
    return replace(
        example,
        image=np.ascontiguousarray(example.image[:, ::-1]),
        mask=np.ascontiguousarray(example.mask[:, ::-1]),
        points=points,
    )


def _placing(
    example: Example,
    side: int,
    fill: float,
    turn: float,
    stretch: tuple[float, float],
    middle: tuple[float, ...],
) -> NDArray[np.float64]:
    """(2, 3) map from the sample's pixels to the picture's, both in the house's frame."""
    rows, columns = np.flatnonzero(example.mask.any(axis=1)), np.flatnonzero(example.mask.any(axis=0))
    if not len(rows):
        rows = columns = np.array([0, example.mask.shape[0] - 1])
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
    scale = fill * side / max(box[2] - box[0], box[3] - box[1])
    angle = np.deg2rad(turn)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * linear @ np.diag(stretch)
    target = np.array(middle) * side
    return np.column_stack([linear, target - linear @ ((box[:2] + box[2:]) / 2)])


def _moved(
    example: Example, placing: NDArray[np.float64], side: int, border: NDArray[np.int64] | None
) -> Example:
    half = np.full(2, 0.5)
    shifted = np.column_stack([placing[:, :2], placing[:, :2] @ half + placing[:, 2] - half])
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    colour = (0, 0, 0) if border is None else tuple(int(v) for v in border)
    image = cv2.warpAffine(
        _softened(example.image, placing), shifted, (side, side), borderMode=mode, borderValue=colour
    )
    mask = cv2.warpAffine(example.mask, shifted, (side, side), flags=cv2.INTER_LINEAR)
    points = example.points.copy()
    points[:, :2] = points[:, :2] @ placing[:, :2].T + placing[:, 2]
    outside = ((points[:, :2] < 0) | (points[:, :2] >= side)).any(axis=1)
    points[outside & (points[:, 2] > 0), 2] = 0
    return replace(example, image=np.asarray(image), mask=np.asarray(mask), points=points.astype(np.float32))


def _softened(image: NDArray[np.uint8], placing: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Blurred by as much as the placing shrinks it, so that nothing aliases."""
    shrink = float(np.sqrt(abs(np.linalg.det(placing[:, :2]))))
    if shrink > 0.75:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / shrink), np.uint8)


def _two(one: Example, other: Example) -> Example:
    """Two garments side by side, each squeezed into its half."""
    size = (one.image.shape[1] // 2, one.image.shape[0])
    image = np.hstack([cv2.resize(e.image, size, interpolation=cv2.INTER_AREA) for e in (one, other)])
    mask = np.hstack([cv2.resize(e.mask, size, interpolation=cv2.INTER_AREA) for e in (one, other)])
    return replace(
        one,
        image=image,
        mask=mask,
        points=np.zeros_like(one.points),
        whole=False,
        masked=one.masked and other.masked,
    )


def _nothing(example: Example, rng: Rng) -> Example:
    """No garment: a scrap of the picture, spread and blurred, or one colour."""
    side = example.image.shape[0]
    reach = int(rng.integers(4, side // 3))
    top, left = rng.integers(0, side - reach, 2)
    scrap = example.image[top : top + reach, left : left + reach]
    image = np.asarray(cv2.resize(scrap, (side, side), interpolation=cv2.INTER_LINEAR))
    if rng.random() < 0.5:
        image = np.broadcast_to(image.mean(axis=(0, 1)), image.shape)
    empty = np.zeros_like(example.mask)
    return replace(
        example,
        image=image.astype(np.uint8),
        mask=empty,
        points=np.zeros_like(example.points),
        whole=False,
        masked=True,
    )
