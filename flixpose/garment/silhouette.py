"""A garment reader without weights: the outline against a plain background, its corners, its proportions."""

import numpy as np

from flixpose.errors import NoGarment
from flixpose.garment import kinds
from flixpose.garment.neckline import find_front_neckline
from flixpose.garment.outline import Outline, trace
from flixpose.garment.seeing import Seen, full_mask, see
from flixpose.garment.shapes import Fit, Point, agree, corner_points, fit_shapes
from flixpose.structures.found import Garment, ModelInfo, View
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

MODEL = ModelInfo(
    name="silhouette",
    version="1",
    task="garment",
    licence="Apache-2.0",
    origin="flixpose: background model and outline, no weights",
    sha256="",
)

_LEAST_OVERLAP = 0.55  # with its own mirror image: less is no single garment seen from the front
_MOST_PENALTY = 12.0  # per corner: no garment looks like this
_KIND_OF_SHAPE = {
    "short": "short_sleeve_top",
    "short_touching": "short_sleeve_top",
    "long": "long_sleeve_top",
    "hooded": "long_sleeve_top",
    "sleeveless": "vest",
    "straps": "sling",
}


class SilhouetteReader:
    """`GarmentReader` by outline: no weights, nothing to download, every rule can be read.

    Good on one garment before a plain or transparent background; it says NoGarment where there is none.
    """

    @property
    def model(self) -> ModelInfo:
        return MODEL

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """See `flixpose.ports.GarmentReader`. Raises NoGarment, UnknownKind."""
        if kind is not None:
            kinds.skeleton(kind)
        seen = see(image)
        outline = trace(seen.region)
        if outline is None or outline.symmetry < _LEAST_OVERLAP:
            raise NoGarment(f"{image.name}: no whole garment seen from the front.", subject=image.name)
        fit = fit_shapes(outline, _shapes_for(kind))[0]
        if fit.penalty > _MOST_PENALTY:
            raise NoGarment(f"{image.name}: the outline is not that of a garment.", subject=image.name)
        found = kind or _KIND_OF_SHAPE[fit.shape]
        points = _points(seen, outline, agree(outline, fit))
        return _garment(image, seen, found, points, fit, view)


def _shapes_for(kind: str | None) -> tuple[str, ...]:
    if kind is None:
        return tuple(_KIND_OF_SHAPE)
    if kind.startswith("short_sleeve"):
        return ("short", "short_touching")
    if kind.startswith("long_sleeve"):
        return ("long", "hooded")
    return ("sleeveless", "straps")


def _points(seen: Seen, outline: Outline, fit: Fit) -> dict[str, Point]:
    """Landmarks in the working region's pixels."""
    points = corner_points(outline, fit)
    if fit.shape == "short_touching":
        for side in ("left", "right"):
            points[f"cuff_{side}_inner"] = points[f"armpit_{side}"]
    left, right = points["neck_left"], points["neck_right"]
    back_y = outline.top if fit.shape != "hooded" else (left[1] + right[1]) / 2
    points["neck_back"] = (outline.axis, back_y, 0.9 if fit.shape != "hooded" else 0.5)
    points["hem_center"] = (outline.axis, outline.bottom, 0.9)
    front = find_front_neckline(
        seen.lab, seen.region, (right[:2], left[:2]), (outline.axis, back_y), outline.bottom - back_y
    )
    if fit.shape == "straps":
        points["neck_front"] = (outline.axis, outline.top, 0.7)
    else:
        points["neck_front"] = (front.x, front.y, 0.3 + 0.5 * front.clarity)
    return points


def _garment(
    image: Image, seen: Seen, kind: str, points: dict[str, Point], fit: Fit, view: str | None
) -> Garment:
    skeleton = kinds.skeleton(kind)
    scaled = {
        name: (x / seen.shrink, y / seen.shrink, score)
        for name, (x, y, score) in points.items()
        if name in skeleton.index
    }
    mask = full_mask(image, seen)
    sure = float(np.exp(-max(fit.penalty - 2.0, 0.0) / 6.0))
    told: View = "back" if view == "back" else "front"
    return Garment(
        kind=kind,
        kind_score=0.9 * sure,
        view=told,
        view_score=0.6,
        box=box_of(mask),
        mask=mask,
        landmarks=Keypoints.from_points(skeleton, scaled),
        score=0.97 * sure * seen.plain,
        model=MODEL,
    )


def box_of(mask: Mask) -> Box:
    """Around everything that is at least half garment."""
    solid = mask.alpha >= 128
    rows, columns = np.nonzero(solid.any(axis=1))[0], np.nonzero(solid.any(axis=0))[0]
    return Box(float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1)
