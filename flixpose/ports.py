"""What the inside asks of the outside, as Protocols; adapters and models implement them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flixpose.errors import FlixposeError
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image


class PoseEstimator(Protocol):
    """Eyes for people."""

    @property
    def model(self) -> ModelInfo:
        """The model that places the keypoints."""
        ...

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """Every model that takes part (a person detector, the keypoint model)."""
        ...

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people, the most prominent first; an empty tuple where there is nobody."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class GarmentAsk:
    """A product photo to be read, and what is told of it; None = found by the reader."""

    image: Image
    kind: str | None = None
    view: str | None = None


class GarmentReader(Protocol):
    """Eyes for clothes."""

    @property
    def model(self) -> ModelInfo: ...

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """The garment in a product photo; `kind` and `view`, where told, are taken as given.

        Raises:
            NoGarment: nothing in the photo can be told from the background, or it is cut off.
            UnknownKind: `kind` is not one of the 13.
        """
        ...

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        """The same for several photos at once: per photo its garment, or what would have been raised."""
        ...


def read_each(reader: GarmentReader, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
    """`read_all` for a reader whose photos share nothing: one by one."""
    found: list[Garment | FlixposeError] = []
    for ask in asks:
        try:
            found.append(reader(ask.image, kind=ask.kind, view=ask.view))
        except FlixposeError as failure:
            found.append(failure)
    return found


class BlobStore(Protocol):
    """Where pictures live: bytes under keys ("/"-separated, relative), or behind URIs to read."""

    def read(self, uri: str, *, max_bytes: int) -> bytes:
        """The object behind a `file://` or `s3://` URI.

        Raises: MissingInput, ForbiddenUri, ImageTooLarge (more than `max_bytes`), StoreUnavailable.
        """
        ...

    def put(self, key: str, data: bytes, *, media_type: str, sha256: str) -> str:
        """Write an object whole or not at all, and return its URI. Raises StoreUnavailable."""
        ...

    def get(self, key: str) -> bytes:
        """The object under `key`. Raises MissingInput, StoreUnavailable."""
        ...

    def exists(self, key: str) -> bool: ...

    def holds(self, key: str, *, sha256: str, size: int) -> bool:
        """Whether the object is there with these very bytes, without fetching it. Raises StoreUnavailable."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing where there is none. Raises StoreUnavailable."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys of all objects below the folder `prefix`. Raises StoreUnavailable."""
        ...

    def clear_partial(self, older_than_s: float) -> int:
        """Remove what killed writers left behind half-written; how many. Raises StoreUnavailable."""
        ...

    def uri(self, key: str) -> str: ...

    def link(self, key: str, *, seconds: int) -> str:
        """A URL by which whoever has it may fetch the object for so long, without any account.

        Raises: UsageError (more than an hour), StoreUnavailable.
        """
        ...


class Weights(Protocol):
    """Where model files live."""

    def path(self, name: str) -> Path:
        """A verified local file. Raises WeightsMissing, WeightsDamaged."""
        ...
