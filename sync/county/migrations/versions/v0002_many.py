"""Scopes between stations, revocation, quarantine, refusals, parts of uploads, the administrator's visits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; every station so far has the one scope that it began with."""
    op.add_column("device", sa.Column("revoked", sa.BigInteger))
    _scopes()
    op.create_table(
        "quarantine",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("scope", sa.LargeBinary(16), nullable=False, index=True),
        sa.Column("stream", sa.LargeBinary(24), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("bearer", sa.LargeBinary(16), nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("envelopes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "refusal",
        sa.Column("no", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("device", sa.LargeBinary(16), nullable=False, index=True),
        sa.Column("scope", sa.LargeBinary(16), nullable=False),
        sa.Column("stream", sa.LargeBinary(24)),
        sa.Column("seq", sa.BigInteger),
        sa.Column("reason", sa.String(40), nullable=False),
    )
    op.create_table(
        "piece",
        sa.Column("device", sa.LargeBinary(16), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "visit",
        sa.Column("token", sa.LargeBinary(32), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )


def _scopes() -> None:
    op.create_table(
        "scope",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("founded", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "membership",
        sa.Column("scope", sa.LargeBinary(16), sa.ForeignKey("scope.id"), primary_key=True),
        sa.Column("station", sa.LargeBinary(16), sa.ForeignKey("station.id"), primary_key=True, index=True),
    )
    op.execute("INSERT INTO scope (id, kind, founded) SELECT scope, 'station', 0 FROM station")
    op.execute("INSERT INTO membership (scope, station) SELECT scope, id FROM station")
