"""What the models found on photos, kept whole under a key that tells all that decided it.

Answers are rows of `analyses`; masks are objects in the store, `analyses/<key>/mask-<n>.png`. What many ask
at once is asked of the models in one batch, and of nobody twice: whoever comes to the same photos meanwhile
waits.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from sqlalchemy import Connection, select

from flixpose import __version__
from flixpose.adapters.database import Database, ago, upsert
from flixpose.adapters.locks import locked
from flixpose.adapters.sets import Row, insert_images, insert_models, insert_sets
from flixpose.adapters.tables import analyses
from flixpose.errors import MissingInput
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Image, Mask

_WAIT_S = 60.0  # for another process that looks at the same photos
_THREADS = 4  # for masks on their way from and to the store

Asked = TypeVar("Asked")
Found = TypeVar("Found")
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to be kept.

    Attributes:
        said: the keypoint set in it; None where nothing was found.
        found: the whole of it, as JSON.
    """

    key: str
    image: Image
    said: tuple[Row, list[Row]] | None
    model: ModelInfo
    found: Any


def analysis_key(image_sha256: str, models: Sequence[ModelInfo], told: Sequence[str | None] = ()) -> str:
    """One hash (hex) over everything that decides the answer.

    Args:
        told: what the models were told of the photo.
    """
    decides = image_sha256, [model.to_json() for model in models], __version__, *told
    return sha256_hex(json.dumps(decides, sort_keys=True).encode())


def remembered(
    database: Database,
    asked: Mapping[str, Asked],
    find: Callable[[Mapping[str, Asked]], dict[str, Found]],
    look: Callable[[Mapping[str, Asked]], dict[str, Found]],
) -> dict[str, Found]:
    """An answer for each key: one that is kept, or a new one.

    Args:
        find: gives those that are kept.
        look: asks the models about all that are not, and keeps what they say.
    """
    known = find(asked)
    missing = {key: one for key, one in asked.items() if key not in known}
    if not missing:
        return known
    with locked(database, "analysis", *missing, wait_s=_WAIT_S):
        known |= find(missing)
        rest = {key: one for key, one in missing.items() if key not in known}
        return known | look(rest) if rest else known


def find_kept(
    database: Database, asked: Mapping[str, Asked], read: Callable[[Any, Asked], Kept]
) -> dict[str, Kept]:
    """Those of the keys that are kept; not where a mask is gone or damaged.

    Args:
        read: (what was kept, what is asked) → the answer; raises KeyError, MissingInput.
    """
    with database.transaction(write=False) as connection:
        rows = connection.execute(
            select(analyses.c.key, analyses.c.found).where(analyses.c.key.in_(asked))
        ).all()

    def answer(row: Any) -> Kept | None:
        try:
            return read(row.found, asked[row.key])
        except (KeyError, MissingInput):
            return None

    answers = zip(rows, in_threads(answer, rows), strict=True)
    return {row.key: found for row, found in answers if found is not None}


def keep_all(connection: Connection, answers: Sequence[Answered]) -> None:
    """Answers and the keypoint sets in them; shared rows table by table, as whoever records results does."""
    images = [answer.image for answer in answers]
    photos = {image.sha256: {"width": image.width, "height": image.height} for image in images}
    insert_images(connection, [{"sha256": name, **photo, "uri": ""} for name, photo in photos.items()])
    said = [(answer.said, answer.model) for answer in answers if answer.said is not None]
    insert_models(connection, [model.to_json() for model in dict.fromkeys(model for _, model in said)])
    insert_sets(connection, [one for one, _ in said])
    for answer in sorted(answers, key=lambda answer: answer.key):
        set_id = answer.said[0]["id"] if answer.said else None
        values = {"key": answer.key, "image_sha256": answer.image.sha256, "set_id": set_id}
        values |= {"found": answer.found, "software": __version__, "created_at": ago(0)}
        upsert(connection, analyses, values, ("found", "set_id"))


def keep_mask(blobs: BlobStore, key: str, number: int, mask: Mask | None) -> dict[str, str] | None:
    """Where it was put. Raises StoreUnavailable."""
    if mask is None:
        return None
    name, data = f"analyses/{key[:2]}/{key}/mask-{number}.png", encode_png(mask.alpha)
    sha256 = sha256_hex(data)
    blobs.put(name, data, media_type="image/png", sha256=sha256)
    return {"key": name, "sha256": sha256}


def kept_mask(blobs: BlobStore, kept: Mapping[str, str], image: Image) -> Mask:
    """Raises MissingInput: it is gone, or not what was put there. StoreUnavailable."""
    data = blobs.get(kept["key"])
    alpha = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if sha256_hex(data) != kept["sha256"] or alpha is None or alpha.shape != image.pixels.shape[:2]:
        raise MissingInput(f"{kept['key']} is not the mask that was put there.", subject=kept["key"])
    return Mask(alpha)


def in_threads(work: Callable[[Asked], Found], items: Iterable[Asked]) -> list[Found]:
    """`work` on each, a few at a time, in the order of the items; raises what the first one raised."""
    items = list(items)
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(_THREADS, len(items)), thread_name_prefix="kept") as pool:
        return list(pool.map(work, items))
