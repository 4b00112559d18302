"""What the server writes down about itself: refusals, and numbers for whoever watches over it."""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import Engine, delete, func, select, text

from sync.county import tables


class Refused(NamedTuple):
    """What was refused, and to whom. `stream` and `seq` are None where the bytes did not even say."""

    device: bytes
    scope: bytes
    stream: bytes | None
    seq: int | None
    reason: str


class Totals(NamedTuple):
    """A county in numbers that are quick to get, however much it holds. `bytes` is the size of the database."""

    stations: int
    devices: int
    segments: int
    changes: int
    bytes: int


class Ledger:
    """Works on the county's database.

    Args:
        engine: the database.
        kept: how many refusals are kept, the newest.
    """

    def __init__(self, engine: Engine, kept: int) -> None:
        self._engine = engine
        self._kept = kept

    def refused(self, refusal: Refused) -> None:
        """Write a refusal down. The same one again, as a client makes that tries every hour, takes the place of the old."""
        columns = tables.refusal.c
        same = [columns[name].is_not_distinct_from(value) for name, value in refusal._asdict().items()]
        with tables.writing(self._engine) as connection:
            connection.execute(delete(tables.refusal).where(*same))
            connection.execute(tables.refusal.insert().values(at=int(time.time()), **refusal._asdict()))
            newest = connection.execute(select(func.max(columns.no))).scalar_one()
            connection.execute(delete(tables.refusal).where(columns.no <= newest - self._kept))

    def ask(self) -> None:
        """See that the database answers; raises what it raises where it does not."""
        with self._engine.connect() as connection:
            connection.execute(select(tables.setting.c.name).limit(1)).scalar()

    def totals(self) -> Totals:
        """The county in numbers."""
        stream = tables.stream.c
        with self._engine.connect() as connection:
            stations = connection.execute(select(func.count()).select_from(tables.station)).scalar_one()
            devices = connection.execute(select(func.count()).select_from(tables.device)).scalar_one()
            segments, changes = connection.execute(
                select(func.coalesce(func.sum(stream.seq), 0), func.coalesce(func.sum(stream.next_ordinal - 1), 0))
            ).one()
            size = connection.execute(text(_SIZE[connection.dialect.name])).scalar_one()
        return Totals(stations, devices, int(segments), int(changes), int(size))


_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}
