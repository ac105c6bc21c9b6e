"""The audit tables, made for people with SQL. Coordinates are pixels in the house's frame; times are UTC.

The schema itself is made by the migrations in `migrations/`, never from here; a test keeps the two equal.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator

from flixpose.structures.batch import STATES

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """A point in time; always aware and in UTC in Python, also over SQLite, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


_JSON = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# SQLite counts up by itself only in a column that is exactly INTEGER.
_SERIAL = BigInteger().with_variant(Integer(), "sqlite")
_SHA256 = String(64)


def _text(name: str, *, null: bool = False, **options: Any) -> "Column[str]":
    return Column(name, Text, nullable=null, **options)


def _number(name: str, *, null: bool = False) -> "Column[float]":
    return Column(name, Double, nullable=null)


def _time(name: str, *, null: bool = True) -> "Column[datetime]":
    return Column(name, UtcTime, nullable=null)


def _of(
    column: str, target: str, type_: Any = Text, *, null: bool = False, key: bool = False
) -> "Column[Any]":
    return Column(column, type_, ForeignKey(target), nullable=null, primary_key=key)


def _states(column: str) -> str:
    return f"{column} IN ({', '.join(repr(state) for state in STATES)})"


def _partial_index(name: str, *columns: "Column[Any]", where: str) -> None:
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


