"""What is read from an archive, as far as whoever reads may see it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Self

import msgspec

from storage.database import batches
from storage.errors import Problem
from storage.fold import age
from storage.guard import Everything, Guard, check_read
from storage.log import Log
from storage.projection import About, Projection, Where
from storage.records import COLUMNS, Record
from sync.changes import Change


class Reading:
    """The reading half of an archive. Every method raises Problem where the guard shows nothing of a type."""

    user: bytes

    def __init__(self, log: Log, projection: Projection) -> None:
        self._log = log
        self._projection = projection
        self._guard: Guard = Everything()

    # ---- whose eyes ----

    def as_seen_by(self, guard: Guard) -> Self:
        """The same open archive, showing and saving only what `guard` allows."""
        seen = copy.copy(self)
        seen._guard = guard  # noqa: SLF001 -- of our own copy
        return seen

    @property
    def guard(self) -> Guard:
        """Whose eyes these are."""
        return self._guard

    @property
    def whole(self) -> Self:
        """The same open archive without a guard: for what is decided on and not shown, as whether somebody has answered."""
        return self.as_seen_by(Everything())

    def may_read(self, kind: str) -> bool:
        """Whether anything of a type is shown."""
        visible = self._guard.fields(kind)
        return visible is None or bool(visible) or self._guard.sees_own(kind)

    # ---- records ----

    def get(self, kind: str, record: bytes) -> Record | None:
        """A record, or None."""
        return self.get_all(kind, [record]).get(record)

    def get_all(self, kind: str, records: Iterable[bytes]) -> dict[bytes, Record]:
        """Those of the records that are there, by id."""
        check_read(self._guard, kind)
        found = (self._projection.find(kind, self._narrowed(kind, {"id": batch})) for batch in batches(set(records)))
        return {record.id: record for batch in found for record in self._seen(kind, batch)}

    def find(
        self,
        kind: str,
        where: Where | None = None,
        *,
        order: str = "",
        descending: bool = False,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Record]:
        """Records of a type that meet all conditions.

        Ordered by an index field, `created` or `changed`; else as they came to this archive.
        """
        visible = check_read(self._guard, kind, [*(where or {}), order])
        narrowed = self._narrowed(kind, where or {})
        if visible is None or visible:
            found = self._projection.find(
                kind, narrowed, order=order, descending=descending, limit=limit, offset=offset
            )
            return self._seen(kind, found)
        # Only one's own are seen: which those are, is known when they are read.
        own = self._seen(kind, self._projection.find(kind, narrowed, order=order, descending=descending))
        return own[offset : offset + limit if limit >= 0 else None]

    def tally(self, kind: str, by: Sequence[str] = (), where: Where | None = None) -> dict[tuple[Any, ...], int]:
        """How many records there are for each combination of values of the index fields `by`."""
        visible = check_read(self._guard, kind, [*by, *(where or {})])
        if visible is None or visible:
            return self._projection.tally(kind, by, self._narrowed(kind, where or {}))
        own = self.find(kind, where)
        counted = Counter(tuple(_column(record, field) for field in by) for record in own)
        return {(): len(own)} if not by else dict(counted)

    def coverage(self, kind: str, by: str, where: Where, others: Sequence[About]) -> dict[tuple[Any, ...], int]:
        """How many people there are for each value of an index field and each answer to whether `others` are about them.

        That is told to whoever may count the people: whom nobody has asked yet, everybody must see.
        """
        if check_read(self._guard, kind, [by, *where]) == set():
            raise Problem("access.read")
        return self._projection.tally(kind, [by, *others], self._narrowed(kind, where))

    def search(self, kind: str, match: str, limit: int = 50) -> list[Record]:
        """Records whose search terms match an FTS5 expression, the last that came first."""
        visible = check_read(self._guard, kind)
        if self._guard.within(kind) or visible == set():
            found = [record.id for record in self._projection.search(kind, match, -1)]
            seen = self.get_all(kind, found)
            return [seen[record] for record in found if record in seen][:limit]
        return self._seen(kind, self._projection.search(kind, match, limit))

    def history(self, record: bytes) -> list[Change]:
        """All that ever happened to a record, as far as it can be read and seen, oldest first."""
        changes = [one.change for one in sorted((one.stored for one in self._log.of_record(record)), key=age)]
        if changes and self._hides(changes[0].type) and self.get(changes[0].type, record) is None:
            return []
        return [self._seen_change(change, is_own=changes[0].actor == self.user) for change in changes]

    # ---- whose eyes, again ----

    def _hides(self, kind: str) -> bool:
        """Whether there may be records of a type that are not shown at all."""
        return bool(self._guard.within(kind)) or self._guard.fields(kind) == set()

    def _narrowed(self, kind: str, where: Where) -> Where:
        """Conditions, and those that the guard adds to them."""
        narrowed = dict(where)
        for field, allowed in self._guard.within(kind).items():
            if field not in where:
                narrowed[field] = tuple(allowed)
                continue
            asked = where[field] if isinstance(where[field], (tuple, list)) else (where[field],)
            narrowed[field] = tuple(value for value in asked if value in allowed)
        return narrowed

    def _seen(self, kind: str, records: list[Record]) -> list[Record]:
        """Records without what may not be seen."""
        visible = self._guard.fields(kind)
        if visible is None:
            return records
        own = self._own(record.id for record in records) if self._guard.sees_own(kind) else set()
        return [
            record if record.id in own else _partly(record, visible)
            for record in records
            if visible or record.id in own
        ]

    def _seen_change(self, change: Change, *, is_own: bool) -> Change:
        visible = self._guard.fields(change.type)
        if visible is None or (is_own and self._guard.sees_own(change.type)):
            return change
        fields = {name: value for name, value in change.fields.items() if name in visible}
        return msgspec.structs.replace(change, fields=fields)

    def _own(self, records: Iterable[bytes]) -> set[bytes]:
        """Those of the records that the user made who opened the archive."""
        firsts = (min((one.stored for one in logged), key=age) for logged in self._log.of_records({*records}))
        return {first.change.record for first in firsts if first.change.actor == self.user}


def _partly(record: Record, visible: Collection[str]) -> Record:
    """A record without what may not be seen."""
    return msgspec.structs.replace(
        record,
        fields={name: value for name, value in record.fields.items() if name in visible},
        conflicts={name: value for name, value in record.conflicts.items() if name in visible},
    )


def _column(record: Record, field: str) -> Any:
    return getattr(record, field) if field in COLUMNS else record.fields.get(field)
