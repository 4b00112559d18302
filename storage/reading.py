"""What is read from an archive, as far as whoever reads may see it."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Self

import msgspec

from storage.database import batches
from storage.fold import age
from storage.guard import Everything, Guard, check_read
from storage.log import Log
from storage.projection import Projection, Where
from storage.records import Record
from sync.changes import Change


class Reading:
    """The reading half of an archive. Every method raises Problem where the guard shows nothing of a type."""

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
        return visible is None or bool(visible)

    # ---- records ----

    def get(self, kind: str, record: bytes) -> Record | None:
        """A record, or None."""
        visible = check_read(self._guard, kind)
        found = self._projection.get(kind, record)
        return _seen(found, visible) if found else None

    def get_all(self, kind: str, records: Iterable[bytes]) -> dict[bytes, Record]:
        """Those of the records that are there, by id."""
        visible = check_read(self._guard, kind)
        found = (self._projection.find(kind, {"id": batch}) for batch in batches(set(records)))
        return {record.id: _seen(record, visible) for batch in found for record in batch}

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
        found = self._projection.find(kind, where or {}, order=order, descending=descending, limit=limit, offset=offset)
        return [_seen(record, visible) for record in found]

    def tally(self, kind: str, by: Sequence[str] = (), where: Where | None = None) -> dict[tuple[Any, ...], int]:
        """How many records there are for each combination of values of the index fields `by`."""
        check_read(self._guard, kind, [*by, *(where or {})])
        return self._projection.tally(kind, by, where or {})

    def search(self, kind: str, match: str, limit: int = 50) -> list[Record]:
        """Records whose search terms match an FTS5 expression, the last that came first."""
        visible = check_read(self._guard, kind)
        return [_seen(record, visible) for record in self._projection.search(kind, match, limit)]

    def history(self, record: bytes) -> list[Change]:
        """All that ever happened to a record, as far as it can be read, oldest first."""
        changes = [one.change for one in sorted((one.stored for one in self._log.of_record(record)), key=age)]
        seen = []
        for change in changes:
            visible = check_read(self._guard, change.type)
            fields = {name: value for name, value in change.fields.items() if visible is None or name in visible}
            seen.append(msgspec.structs.replace(change, fields=fields))
        return seen


def _seen(record: Record, visible: Collection[str] | None) -> Record:
    """A record without what may not be seen."""
    if visible is None:
        return record
    return msgspec.structs.replace(
        record,
        fields={name: value for name, value in record.fields.items() if name in visible},
        conflicts={name: value for name, value in record.conflicts.items() if name in visible},
    )
