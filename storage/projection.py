"""The projection: one table per record type, folded from the log, with index columns, search terms and the state hash.

Everything in here can be thrown away and made again from the log.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from storage.database import Connection, Meta
from storage.fold import MODULUS, Folded
from storage.records import Catalogue, Record, RecordType

OTHER = "other"
"""Holds the records of types that only a newer version knows."""

_BATCH = 500
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode
_NO_CONFLICTS = _encode({})


class Between(NamedTuple):
    """A range of values, both ends included; None leaves an end open."""

    low: Any = None
    high: Any = None


class Refolded(NamedTuple):
    """A record as it was before (None for a new one), as it is now, and its version."""

    before: Folded | None
    after: Folded
    version: int


Where = Mapping[str, Any]
"""Conditions on index fields: a value, None for a missing one, a tuple or list of values, or `Between`."""


class Projection:
    """Reads and writes folded records."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._meta = Meta(connection)

    # ---- tables ----

    def create_tables(self) -> None:
        """Make the empty tables of all declared types."""
        for kind in (*self._catalogue, RecordType(name=OTHER)):
            columns = "".join(f", f_{field}" for field in kind.index)
            self._connection.execute(
                f"CREATE TABLE r_{kind.name} (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, type TEXT NOT NULL,"
                " person BLOB, version INTEGER NOT NULL, schema INTEGER NOT NULL, created INTEGER NOT NULL,"
                f" changed INTEGER NOT NULL, fields BLOB NOT NULL, conflicts BLOB NOT NULL{columns})"
            )
            self._connection.execute(f"CREATE INDEX r_{kind.name}_person ON r_{kind.name} (person)")
            for field in kind.index:
                self._connection.execute(f"CREATE INDEX r_{kind.name}_{field} ON r_{kind.name} (f_{field})")
            if kind.terms:
                # `unicode61` splits at spaces only what `terms` prepared; short prefixes have an index of their own.
                self._connection.execute(
                    f"CREATE VIRTUAL TABLE s_{kind.name} USING fts5(terms, content='', contentless_delete=1,"
                    " tokenize='unicode61', prefix='1 2 3', detail='none')"
                )
        self._meta.put("state", bytes(32))
        self._meta.put("catalogue", self._catalogue.fingerprint())

    def drop_tables(self) -> None:
        """Throw the projection away."""
        rows = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'r\\_%' ESCAPE '\\'"
            " OR (name LIKE 's\\_%' ESCAPE '\\' AND sql LIKE 'CREATE VIRTUAL%'))"
        ).fetchall()
        for (name,) in rows:
            self._connection.execute(f"DROP TABLE {name}")

    def is_current(self) -> bool:
        """Whether the tables are those that this version of the program would make."""
        return bool(self._meta.get("catalogue") == self._catalogue.fingerprint())

    # ---- writing ----

    def write(self, folded: Iterable[Refolded]) -> None:
        """Put records in."""
        delta = 0
        by_table: dict[str, list[tuple[int | None, Refolded]]] = {}
        for one in folded:
            delta += one.after.digest
            number = None
            if one.before:
                delta -= one.before.digest
                number = self._remove(one.before)
            by_table.setdefault(self._table_of(one.after.type), []).append((number, one))
        for table, rows in by_table.items():
            self._insert(table, rows)
        state = int.from_bytes(self._meta.get("state"), "big")
        self._meta.put("state", ((state + delta) % MODULUS).to_bytes(32, "big"))

    def _table_of(self, type_name: str) -> str:
        return type_name if self._catalogue.get(type_name) else OTHER

    def _remove(self, before: Folded) -> int:
        """Take a record out; returns its place, so that its successor stays where people are used to see it."""
        table = self._table_of(before.type)
        cursor = self._connection.execute(f"DELETE FROM r_{table} WHERE id = ? RETURNING no", (before.id,))
        ((number,),) = cursor.fetchall()
        kind = self._catalogue.get(table)
        if kind and kind.terms:
            self._connection.execute(f"DELETE FROM s_{table} WHERE rowid = ?", (number,))
        return int(number)

    def _insert(self, table: str, rows: Sequence[tuple[int | None, Refolded]]) -> None:
        kind = self._catalogue.get(table)
        index = kind.index if kind else ()
        (last,) = self._connection.execute(f"SELECT coalesce(max(no), 0) FROM r_{table}").fetchone()
        fresh = itertools.count(last + 1)
        numbered = [(next(fresh) if number is None else number, one) for number, one in rows]
        columns = "".join(f", f_{field}" for field in index)
        marks = ", ".join("?" * (10 + len(index)))
        self._connection.executemany(
            f"INSERT INTO r_{table} (no, id, type, person, version, schema, created, changed, fields, conflicts{columns})"
            f" VALUES ({marks})",
            (_row(number, one, index) for number, one in numbered),
        )
        if kind and kind.terms:
            terms = kind.terms
            self._connection.executemany(
                f"INSERT INTO s_{table} (rowid, terms) VALUES (?, ?)",
                ((number, terms(one.after.fields)) for number, one in numbered),
            )

    # ---- reading ----

    def state(self) -> bytes:
        """The state hash."""
        return bytes(self._meta.get("state"))

    def get(self, kind: str, record: bytes) -> Record | None:
        """A record, or None."""
        found = self._select(kind, "WHERE id = ?", (record,))
        return found[0] if found else None

    def find(
        self, kind: str, where: Where, *, order: str = "", descending: bool = False, limit: int = -1, offset: int = 0
    ) -> list[Record]:
        """Records of a type; ordered by an index field, `created` or `changed`, else by age."""
        clause, values = self._where(kind, where)
        direction = "DESC" if descending else "ASC"
        ordering = f"ORDER BY {self._column(kind, order) if order else 'no'} {direction}, no {direction}"
        return self._select(kind, f"{clause} {ordering} LIMIT ? OFFSET ?", (*values, limit, offset))

    def tally(self, kind: str, by: Sequence[str], where: Where) -> dict[tuple[Any, ...], int]:
        """How many records there are for each combination of values of the fields `by`; those with none are absent."""
        clause, values = self._where(kind, where)
        columns = ", ".join(self._column(kind, field) for field in by)
        group = f"GROUP BY {columns}" if by else ""
        rows = self._connection.execute(
            f"SELECT count(*){', ' if by else ''}{columns} FROM r_{kind} {clause} {group}", values
        )
        return {tuple(row[1:]): row[0] for row in rows}

    def search(self, kind: str, match: str, limit: int) -> list[Record]:
        """Records whose terms match an FTS5 expression, the newest first."""
        rows = self._connection.execute(
            f"SELECT rowid FROM s_{kind} WHERE s_{kind} MATCH ? ORDER BY rowid DESC LIMIT ?", (match, limit)
        ).fetchall()
        numbers = [row[0] for row in rows]
        return self._select(kind, f"WHERE no IN ({', '.join('?' * len(numbers))}) ORDER BY no DESC", numbers)

    def _select(self, kind: str, rest: str, values: Sequence[Any]) -> list[Record]:
        declared = self._catalogue[kind] if kind != OTHER else None
        rows = self._connection.execute(
            f"SELECT id, type, person, version, created, changed, fields, conflicts, schema FROM r_{kind} {rest}",
            values,
        )
        return [
            Record(
                id=row[0],
                type=row[1],
                person=row[2],
                version=row[3],
                created=row[4],
                changed=row[5],
                fields=_decode(row[6]),
                conflicts=_decode(row[7]),
                newer=declared is None or row[8] > declared.schema,
            )
            for row in rows
        ]

    def _column(self, kind: str, field: str) -> str:
        if field in {"id", "person", "created", "changed"}:
            return field
        if field not in self._catalogue[kind].index:
            message = f"{kind}.{field} is not an index field"
            raise KeyError(message)
        return f"f_{field}"

    def _where(self, kind: str, where: Where) -> tuple[str, list[Any]]:
        parts: list[str] = []
        values: list[Any] = []
        for field, wanted in where.items():
            column = self._column(kind, field)
            if wanted is None:
                parts.append(f"{column} IS NULL")
            elif isinstance(wanted, Between):
                bounds = [(sign, end) for sign, end in ((">=", wanted.low), ("<=", wanted.high)) if end is not None]
                parts += [f"{column} {sign} ?" for sign, _ in bounds]
                values += [end for _, end in bounds]
            elif isinstance(wanted, (tuple, list)):
                parts.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += wanted
            else:
                parts.append(f"{column} = ?")
                values.append(wanted)
        return (f"WHERE {' AND '.join(parts)}" if parts else ""), values


def _row(number: int, one: Refolded, index: Sequence[str]) -> tuple[Any, ...]:
    after = one.after
    return (
        number,
        after.id,
        after.type,
        after.person,
        one.version,
        after.schema,
        after.created,
        after.changed,
        _encode(after.fields),
        _encode(after.conflicts) if after.conflicts else _NO_CONFLICTS,
        *(_plain(after.fields.get(field)) for field in index),
    )


def _plain(value: Any) -> Any:
    """An index column holds only plain values; anything else is not indexed."""
    return value if isinstance(value, (str, int, float, bytes)) else None
