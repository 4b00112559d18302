"""The projection: one table per record type, folded from the log, with index columns, search terms and the state hash.

Everything in here can be thrown away and made again from the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from storage.database import Connection, Meta
from storage.fold import MODULUS, Folded, digest_alone
from storage.log import Alone, fields_of
from storage.records import COLUMNS, OTHER, Catalogue, Fields, Record, RecordType
from sync.scopes import prefix_in
from sync.wire import encode as canonical

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[dict[str, Any], dict[str, list[Any]]]).decode

LAYOUT = 4
"""Raised when the tables of this module are made otherwise, so that the projection is made again."""

_BY_ID = "no IN (SELECT no FROM change WHERE record {})"
"""Finds records by id in the log, where every record has its first row. They need no index of their own."""

# Where nothing is said, a record is a single change, as nearly all are: then the log has its content, in the same row.
_CONTENT = "ifnull(content, (SELECT body FROM change WHERE change.no = r_{0}.no))"


class Between(NamedTuple):
    """A range of values, both ends included; None leaves an end open."""

    low: Any = None
    high: Any = None


class Refolded(NamedTuple):
    """A record as it was before (None for a new one) and as it is now.

    `place` and `version` are the numbers of its first and its last row in the log: the first says where it stands among
    others, also after a rebuild.
    """

    before: Folded | None
    after: Folded
    place: int
    version: int


_Row = tuple[int, bytes, str, bytes | None, int, int, int, int, bytes | None]
"""The columns of a record before those of its index fields."""

_Sums = dict[bytes, int]
"""What is added to the state hashes, by the prefix of a scope's records; the station's own have none."""

Where = Mapping[str, Any]
"""Conditions on index fields: a value, None for a missing one, a tuple or list of values, or `Between`."""


class About(NamedTuple):
    """What people are counted by: whether records of another type that meet all conditions are about them."""

    kind: str
    where: Where


class Projection:
    """Reads and writes folded records."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._meta = Meta(connection)

    # ---- tables ----

    def create_tables(self) -> None:
        """Make the empty tables of all declared types, without what makes them quick to read."""
        for kind in self._catalogue:
            if kind.terms:
                # `terms` has prepared words that hold nothing but letters and digits, in one case: splitting at spaces is
                # all there is to do, and `ascii` does it in half the time. Short prefixes have an index of their own.
                self._connection.execute(
                    f"CREATE VIRTUAL TABLE s_{kind.name} USING fts5(terms, content='', contentless_delete=1,"
                    " tokenize='ascii', detail=none, prefix='1 2 3 4 5')"
                )
        for kind in self._kinds():
            columns = "".join(f", f_{field}" for field in kind.index)
            self._connection.execute(
                f"CREATE TABLE r_{kind.name} (no INTEGER PRIMARY KEY, id BLOB, type TEXT, person BLOB, version INTEGER,"
                f" schema INTEGER, created INTEGER, changed INTEGER, content BLOB{columns})"
            )
        self._connection.execute("DELETE FROM meta WHERE name LIKE 'state%'")
        self._meta.put("state", bytes(32))
        self._meta.put("catalogue", self._fingerprint())

    def create_indexes(self) -> None:
        """Make the indexes of tables that have none: of full tables in a fraction of the time of growing with them."""
        for kind in self._kinds():
            for lookup in _lookups(kind):
                columns = ", ".join(self._column(kind.name, field) for field in lookup)
                # Quoted, because no word with a point in it can be the name of another type or field.
                name = ".".join((kind.name, *lookup))
                self._connection.execute(f'CREATE INDEX "{name}" ON r_{kind.name} ({columns})')

    def _kinds(self) -> list[RecordType]:
        return [*self._catalogue, RecordType(name=OTHER)]

    def _fingerprint(self) -> bytes:
        return hashlib.sha256(bytes([LAYOUT]) + self._catalogue.fingerprint()).digest()

    def drop_tables(self) -> None:
        """Throw the projection away; until it is made again it is not current."""
        self._meta.put("catalogue", b"")
        rows = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'r\\_%' ESCAPE '\\'"
            " OR (name LIKE 's\\_%' ESCAPE '\\' AND sql LIKE 'CREATE VIRTUAL%'))"
        ).fetchall()
        for (name,) in rows:
            self._connection.execute(f"DROP TABLE {name}")

    def is_current(self) -> bool:
        """Whether the tables are those that this version of the program would make."""
        return bool(self._meta.get("catalogue") == self._fingerprint())

    # ---- writing ----

    def add(self, alone: Iterable[Alone]) -> None:
        """Put new records in that are single changes: as `write` does, in less time."""
        sums: _Sums = {}
        entering: dict[str, list[tuple[_Row, Fields]]] = {}
        for number, stream, ordinal, record, time, type_name, schema, person, fields in alone:
            _count(sums, record, digest_alone((stream, ordinal), (record, type_name, person), fields))
            row = (number, record, type_name, person, number, schema, time, time, None)
            entering.setdefault(self._table_of(type_name, record), []).append((row, fields))
        for table, rows in entering.items():
            self._insert(table, rows)
        self._add_to_states(sums)

    def write(self, folded: Iterable[Refolded]) -> None:
        """Put records in."""
        sums: _Sums = {}
        leaving: dict[str, list[tuple[int]]] = {}
        entering: dict[str, list[tuple[_Row, Fields]]] = {}
        for one in folded:
            after = one.after
            _count(sums, after.id, after.digest)
            if one.before:
                _count(sums, after.id, -one.before.digest)
                leaving.setdefault(self._table_of(one.before.type, after.id), []).append((one.place,))
            entering.setdefault(self._table_of(after.type, after.id), []).append((_row(one), after.fields))
        for table, places in leaving.items():
            self._remove(table, places)
        for table, rows in entering.items():
            self._insert(table, rows)
        self._add_to_states(sums)

    def remove(self, folded: Iterable[Refolded]) -> None:
        """Take records out that stand here as they are folded."""
        sums: _Sums = {}
        for one in folded:
            _count(sums, one.after.id, -one.after.digest)
            self._remove(self._table_of(one.after.type, one.after.id), [(one.place,)])
        self._add_to_states(sums)

    def merge_terms(self) -> None:
        """Write the search indexes anew: they keep the words of what was taken out until they are merged."""
        for kind in self._catalogue:
            if kind.terms:
                self._connection.execute(f"INSERT INTO s_{kind.name} (s_{kind.name}) VALUES ('optimize')")

    def _add_to_states(self, sums: _Sums) -> None:
        for prefix, delta in sums.items():
            state = (int.from_bytes(self.state(prefix), "big") + delta) % MODULUS
            self._meta.put(_state_name(prefix), state.to_bytes(32, "big"))

    def _table_of(self, type_name: str, record: bytes) -> str:
        """Where a record stands: with those of its type, unless it came in a scope where there are none of that type."""
        kind = self._catalogue.get(type_name)
        return type_name if kind and kind.shared == bool(prefix_in(record)) else OTHER

    def _remove(self, table: str, places: Sequence[tuple[int]]) -> None:
        self._connection.executemany(f"DELETE FROM r_{table} WHERE no = ?", places)
        kind = self._catalogue.get(table)
        if kind and kind.terms:
            self._connection.executemany(f"DELETE FROM s_{table} WHERE rowid = ?", places)

    def _insert(self, table: str, rows: Sequence[tuple[_Row, Fields]]) -> None:
        kind = self._catalogue.get(table)
        index = kind.index if kind else ()
        columns = "".join(f", f_{field}" for field in index)
        # Lists: going to and fro between Python and SQLite with every row costs a fifth of the time.
        self._connection.executemany(
            f"INSERT INTO r_{table} (no, id, type, person, version, schema, created, changed, content{columns})"
            f" VALUES ({', '.join('?' * (9 + len(index)))})",
            [(*row, *map(_plain, map(fields.get, index))) for row, fields in rows],
        )
        if kind and kind.terms:
            self._connection.executemany(
                f"INSERT INTO s_{table} (rowid, terms) VALUES (?, ?)",
                [(row[0], _terms(kind, fields)) for row, fields in rows],
            )

    # ---- reading ----

    def state(self, prefix: bytes = b"") -> bytes:
        """The state hash of the station's own records, or of those in the shared scope with this prefix."""
        return bytes(self._meta.get(_state_name(prefix)) or bytes(32))

    def holds(self, folded: Folded) -> bool:
        """Whether a record stands here just as it is folded."""
        table = self._table_of(folded.type, folded.id)
        row = self._connection.execute(
            f"SELECT type, person, schema, created, changed, content IS NULL, {_CONTENT.format(table)} FROM r_{table}"
            f" WHERE {_BY_ID.format('= ?')} AND id = ?",
            (folded.id, folded.id),
        ).fetchone()
        expected = (folded.type, folded.person, folded.schema, folded.created, folded.changed)
        content = canonical([folded.fields, folded.conflicts])
        return bool(row and row[:5] == expected and canonical(_content(*row[5:])) == content)

    def get(self, kind: str, record: bytes) -> Record | None:
        """A record, or None."""
        found = self._select(kind, f"WHERE {_BY_ID.format('= ?')}", (record,))
        return found[0] if found else None

    def find(
        self, kind: str, where: Where, *, order: str = "", descending: bool = False, limit: int = -1, offset: int = 0
    ) -> list[Record]:
        """Records of a type; ordered by an index field, `created` or `changed`, else as they came."""
        clause, values = self._where(kind, where)
        direction = "DESC" if descending else "ASC"
        ordering = f"ORDER BY {self._column(kind, order) if order else 'no'} {direction}, no {direction}"
        return self._select(kind, f"{clause} {ordering} LIMIT ? OFFSET ?", (*values, limit, offset))

    def tally(self, kind: str, by: Sequence[str | About], where: Where) -> dict[tuple[Any, ...], int]:
        """How many records there are for each combination of values of the fields `by`; those with none are absent."""
        columns: list[str] = []
        values: list[Any] = []
        for field in by:
            if isinstance(field, About):
                clause, asked = self._where(field.kind, field.where)
                columns.append(f"ifnull(person IN (SELECT person FROM r_{field.kind} {clause}), 0)")
                values += asked
            else:
                columns.append(self._column(kind, field))
        clause, asked = self._where(kind, where)
        group = ", ".join(str(place + 1) for place in range(len(by)))
        rows = self._connection.execute(
            f"SELECT {', '.join([*columns, 'count(*)'])} FROM r_{kind} {clause} {'GROUP BY ' if by else ''}{group}",
            [*values, *asked],
        )
        return {row[:-1]: row[-1] for row in rows}

    def search(self, kind: str, match: str, limit: int) -> list[Record]:
        """Records whose terms match an FTS5 expression, the last that came first."""
        matching = f"SELECT rowid FROM s_{kind} WHERE s_{kind} MATCH ? ORDER BY rowid DESC LIMIT ?"
        return self._select(kind, f"WHERE no IN ({matching}) ORDER BY no DESC", (match, limit))

    def _select(self, kind: str, rest: str, values: Sequence[Any]) -> list[Record]:
        declared = self._catalogue[kind] if kind != OTHER else None
        rows = self._connection.execute(
            "SELECT id, type, person, version, created, changed, schema, content IS NULL,"
            f" {_CONTENT.format(kind)} FROM r_{kind} {rest}",
            values,
        )
        records = []
        for record, type_name, person, version, created, changed, schema, alone, content in rows:
            fields, conflicts = _content(alone, content)
            newer = declared is None or schema > declared.schema
            records.append(
                Record(
                    id=record,
                    type=type_name,
                    person=person,
                    version=version,
                    created=created,
                    changed=changed,
                    fields=fields,
                    conflicts=conflicts,
                    newer=newer,
                )
            )
        return records

    def _column(self, kind: str, field: str) -> str:
        if field in COLUMNS:
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
            shape = _BY_ID if field == "id" else f"{column} {{}}"
            if wanted is None:
                parts.append(shape.format("IS NULL"))
            elif isinstance(wanted, Between):
                bounds = [(sign, end) for sign, end in ((">=", wanted.low), ("<=", wanted.high)) if end is not None]
                parts += [shape.format(f"{sign} ?") for sign, _ in bounds]
                values += [end for _, end in bounds]
            elif isinstance(wanted, (tuple, list)):
                parts.append(shape.format(f"IN ({', '.join('?' * len(wanted))})"))
                values += wanted
            else:
                parts.append(shape.format("= ?"))
                values.append(wanted)
        return (f"WHERE {' AND '.join(parts)}" if parts else ""), values