batches = Table(
    "batches",
    metadata,
    _text("id", primary_key=True),
    _text("key", null=True, unique=True),
    Column("manifest_sha256", _SHA256, nullable=False),
    Column("chunk_size", Integer, nullable=False),
    _text("lane", server_default=text("'bulk'")),
    # Finished items are counted here: a batch closes by counter, and its status costs the same at any size.
    *(
        Column(name, Integer, nullable=False)
        for name in ("total", "done", "review", "failed", "dead", "cancelled")
    ),
    _time("created_at", null=False),
    _time("finished_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _of("batch_id", "batches.id"),
    _time("created_at", null=False),
    _time("not_before"),
    _time("published_at"),
    _text("lane", server_default=text("'bulk'")),
)

items = Table(
    "items",
    metadata,
    _text("id", primary_key=True),
    _of("batch_id", "batches.id"),
    Column("line", Integer, nullable=False),
    # What was asked for; ref, product and person are absent in a rejected manifest row.
    _text("ref", null=True),
    _text("sku", null=True),
    _text("product", null=True),
    _text("person", null=True),
    _text("kind", null=True),
    _text("view", null=True),
    _text("preset", null=True),
    _of("plate", "plates.name", null=True),
    # Points to be used in place of the models': a human's correction, or a plate's.
    _of("person_set_id", "keypoint_sets.id", null=True),
    _of("garment_set_id", "keypoint_sets.id", null=True),
    _text("light", server_default=text("'scene'")),
    _text("tuck", server_default=text("'auto'")),
    # Further garments on the same person: [{"product", "kind", "view"}]; NULL = none.
    Column("more", _JSON, nullable=True),
    # Where it stands.
    _text("state"),
    Column("attempt", Integer, nullable=False),
    Column("attempts_allowed", Integer, nullable=False),
    _text("worker", null=True),
    _text("claim_token", null=True),
    _of("outbox_id", "outbox.id", _SERIAL, null=True),
    _text("error_code", null=True),
    _text("error_message", null=True),
    _text("error_advice", null=True),
    _time("claimed_at"),
    _time("finished_at"),
    UniqueConstraint("batch_id", "line"),
    UniqueConstraint("batch_id", "ref"),
    CheckConstraint(_states("state"), name="state"),
)
Index("ix_items_batch_id_state_line", items.c.batch_id, items.c.state, items.c.line)
# Partial indexes serve only queries that say the same words, so these are text and not bound values.
IS_QUEUED, IS_RUNNING = text("items.state = 'queued'"), text("items.state = 'running'")
IS_UNPUBLISHED = text("outbox.published_at IS NULL")
_partial_index("ix_items_queued", items.c.outbox_id, where="state = 'queued'")
_partial_index("ix_items_running", items.c.batch_id, items.c.claimed_at, where="state = 'running'")
_partial_index("ix_outbox_unpublished", outbox.c.lane, outbox.c.id, where="published_at IS NULL")

events = Table(
    "events",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _time("at", null=False),
    _of("batch_id", "batches.id"),
    _of("item_id", "items.id", null=True),
    Column("attempt", Integer, nullable=True),
    _text("actor"),
    _text("from_state", null=True),
    _text("to_state", null=True),
    _text("code", null=True),
    _text("message", null=True),
)
Index("ix_events_item_id_id", events.c.item_id, events.c.id)
Index("ix_events_batch_id_id", events.c.batch_id, events.c.id)

images = Table(
    "images",
    metadata,
    Column("sha256", _SHA256, primary_key=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    _text("uri"),
    _time("first_seen_at", null=False),
)

models = Table(
    "models",
    metadata,
    _text("name", primary_key=True),
    _text("version", primary_key=True),
    Column("weights_sha256", _SHA256, primary_key=True),
    _text("task"),
    _text("licence"),
    _text("origin"),
)

keypoint_sets = Table(
    "keypoint_sets",
    metadata,
    _text("id", primary_key=True),
    _of("image_sha256", "images.sha256", _SHA256),
    _text("subject"),
    _text("author"),
    _text("model_name", null=True),
    _text("model_version", null=True),
    Column("weights_sha256", _SHA256, nullable=True),
    _of("parent_id", "keypoint_sets.id", null=True),
    _text("skeleton"),
    _number("score", null=True),
    *(_number(name, null=True) for name in ("box_x0", "box_y0", "box_x1", "box_y1")),
    _text("kind", null=True),
    _number("kind_score", null=True),
    _text("view", null=True),
    _number("view_score", null=True),
    _time("created_at", null=False),
    ForeignKeyConstraint(
        ["model_name", "model_version", "weights_sha256"],
        ["models.name", "models.version", "models.weights_sha256"],
        name="fk_keypoint_sets_model",
    ),
    CheckConstraint("subject IN ('person', 'garment')", name="subject"),
)
Index("ix_keypoint_sets_image_sha256", keypoint_sets.c.image_sha256)
Index("ix_keypoint_sets_parent_id", keypoint_sets.c.parent_id)

keypoints = Table(
    "keypoints",
    metadata,
    _of("set_id", "keypoint_sets.id", key=True),
    _text("name", primary_key=True),
    Column("position", Integer, nullable=False),
    _number("x"),
    _number("y"),
    _number("score"),
)

drapes = Table(
    "drapes",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _of("item_id", "items.id"),
    Column("attempt", Integer, nullable=False),
    _of("person_set_id", "keypoint_sets.id", null=True),
    _of("garment_set_id", "keypoint_sets.id", null=True),
    _text("verdict"),
    _text("software"),
    _text("worker"),
    # Whether the picture had been made before, for another item or attempt.
    Column("reused", Boolean, nullable=False, server_default=text("FALSE")),
    _time("created_at", null=False),
    UniqueConstraint("item_id", "attempt"),
    CheckConstraint("verdict IN ('pass', 'review', 'fail')", name="verdict"),
)
Index("ix_drapes_person_set_id", drapes.c.person_set_id)
Index("ix_drapes_garment_set_id", drapes.c.garment_set_id)

warps = Table(
    "warps",
    metadata,
    _of("drape_id", "drapes.id", _SERIAL, key=True),
    _text("part", primary_key=True),
    _text("model"),
    Column("homography", _JSON, nullable=False),
    _number("stiffness", null=True),
    _number("fold_ratio", null=True),
    _number("stretch_min", null=True),
    _number("stretch_max", null=True),
    Column("changes", _JSON, nullable=False),
)

control_points = Table(
    "control_points",
    metadata,
    _of("drape_id", "drapes.id", _SERIAL, key=True),
    _text("part", primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    *(_number(name) for name in ("person_x", "person_y", "garment_x", "garment_y", "weight")),
    _number("residual_px", null=True),
)

figures = Table(
    "figures",
    metadata,
    _of("drape_id", "drapes.id", _SERIAL, key=True),
    _text("name", primary_key=True),
    _number("value", null=True),
    _text("unit"),
)

reasons = Table(
    "reasons",
    metadata,
    _of("drape_id", "drapes.id", _SERIAL, key=True),
    _text("code", primary_key=True),
    _text("figure", primary_key=True),
    _number("value", null=True),
    _number("threshold", null=True),
)

timings = Table(
    "timings",
    metadata,
    _of("drape_id", "drapes.id", _SERIAL, key=True),
    _text("stage", primary_key=True),
    _number("milliseconds"),
)

artifacts = Table(
    "artifacts",
    metadata,
    _of("drape_id", "drapes.id", _SERIAL, key=True),
    _text("name", primary_key=True),
    _text("key"),
    _text("media_type"),
    Column("sha256", _SHA256, nullable=False),
    Column("size", BigInteger, nullable=False),
)
Index("ix_artifacts_key", artifacts.c.key)

# A folder of objects that an attempt has begun to write and not yet recorded.
uploads = Table("uploads", metadata, _text("prefix", primary_key=True), _time("begun_at", null=False))

# Whom to tell when a batch has ended; owed as long as `told_for` is not its batch's last end.
webhooks = Table(
    "webhooks",
    metadata,
    _of("batch_id", "batches.id", key=True),
    _text("url"),
    Column("attempt", Integer, nullable=False),
    _time("due_at"),
    _time("told_for"),
    Column("given_up", Boolean, nullable=False),
    _text("error", null=True),
)

# What a model found on a photo, exactly and whole, so that it is looked at once; masks lie in the store.
analyses = Table(
    "analyses",
    metadata,
    Column("key", _SHA256, primary_key=True),
    _of("image_sha256", "images.sha256", _SHA256),
    _of("set_id", "keypoint_sets.id", null=True),
    Column("found", _JSON, nullable=False),
    _text("software"),
    _time("created_at", null=False),
)
Index("ix_analyses_image_sha256", analyses.c.image_sha256)

# A finished picture by everything that decides it, so that it is made once.
results = Table(
    "results",
    metadata,
    Column("key", _SHA256, primary_key=True),
    _of("person_sha256", "images.sha256", _SHA256),
    _of("product_sha256", "images.sha256", _SHA256),
    Column("artifacts", _JSON, nullable=False),
    _text("software"),
    _time("created_at", null=False),
)

plates = Table(
    "plates",
    metadata,
    _text("name", primary_key=True),
    _of("image_sha256", "images.sha256", _SHA256),
    _text("uri"),
    _of("set_id", "keypoint_sets.id"),
    _text("state"),
    _time("created_at", null=False),
    _time("changed_at", null=False),
    CheckConstraint("state IN ('draft', 'approved')", name="state"),
)

plate_events = Table(
    "plate_events",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _time("at", null=False),
    _of("plate", "plates.name"),
    _text("actor"),
    _text("action"),
    _of("set_id", "keypoint_sets.id"),
)
Index("ix_plate_events_plate_id", plate_events.c.plate, plate_events.c.id)
