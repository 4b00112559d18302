"""What an archive holds: typed records, and drafts of what shall be saved. The types are declared by `app.records`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

import msgspec

Fields = Mapping[str, Any]

OTHER = "other"
"""Stands for the types that only a newer version knows."""

COLUMNS = frozenset({"id", "person", "created", "changed"})
"""What every record is found and ordered by."""

_NAME = re.compile("[a-z][a-z_]{0,40}")


class RecordType(msgspec.Struct, frozen=True, kw_only=True):
    """How the archive treats the records of one type.

    Attributes:
        name: lower-case word; also names its table.
        schema: raised when the meaning of a field changes. A record with a higher one was made by a newer version.
        index: fields with plain values (text, number, id) that records are found, ordered and counted by.
        lookups: what it is quick to find records by, the first of each on the left; each costs every save. Made of index
            fields and `person`. Every index field, and the person, by itself, where it is not said.
        ranked: fields in which concurrent values are not settled by time: the later in the tuple wins. Risk is never
            lowered by a merge.
        person: records of this type are people, each with a content key of its own.
        shared: records of this type are in a scope that is shared with other stations, and of no other type there.
        urgent: whether a record with these fields must go first over a slow line.
        terms: the search terms of a record, for types that can be searched. It is given fields as they come, from newer
            versions too, and with parts that have not arrived yet missing.
        terms_version: raised when `terms` gives other terms, so that the search index is made again.
    """

    name: str
    schema: int = 1
    index: tuple[str, ...] = ()
    lookups: tuple[tuple[str, ...], ...] | None = None
    ranked: dict[str, tuple[Any, ...]] = msgspec.field(default_factory=dict)
    person: bool = False
    shared: bool = False
    urgent: Callable[[Fields], bool] | None = None
    terms: Callable[[Fields], str] | None = None
    terms_version: int = 0


class Catalogue:
    """The record types that a program knows, by name."""

    def __init__(self, types: Iterable[RecordType]) -> None:
        self._types = {declared.name: declared for declared in types}
        # Names become names of tables and columns.
        for declared in self._types.values():
            names = (declared.name, *declared.index)
            if (
                not all(_NAME.fullmatch(name) for name in names)
                or declared.name == OTHER
                or COLUMNS & {*declared.index}
                or {field for lookup in declared.lookups or () for field in lookup} - {*declared.index, "person"}
            ):
                message = f"{declared.name}: a name is not a lower-case word, or taken, or not that of an index field"
                raise ValueError(message)

    def __getitem__(self, name: str) -> RecordType:
        return self._types[name]

    def __iter__(self) -> Iterator[RecordType]:
        return iter(self._types.values())

    def get(self, name: str) -> RecordType | None:
        """The type of this name, or None where only a newer version knows it."""
        return self._types.get(name)

    def fingerprint(self) -> bytes:
        """Changes whenever records would be projected otherwise than before."""
        declared = sorted(
            (
                kind.name,
                kind.schema,
                kind.index,
                kind.lookups,
                sorted(kind.ranked.items()),
                kind.shared,
                bool(kind.terms),
                kind.terms_version,
            )
            for kind in self
        )
        return hashlib.sha256(msgspec.msgpack.encode(declared)).digest()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it stands.

    Attributes:
        version: grows with every change of the record that reaches this archive; an edit is made against it.
        created: hybrid clock stamp of its first change.
        changed: hybrid clock stamp of its last change.
        fields: the values to show.
        conflicts: for a field that several people set without knowing of each other, the values not shown in `fields`.
        newer: a newer version of the program had a hand in it.
    """

    id: bytes
    type: str
    person: bytes | None
    version: int
    created: int
    changed: int
    fields: dict[str, Any]
    conflicts: dict[str, list[Any]] = msgspec.field(default_factory=dict)
    newer: bool = False


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """Something to save: a new record (`new`), or new values for fields of a record that somebody saw (`edit`)."""

    type: str
    record: bytes
    person: bytes | None
    fields: dict[str, Any]
    seen: int = 0

    @classmethod
    def new(cls, kind: str, record: bytes, fields: Fields, *, person: bytes | None = None) -> Self:
        """A new record with the id `record`, from `Archive.new_id`; `person` is whom it is about."""
        return cls(type=kind, record=record, person=person, fields=dict(fields))

    @classmethod
    def edit(cls, record: Record, fields: Fields) -> Self:
        """New values for some fields of `record`, replacing those that its reader saw."""
        return cls(type=record.type, record=record.id, person=record.person, fields=dict(fields), seen=record.version)