def _count(sums: _Sums, record: bytes, delta: int) -> None:
    prefix = prefix_in(record)
    sums[prefix] = sums.get(prefix, 0) + delta


def _state_name(prefix: bytes) -> str:
    return f"state {prefix.hex()}" if prefix else "state"


def _lookups(kind: RecordType) -> Sequence[tuple[str, ...]]:
    if kind.lookups is not None:
        return kind.lookups
    # People are found by their ids.
    return [(field,) for field in (*(() if kind.person else ("person",)), *kind.index)]


def _row(one: Refolded) -> _Row:
    after = one.after
    content = None if one.place == one.version else _encode((after.fields, after.conflicts))
    return (
        one.place,
        after.id,
        after.type,
        after.person,
        one.version,
        after.schema,
        after.created,
        after.changed,
        content,
    )


def _content(alone: bool, data: bytes) -> tuple[dict[str, Any], dict[str, list[Any]]]:  # noqa: FBT001 -- from a row
    """The fields and conflicts of a record, from its own content or from its only row in the log."""
    if alone:
        return fields_of(data), {}
    return _decode(data)


def _plain(value: Any) -> Any:
    """An index column holds only plain values; anything else is not indexed."""
    if value is None or isinstance(value, (str, bytes, float)):
        return value
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None


def _terms(kind: RecordType, fields: Fields) -> str:
    """The search terms; none where a newer version gave the fields a shape that this one does not expect.

    Such a record can be seen in every list. It must not keep the others from being folded.
    """
    try:
        return kind.terms(fields) if kind.terms else ""
    except (LookupError, TypeError, ValueError, AttributeError):
        return ""
