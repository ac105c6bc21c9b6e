"""Lanes of the queue, uploads that are under way, webhooks.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = {"postgresql": "TIMESTAMP WITH TIME ZONE", "sqlite": "DATETIME"}

_STATEMENTS = (
    "ALTER TABLE batches ADD COLUMN lane TEXT NOT NULL DEFAULT 'bulk'",
    "ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT 'bulk'",
    "DROP INDEX ix_outbox_unpublished",
    "CREATE INDEX ix_outbox_unpublished ON outbox (lane, id) WHERE published_at IS NULL",
    # A folder of objects that an attempt has begun to write: whatever lies there without ever being recorded
    # is an orphan. The row goes in the transaction that records the objects.
    """
    CREATE TABLE uploads (
        prefix TEXT NOT NULL CONSTRAINT pk_uploads PRIMARY KEY,
        begun_at {time} NOT NULL
    )""",
    "CREATE INDEX ix_artifacts_key ON artifacts (key)",
    # Whom to tell when a batch has ended; owed as long as `told_at` is not its batch's last end.
    """
    CREATE TABLE webhooks (
        batch_id TEXT NOT NULL CONSTRAINT pk_webhooks PRIMARY KEY
            CONSTRAINT fk_webhooks_batch_id_batches REFERENCES batches (id),
        url TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        due_at {time},
        told_for {time},
        given_up BOOLEAN NOT NULL,
        error TEXT
    )""",
)


def upgrade() -> None:
    time = _TIME[op.get_bind().dialect.name]
    for statement in _STATEMENTS:
        op.execute(statement.format(time=time))


def downgrade() -> None:
    raise NotImplementedError("Webhooks that are owed would be lost; restore a backup instead.")
