"""Drapes scored against simulated scenes, where the same garment was really worn by the same person.

The folder is what `python -m flixpose.studio.scenes` writes. A drape sees product.png and person.png alone;
the truth (worn garment, correspondences) is read after it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import FlixposeError, MissingInput
from flixpose.evaluation.drape import GOOD_IOU, EndPointError, correspondence_error, iou
from flixpose.imaging.decode import read_image
from flixpose.pipeline import Tools, drape
from flixpose.stages.plan_targets import plan_targets
from flixpose.structures.drape import Drape

# A drape is called good where it covers what the worn garment covers (`GOOD_IOU`), and its cloth lies on the
# mean within so many per cent of the garment's height of the true places.
GOOD_ERROR = 4.0
# degrees from which on a person counts as turned
_TURNED = 12.0
# Places are compared about this often over a product photo's height.
_CELLS = 100


@dataclass(frozen=True, slots=True)
class SceneRow:
    """What came of one scene; `code` is that of the error that stopped it.

    Attributes:
        yaw: degrees by which the person is turned away from facing the camera, or from its back to it.
        view: the side that both photos show. display: what the product photo shows beside the garment.
        iou: of the visible garment with the worn one.
        error: end-point error in per cent of the worn garment's height.
        reasons: codes for which the verdict is not a pass. open: outwear is worn open.
    """

    name: str
    kind: str
    pose: str
    verdict: str | None = None
    iou: float = 0.0
    error: EndPointError | None = None
    code: str | None = None
    reasons: tuple[str, ...] = ()
    yaw: float = 0.0
    display: str = ""
    view: str = "front"
    open: bool = False

    @property
    def good(self) -> bool:
        """Whether the drape lies where the garment is worn."""
        return self.error is not None and self.error.mean <= GOOD_ERROR and self.iou >= GOOD_IOU

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "good": self.good}


def find_scenes(folder: Path) -> list[Path]:
    """The finished scenes with a person below `folder`, in order. Raises MissingInput where there is none."""
    found = sorted(p.parent for p in folder.glob("*/scene.json") if (p.parent / "worn.png").is_file())
    if not found:
        raise MissingInput(
            f"{folder} holds no scene.",
            subject=str(folder),
            advice="Make some: python -m flixpose.studio.scenes --out DIR (needs the extra `studio`).",
        )
    return found


def drape_scene(folder: Path, tools: Tools) -> tuple[SceneRow, Drape | None]:
    """Drape a scene's product on its person and compare with the truth. Raises MissingInput."""
    told = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
    row = {"name": folder.name, "kind": told["kind"], "pose": told["pose"]}
    row |= {"yaw": told.get("yaw", 0.0), "display": told.get("display", "")}
    row |= {"view": told.get("view", "front"), "open": told.get("open", False)}
    person, product = read_image(folder / "person.png"), read_image(folder / "product.png")
    try:
        # All of the studio's tops are worn over the trousers, as a manifest would say.
        draped = drape(person, product, tools, kind=told["kind"], view=row["view"], tuck="out")
    except FlixposeError as failure:
        return SceneRow(**row, code=failure.code), None
    overlap = iou(draped.visible.alpha > 127, worn_mask(folder) > 127)
    error = _error(folder, draped, tools)
    quality = draped.quality
    reasons = tuple(reason.code for reason in quality.reasons)
    return SceneRow(**row, verdict=quality.verdict, reasons=reasons, iou=overlap, error=error), draped


def _error(folder: Path, draped: Drape, tools: Tools) -> EndPointError | None:
    plan = plan_targets(draped.person, draped.product, draped.pose, draped.garment, tools.rigs)
    mattes = [part.matte for part in plan.layout.parts]
    with np.load(folder / "correspondence.npz") as truth:
        product_xy, worn_xy = (truth[name].astype(np.float64) for name in ("product_xy", "worn_xy"))
    even = evenly(product_xy, draped.product.height / _CELLS)
    product_xy, worn_xy = product_xy[even], worn_xy[even]
    try:
        return correspondence_error(draped.parts, mattes, product_xy, worn_xy)
    except MissingInput:
        return None


def evenly(points: NDArray[np.float64], cell: float) -> NDArray[np.int64]:
    """Indices of one point per square cell: cloth that folds away from the camera shall not count more."""
    _, first = np.unique(np.floor(points / cell).astype(np.int64), axis=0, return_index=True)
    return np.sort(first)


def worn_mask(folder: Path) -> NDArray[np.uint8]:
    """(H, W) coverage of the worn garment in the scene's true picture. Raises MissingInput."""
    path = folder / "worn_parts.png"
    parts = cv2.imread(str(path))
    if parts is None:
        raise MissingInput(f"{path} is missing or no picture.", subject=str(path))
    return np.asarray(parts[..., 2], np.uint8)


def summary(rows: Sequence[SceneRow]) -> dict[str, dict[str, float]]:
    """Means over all, over people turned and not, seen from behind, in open outwear, by kind and by pose."""
    groups: dict[str, list[SceneRow]] = {"all": list(rows)}
    groups["facing"] = [row for row in rows if abs(row.yaw) < _TURNED]
    groups["turned"] = [row for row in rows if abs(row.yaw) >= _TURNED]
    groups["from behind"] = [row for row in rows if row.view == "back"]
    groups["worn open"] = [row for row in rows if row.open]
    for field in ("kind", "pose"):
        for name in sorted({getattr(row, field) for row in rows}):
            groups[name] = [row for row in rows if getattr(row, field) == name]
    return {name: _means(group) for name, group in groups.items() if group}


def _means(rows: Sequence[SceneRow]) -> dict[str, float]:
    errors = [row.error for row in rows if row.error is not None]
    nothing = float("nan")
    return {
        "count": float(len(rows)),
        "failed": float(sum(row.code is not None for row in rows)),
        "good": float(sum(row.good for row in rows)),
        "iou": float(np.mean([row.iou for row in rows])),
        "error_mean": float(np.mean([e.mean for e in errors])) if errors else nothing,
        "error_median": float(np.median([e.median for e in errors])) if errors else nothing,
        "error_p95": float(np.mean([e.p95 for e in errors])) if errors else nothing,
        "compared": float(np.mean([e.compared for e in errors])) if errors else nothing,
    }
