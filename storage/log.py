"""The log: every change that ever reached this archive, in plain form inside the encrypted file."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from storage.database import Connection, batches
from storage.errors import Problem
from storage.fold import Stored
from sync.changes import Change, ChangeId, decode_fields, decode_payload, encode_payload
from sync.segments import Opened

MAX_CHANGE = 2 * 1024 * 1024
"""Bytes of one change; a segment must hold it (see `sync.segments.MAX_SEGMENT`)."""

EMPTIED = bytes(16)
"""Stands for the person, the record and the user of a change that was emptied before it was sealed: nobody at all."""

_COLUMNS = "no, stream, ordinal, record, time, body"
_READABLE = "time IS NOT NULL"
"""Neither unread (no body either) nor emptied (an empty body)."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, int, bytes | None, bytes, bytes]).decode
_Row = tuple[int, int, bytes, int | None, bytes | None]


_EMPTY = Change(record=EMPTIED, type="emptied", schema=1, person=EMPTIED, actor=EMPTIED, time=0, fields={})


class Logged(NamedTuple):
    """A change and when it arrived: row numbers grow, and a record's version is its last row number."""

    no: int
    stored: Stored


Alone = tuple[int, bytes, int, bytes, int, str, int, bytes | None, dict[str, Any]]
"""A change that is the only one of its record, in the shape that is quickest to make: row number, stream, ordinal, and of
the change record, time, type, schema, person and fields."""


