"""Bodies that come in pieces: a slow line breaks before a large one is through, and what has come must count.

Pieces are no data of the county's: what they make up is taken in like any other body, and they go.
"""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, select
from sqlalchemy.exc import IntegrityError

from sync.county import tables
from sync.crypto import digest

KEEP_SECONDS = 2 * 24 * 3600
"""A station that was cut off on Friday evening goes on on Sunday; later it begins again."""

MAX_BODIES = 4
"""Bodies of one device at once. It sends one after the other; others are from meetings that never went on."""

_columns = tables.piece.c


class Pieces:
    """The pieces in the county's database.

    Args:
        engine: the database.
        limit: bytes of one body, at most.
    """

    def __init__(self, engine: Engine, limit: int = 8 * 1024 * 1024) -> None:
        self._engine = engine
        self.limit = limit

    def size(self, device: bytes, body: bytes) -> int:
        """How many bytes of a body are here; it is named by its SHA-256."""
        with self._engine.connect() as connection:
            return _size(connection, device, body)

    def add(self, device: bytes, body: bytes, start: int, data: bytes) -> int:
        """Keep bytes from position `start` on, as far as they continue what is here; returns how many are here then."""
        now = int(time.time())
        try:
            with tables.writing(self._engine) as connection:
                size = _size(connection, device, body)
                fresh = data[size - start : size - start + self.limit - size] if start <= size else b""
                if fresh:
                    if not size:
                        _make_room(connection, device, now)
                    values = {"device": device, "digest": body, "start": size, "data": fresh, "received": now}
                    connection.execute(tables.piece.insert().values(values))
                return size + len(fresh)
        except IntegrityError:
            # A connection that was given up brought the same bytes just now.
            return self.size(device, body)

    def whole(self, device: bytes, body: bytes) -> bytes | None:
        """The body, None where it is not whole; what does not have its digest is thrown away.

        A whole one stays until it is old: the answer may be lost, and then it is asked for again.
        """
        query = select(_columns.data).where(_of(device, body)).order_by(_columns.start)
        with self._engine.connect() as connection:
            data = b"".join(connection.execute(query).scalars())
        if digest(data) == body:
            return data
        with tables.writing(self._engine) as connection:
            connection.execute(delete(tables.piece).where(_of(device, body)))
        return None


def _of(device: bytes, body: bytes) -> ColumnElement[bool]:
    return and_(_columns.device == device, _columns.digest == body)


def _size(connection: Connection, device: bytes, body: bytes) -> int:
    query = select(func.coalesce(func.sum(func.length(_columns.data)), 0)).where(_of(device, body))
    return int(connection.execute(query).scalar_one())


def _make_room(connection: Connection, device: bytes, now: int) -> None:
    """Before a new body: nothing that is old, and of this device only the last few."""
    connection.execute(delete(tables.piece).where(_columns.received < now - KEEP_SECONDS))
    last = func.max(_columns.received)
    query = select(_columns.digest).where(_columns.device == device).group_by(_columns.digest).order_by(last.desc())
    for body in connection.execute(query).scalars().all()[MAX_BODIES - 1 :]:
        connection.execute(delete(tables.piece).where(_of(device, body)))
