"""The tables of the county server, the same in SQLite and PostgreSQL. Migrations: `sync/county/migrations`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from sync.errors import EnvironmentProblem, Problem

metadata = MetaData()

MAX_NAME = 200
"""Characters of the name of a station or a device."""

setting = Table(
    "setting",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

station = Table(
    "station",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("name", String(MAX_NAME), nullable=False, unique=True),
    Column("scope", LargeBinary(16), nullable=False, unique=True),
)

device = Table(
    "device",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("station", LargeBinary(16), ForeignKey("station.id"), nullable=False),
    Column("scope", LargeBinary(16), nullable=False, index=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("role", String(40), nullable=False),
    Column("signing_key", LargeBinary(32), nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("admitted", BigInteger, nullable=False),
    Column("seen", BigInteger),
    Column("revoked", BigInteger),
)

scope = Table(
    "scope",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("founded", BigInteger, nullable=False),
)
"""What is shared: a station's records, or something between stations."""

membership = Table(
    "membership",
    metadata,
    Column("scope", LargeBinary(16), ForeignKey("scope.id"), primary_key=True),
    Column("station", LargeBinary(16), ForeignKey("station.id"), primary_key=True, index=True),
)
"""The stations that take part in a scope."""

paper = Table(
    "paper",
    metadata,
    Column("scope", LargeBinary(16), primary_key=True),
    Column("id", LargeBinary(16), primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

stream = Table(
    "stream",
    metadata,
    Column("id", LargeBinary(24), primary_key=True),
    Column("scope", LargeBinary(16), nullable=False, index=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("next_ordinal", BigInteger, nullable=False),
)

segment = Table(
    "segment",
    metadata,
    Column("stream", LargeBinary(24), ForeignKey("stream.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("envelopes", LargeBinary, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("scope", LargeBinary(16), nullable=False, index=True),
    Column("stream", LargeBinary(24), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("bearer", LargeBinary(16), nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("envelopes", LargeBinary, nullable=False),
)
"""Segments that prove genuine and may not count: a revoked device's after its end, or the other side of a fork."""

refusal = Table(
    "refusal",
    metadata,
    Column("no", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("device", LargeBinary(16), nullable=False, index=True),
    Column("scope", LargeBinary(16), nullable=False),
    Column("stream", LargeBinary(24)),
    Column("seq", BigInteger),
    Column("reason", String(40), nullable=False),
)
"""What was refused, and to whom: the last ones, for the administrator."""

piece = Table(
    "piece",
    metadata,
    Column("device", LargeBinary(16), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("received", BigInteger, nullable=False),
)
"""Parts of a body that came before the line broke; gone once it is whole, or after a while."""

visit = Table(
    "visit",
    metadata,
    Column("token", LargeBinary(32), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("expires", BigInteger, nullable=False),
)
"""The administrator's one-time links and what they opened: hashes of random tokens."""


CONNECTIONS = 12
"""To the database from one process at once; whoever wants one more waits."""


def connect(url: str) -> Engine:
    """An engine for a database address; SQLite is set up to be durable and to let readers read while one writes.

    Raises:
        Problem: not the address of a database that we know.
    """
    try:
        engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            # A database that was restarted in the meantime is met with a new connection.
            pool_pre_ping=True,
            pool_size=CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,
        )
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise Problem("county.bad_database") from error
    if engine.dialect.name == "sqlite":
        # Its own way of waiting is to try again after ever longer pauses; ours lets the next one in at once.
        engine.update_execution_options(turn=threading.Lock())
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
    return engine


def let_go(engine: Engine) -> None:
    """Close all connections to a database: also those that a call which was cut off still has, once it gives them back."""
    event.listen(engine.pool, "checkin", _close)
    engine.dispose()


def _close(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.invalidate()


def sqlite_url(path: Path) -> str:
    """The address of an embedded database."""
    return f"sqlite:///{path}"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: two writers would both begin as readers and one would fail.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that will write takes its turn at once; one that began as a reader could be refused later.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reached() -> Iterator[None]:
    """Turns a database that does not let us in into a sentence for whoever runs the server."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise EnvironmentProblem("county.no_database", reason=" ".join(str(error.orig).split())) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: durable when the block is left, undone when it raises."""
    turn = engine.get_execution_options().get("turn") or nullcontext()
    with turn, engine.connect() as connection, connection.execution_options(writes=True).begin():
        yield connection
