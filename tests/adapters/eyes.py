"""The real eyes, counted: how often was which photo looked at?"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flixpose import bootstrap, resources
from flixpose.errors import FlixposeError
from flixpose.pipeline import Tools
from flixpose.ports import GarmentAsk, GarmentReader, PoseEstimator
from flixpose.settings import Settings
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image
from flixpose.structures.job import Job

PERSON = (resources.SAMPLES / "persons" / "malik.jpg").as_uri()
PRODUCT = (resources.SAMPLES / "products" / "tank.jpg").as_uri()
JOB = Job(sku="FX", product=PRODUCT, person=PERSON, ref="one", kind="vest", preset="myntra")


class CountedPoses:
    def __init__(self, eyes: PoseEstimator, log: Path) -> None:
        self._eyes, self._log = eyes, log

    @property
    def model(self) -> ModelInfo:
        return self._eyes.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self._eyes.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        for image in images:
            note(self._log, f"person {image.sha256}")
        return self._eyes(images)


class CountedGarments:
    def __init__(self, eyes: GarmentReader, log: Path) -> None:
        self._eyes, self._log = eyes, log

    @property
    def model(self) -> ModelInfo:
        return self._eyes.model

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        note(self._log, f"garment {image.sha256}")
        return self._eyes(image, kind=kind, view=view)

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        for ask in asks:
            note(self._log, f"garment {ask.image.sha256}")
        return self._eyes.read_all(asks)


def note(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(line + "\n")


def looked(log: Path) -> list[str]:
    """ "person" or "garment" for each look so far."""
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def counted_tools(settings: Settings, store_url: str, log: Path) -> Tools:
    """Tools whose looks are noted in a file, which several processes may share."""
    tools = bootstrap.build(settings, store_url=store_url)
    return replace(tools, poses=CountedPoses(tools.poses, log), garments=CountedGarments(tools.garments, log))
