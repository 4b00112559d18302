"""The first tables: settings, stations, devices, papers, streams, segments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "setting",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("scope", sa.LargeBinary(16), nullable=False, unique=True),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("station", sa.LargeBinary(16), sa.ForeignKey("station.id"), nullable=False),
        sa.Column("scope", sa.LargeBinary(16), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(32), nullable=False),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("admitted", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger),
    )
    op.create_table(
        "paper",
        sa.Column("scope", sa.LargeBinary(16), primary_key=True),
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "stream",
        sa.Column("id", sa.LargeBinary(24), primary_key=True),
        sa.Column("scope", sa.LargeBinary(16), nullable=False, index=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("next_ordinal", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "segment",
        sa.Column("stream", sa.LargeBinary(24), sa.ForeignKey("stream.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("envelopes", sa.LargeBinary, nullable=False),
    )
