"""Points moved by hand: a new keypoint set beside the one that it corrects, which stays as it is."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from flixpose.adapters.audit import PointSet, read_set
from flixpose.adapters.database import Database
from flixpose.adapters.sets import MODEL, insert_sets, set_id
from flixpose.errors import PointOutside, UnknownPoint, UsageError
from flixpose.structures.found import NOTHING_GIVEN, Given
from flixpose.structures.job import Job
from flixpose.structures.keypoints import Keypoints

# Point → its place in pixels of the photo, or None for a point that is not to be seen there.
Moves = Mapping[str, tuple[float, float] | None]

_LONGEST_NAME = 100


def check_author(name: str) -> str:
    """A human's name for the record. Raises UsageError."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or name.lower() == MODEL:
        raise UsageError(
            f"{name[:40]!r} is no name of a person.", subject=name, advice="Say who by --by NAME."
        )
    return name


def load_given(database: Database, job: Job) -> Given:
    """The points that the job brings with it. Raises NotFound, DatabaseUnavailable."""
    if job.person_set is None and job.garment_set is None:
        return NOTHING_GIVEN
    with database.transaction(write=False) as connection:
        person, garment = (
            read_set(connection, id_) if id_ else None for id_ in (job.person_set, job.garment_set)
        )
    return Given(
        person=person.points if person else None,
        garment=garment.points if garment else None,
        person_author="model" if person and person.author == MODEL else "human",
    )


def move(found: PointSet, moves: Moves) -> PointSet:
    """The set with points moved, added or taken away; a placed point is sure (score 1).

    Raises:
        UnknownPoint: a name that the skeleton has not. PointOutside: a place outside the photo.
    """
    width, height = found.image["width"], found.image["height"]
    xy, scores = found.points.xy.copy(), found.points.scores.copy()
    for name, place in moves.items():
        row = found.points.skeleton.index.get(name)
        if row is None:
            raise unknown_point(name, found.points.skeleton.names)
        if place is None:
            xy[row], scores[row] = np.nan, 0.0
        elif all(map(math.isfinite, place)) and 0 <= place[0] <= width and 0 <= place[1] <= height:
            xy[row], scores[row] = place, 1.0
        else:
            message = f"{name} = {place[0]:g},{place[1]:g} is outside the photo of {width}×{height} pixels."
            raise PointOutside(message, subject=name)
    return replace(found, points=Keypoints(found.points.skeleton, xy, scores))


def unknown_point(name: str, names: tuple[str, ...]) -> UnknownPoint:
    close = difflib.get_close_matches(name, names, 3, cutoff=0.5)
    meant = f"; did you mean {', '.join(close)}?" if close else "."
    return UnknownPoint(f"No point is called {name!r} here{meant}", subject=name)


def insert_moved(connection: Connection, parent: PointSet, moves: Moves, author: str) -> PointSet:
    """The human's set, stored; the parent's own words again where nothing was moved.

    Raises: UnknownPoint, PointOutside.
    """
    moved = move(parent, moves)
    points = moved.points.to_json()
    box = parent.box
    row = {
        "image_sha256": parent.image["sha256"],
        "subject": parent.subject,
        "author": author,
        "parent_id": parent.id,
        "skeleton": parent.points.skeleton.name,
        "score": parent.score,
        **dict(
            zip(("box_x0", "box_y0", "box_x1", "box_y1"), box.to_json() if box else [None] * 4, strict=True)
        ),
        "kind": parent.kind,
        "view": parent.view,
    }
    id_ = set_id(row, points)
    insert_sets(connection, [({**row, "id": id_}, points)])
    return replace(moved, id=id_, author=author, model=None, parent_id=parent.id)


def in_words(moves: Moves) -> str:
    """For the record: "neck_left 512,230; left_wrist gone"."""
    return "; ".join(
        f"{name} {place[0]:g},{place[1]:g}" if place else f"{name} gone" for name, place in moves.items()
    )
