"""Options of a drape: its light, its tuck, and further garments on the same person.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = {"postgresql": "JSONB", "sqlite": "JSON"}

_STATEMENTS = (
    "ALTER TABLE items ADD COLUMN light TEXT NOT NULL DEFAULT 'scene'",
    "ALTER TABLE items ADD COLUMN tuck TEXT NOT NULL DEFAULT 'auto'",
    "ALTER TABLE items ADD COLUMN more {json}",
)


def upgrade() -> None:
    json = _JSON[op.get_bind().dialect.name]
    for statement in _STATEMENTS:
        op.execute(statement.format(json=json))


def downgrade() -> None:
    raise NotImplementedError("Options of drapes would be lost; restore a backup instead.")
