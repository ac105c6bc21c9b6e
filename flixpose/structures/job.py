"""What is asked for and what came of it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["pass", "review", "fail"]
Light = Literal["scene", "exact"]
Tuck = Literal["auto", "in", "out"]

# Who asks and where the photos lie: the same picture comes of it.
_ASKS = ("sku", "ref", "product", "person", "plate", "person_set", "garment_set", "more")


@dataclass(frozen=True, slots=True)
class FurtherProduct:
    """Another garment on the same person: its photo's URI, and what is told of it."""

    product: str
    kind: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One product image to be draped on one person image.

    Attributes:
        sku: the catalogue's article number.
        product, person: URIs (`file:///…` or `s3://…`).
        kind, view: told by the catalogue; None = found by the reader.
        preset: name of an output preset.
        ref: names the result; unique in its batch.
        plate: the plate that `person` is the photo of, for the record.
        person_set, garment_set: ids of keypoint sets to use in place of the models'; None = the models'.
        light: "scene": the garment is lit as the person image is; "exact": it keeps its own colours.
        tuck: whether a top goes into the lower clothes; "auto" as they are worn on the person image.
        more: further garments to be worn together with `product`.
    """

    sku: str
    product: str
    person: str
    ref: str
    kind: str | None = None
    view: str | None = None
    preset: str = "master"
    plate: str | None = None
    person_set: str | None = None
    garment_set: str | None = None
    light: Light = "scene"
    tuck: Tuck = "auto"
    more: tuple[FurtherProduct, ...] = ()

    @property
    def photos(self) -> tuple[str, ...]:
        """The URIs of all that it reads: the person, the product, further products."""
        return (self.person, self.product, *(other.product for other in self.more))

    def decides(self) -> dict[str, Any]:
        """What of it decides the picture, beside the photos and the points themselves."""
        told = {name: value for name, value in asdict(self).items() if name not in _ASKS}
        return {**told, "more": [[other.kind, other.view] for other in self.more]}


@dataclass(frozen=True, slots=True)
class Artifact:
    """One object written: `key` in the store, `sha256` and `size` (bytes) of what lies there."""

    name: str
    key: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quality figure: `unit` is "" for a plain ratio, else "%", "px", "ΔE2000" …"""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is not `pass`: a stable code, the figure and the threshold that it crossed."""

    code: str
    figure: str
    value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures and the verdict drawn from them by `configs/quality.toml`."""

    figures: tuple[Figure, ...]
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()

    def __getitem__(self, name: str) -> float:
        return next(figure.value for figure in self.figures if figure.name == name)

    def to_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "reasons": [
                {"code": r.code, "figure": r.figure, "value": r.value, "threshold": r.threshold}
                for r in self.reasons
            ],
            "figures": {f.name: {"value": f.value, "unit": f.unit} for f in self.figures},
        }


@dataclass(frozen=True, slots=True)
class Result:
    """A finished job: what was written and the report that goes into the database and `report.json`.

    Attributes:
        reused: the picture had been made before, for another job.
    """

    job: Job
    artifacts: tuple[Artifact, ...]
    quality: Quality
    report: dict[str, Any] = field(default_factory=dict)
    reused: bool = False