class Log:
    """Appends and reads changes. Streams have a small local number in here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids: dict[int, bytes] = {}

    def append(self, stream: int, first: int, changes: Sequence[Change]) -> int:
        """Write changes with ordinals from `first`; returns the row number of the first. Raises Problem."""
        number = self.version() + 1
        self._insert(
            [
                (stream, ordinal, change.record, change.time, _body(change))
                for ordinal, change in enumerate(changes, first)
            ]
        )
        return number

    def append_opened(self, stream: int, opened: Iterable[Opened]) -> None:
        """Write changes from a segment; one that cannot be read keeps its place, without content.

        Those that this device wrote itself before it was put back from a backup are here already.
        """
        rows = (
            (stream, one.ordinal, one.record, one.change.time, _body(one.change))
            if one.change
            else (stream, one.ordinal, one.record, None, None)
            for one in opened
        )
        self._insert(rows, "OR IGNORE")

    def reread(self, stream: int, changes: Sequence[tuple[int, Change]]) -> None:
        """Put the content of changes in, by ordinal, that could not be read before.

        Nobody has seen them yet, so they move to the end: an edit replaces what its author saw, up to a row number.
        """
        numbers = itertools.count(self.version() + 1)
        self._connection.executemany(
            "UPDATE change SET no = ?, time = ?, body = ? WHERE stream = ? AND ordinal = ?",
            [(next(numbers), change.time, _body(change), stream, ordinal) for ordinal, change in changes],
        )

    def unreadable_of(self, stream: int) -> set[int]:
        """The ordinals of a stream's changes that cannot be read."""
        rows = self._connection.execute("SELECT ordinal FROM change WHERE stream = ? AND body IS NULL", (stream,))
        return {row[0] for row in rows}

    def records_from(self, stream: int, ordinal: int) -> set[bytes]:
        """The records that the readable changes of a stream from an ordinal on are about."""
        rows = self._connection.execute(
            f"SELECT record FROM change WHERE stream = ? AND ordinal >= ? AND {_READABLE}",  # noqa: S608 -- constant
            (stream, ordinal),
        )
        return {row[0] for row in rows}

    def remove(self, stream: int, ordinal: int) -> None:
        """Take the changes of a stream from an ordinal on out: they may come again."""
        self._connection.execute("DELETE FROM change WHERE stream = ? AND ordinal >= ?", (stream, ordinal))

    def of_person(self, person: bytes, scope: bytes) -> list[tuple[int, bytes]]:
        """Row numbers and records of all readable changes in a scope that belong to a person, in whatever record."""
        rows = self._connection.execute(
            f"SELECT no, record, body FROM change WHERE {_READABLE} AND instr(body, ?) > 0"  # noqa: S608 -- constant
            " AND stream IN (SELECT no FROM stream WHERE scope = ?)",
            (person, scope),
        )
        return [(number, record) for number, record, body in rows if _decode(body)[2] == person]

    def empty(self, numbers: Iterable[int]) -> None:
        """Destroy what changes say, by row number; their places stay, so that ordinals have no gap."""
        self._connection.executemany(
            "UPDATE change SET time = NULL, body = x'' WHERE no = ?", [(number,) for number in numbers]
        )

    def cross_off(self, stream: int, ordinals: Iterable[int]) -> None:
        """Note that changes which cannot be read never will be."""
        self._connection.executemany(
            "UPDATE change SET body = x'' WHERE stream = ? AND ordinal = ? AND body IS NULL",
            [(stream, ordinal) for ordinal in ordinals],
        )

    def _insert(self, rows: Iterable[_Row], conflict: str = "") -> None:
        self._connection.executemany(
            f"INSERT {conflict} INTO change (stream, ordinal, record, time, body) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            rows,
        )

    def version(self) -> int:
        """The number of the last row."""
        return int(self._connection.execute("SELECT coalesce(max(no), 0) FROM change").fetchone()[0])

    def next_ordinal(self, stream: int) -> int:
        """The ordinal of the next change of a stream."""
        row = self._connection.execute(
            "SELECT coalesce(max(ordinal), 0) + 1 FROM change WHERE stream = ?", (stream,)
        ).fetchone()
        return int(row[0])

    def of_record(self, record: bytes) -> list[Logged]:
        """The readable changes of a record, in the order of their arrival."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM change WHERE record = ? AND {_READABLE} ORDER BY no",  # noqa: S608 -- constant
            (record,),
        )
        return [self._logged(row) for row in rows]

    def of_stream(self, stream: int, first: int, count: int, size: int) -> list[Change]:
        """Changes of a stream from ordinal `first`: at most `count`, and about `size` bytes.

        One that was emptied keeps its ordinal and says nothing more.
        """
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM change WHERE stream = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?",  # noqa: S608
            (stream, first, count),
        )
        changes: list[Change] = []
        for row in rows:
            changes.append(self._logged(row).stored.change if row[-1] else _EMPTY)
            size -= len(row[-1])
            if size <= 0:
                break
        return changes

    def repeated(self) -> set[bytes]:
        """The records of which there is more than one change, readable or not."""
        return {
            row[0] for row in self._connection.execute("SELECT record FROM change GROUP BY record HAVING count(*) > 1")
        }

    def alone(self, repeated: Collection[bytes]) -> Iterator[Alone]:
        """The readable changes of all records but these, as they came."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM change WHERE {_READABLE} ORDER BY no")  # noqa: S608
        for number, stream, ordinal, record, time, body in rows:
            if record not in repeated:
                type_name, schema, person, _, payload = _decode(body)
                fields = decode_fields(payload)
                yield number, self._stream_id(stream), ordinal, record, time, type_name, schema, person, fields

    def by_record(self) -> Iterator[list[Logged]]:
        """All readable changes, record by record."""
        return self._grouped(_READABLE, ())

    def of_records(self, records: Collection[bytes]) -> Iterator[list[Logged]]:
        """The readable changes of some records, record by record."""
        for batch in batches(records):
            yield from self._grouped(f"record IN ({', '.join('?' * len(batch))}) AND {_READABLE}", batch)

    def _grouped(self, condition: str, values: Sequence[bytes]) -> Iterator[list[Logged]]:
        cursor = self._connection.execute(
            f"SELECT {_COLUMNS} FROM change WHERE {condition} ORDER BY record, no",  # noqa: S608 -- constants
            values,
        )
        logged = (self._logged(row) for row in cursor)
        for _, group in itertools.groupby(logged, key=lambda one: one.stored.change.record):
            yield list(group)

    def count(self) -> int:
        """How many changes there are."""
        return int(self._connection.execute("SELECT count(*) FROM change").fetchone()[0])

    def unreadable(self) -> int:
        """How many changes arrived whose content cannot be read."""
        return int(self._connection.execute("SELECT count(*) FROM change WHERE body IS NULL").fetchone()[0])

    def _logged(self, row: Sequence[Any]) -> Logged:
        number, stream, ordinal, record, time, body = row
        return Logged(number, Stored(ChangeId(self._stream_id(stream), ordinal), _change(record, time, body)))

    def _stream_id(self, number: int) -> bytes:
        known = self._ids.get(number)
        if known is None:
            (known,) = self._connection.execute("SELECT id FROM stream WHERE no = ?", (number,)).fetchone()
            self._ids[number] = known
        return known


def _change(record: bytes, time: int, body: bytes) -> Change:
    type_name, schema, person, actor, payload = _decode(body)
    fields, base = decode_payload(payload)
    return Change(
        record=record,
        type=type_name,
        schema=schema,
        person=person,
        actor=actor,
        time=time,
        fields=fields,
        base=base,
    )


def _body(change: Change) -> bytes:
    payload = encode_payload(change.fields, change.base)
    if len(payload) > MAX_CHANGE:
        raise Problem("archive.too_large", megabytes=MAX_CHANGE // (1024 * 1024))
    return _encode((change.type, change.schema, change.person, change.actor, payload))


def fields_of(body: bytes) -> dict[str, Any]:
    """The fields that a change sets, from the body of its row."""
    return decode_fields(_decode(body)[-1])
