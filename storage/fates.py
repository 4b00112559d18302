"""What has become of each record on its way to the county: read from the log, the receipts, and what meetings said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from storage.database import Connection, Meta, batches
from sync.ids import device_of

State = Literal["refused", "unsent", "handed", "received"]
_WORST_FIRST: tuple[State, ...] = ("refused", "unsent", "handed", "received")

HANDED, REFUSED = "handed on", "refused"
"""Under these names the archive remembers the two things that only a meeting knows."""

UNKNOWN = ""
"""The kind of what cannot be read."""

_HEAD = 130
"""Bytes of a change's body in which its type is found. A type of more is none of ours."""

_FIXSTR, _STR_8 = 0b101, 0xD9
"""How msgpack begins a text: the first three bits of a short one, the first byte of a longer one."""


class Refused(msgspec.Struct, frozen=True):
    """A segment that one side of a meeting did not take.

    Attributes:
        stream: and `seq` say which.
        reason: a text key (``sync.refused_…``).
        kind: of the place where it was, and `place` its name, as whoever remembers it calls them.
        at: when, in milliseconds since 1970.
        ours: whether the others refused what this archive holds; else this archive refused what they gave.
    """

    stream: bytes
    seq: int
    reason: str
    kind: str
    place: str
    at: int
    ours: bool = True


class Fate(msgspec.Struct, frozen=True):
    """How far a record has come: as far as the change of it that is furthest behind.

    Attributes:
        state: ``unsent``: on this device only, as far as it knows; ``handed``: on a stick or another device as well;
            ``received``: the county's server has acknowledged it; ``refused``: somebody did not take it.
        reason: text key, where it was refused.
        device: the device whose change of it came last, empty where that is this one.
    """

    state: State
    reason: str = ""
    device: bytes = b""


class Waiting(msgspec.Struct, frozen=True):
    """Changes of records of one type that no server has acknowledged.

    Attributes:
        oldest: when the first of them was made, in milliseconds since 1970; 0 unknown.
        handed: how many of them are on a stick or another device as well.
    """

    kind: str
    count: int
    oldest: int
    handed: int = 0


class Fates:
    """Answers for one archive; writes nothing.

    Args:
        connection: the archive's.
        device: id of this device.
    """

    def __init__(self, connection: Connection, device: bytes) -> None:
        self._connection = connection
        self._meta = Meta(connection)
        self._device = device

    def of(self, record: bytes) -> Fate | None:
        """The fate of one record; None where it is not here."""
        return self.of_all([record]).get(record)

    def of_all(self, records: Iterable[bytes]) -> dict[bytes, Fate]:
        """The fates of those records that are here."""
        handed, stuck = self._handed(), self._stuck()
        fates: dict[bytes, Fate] = {}
        for batch in batches(set(records)):
            marks = ", ".join("?" * len(batch))
            rows = self._connection.execute(
                "SELECT change.record, stream.id, change.ordinal, stream.acknowledged FROM change"  # noqa: S608 -- marks
                f" JOIN stream ON stream.no = change.stream WHERE change.record IN ({marks}) ORDER BY change.no",
                batch,
            )
            for record, stream, ordinal, acknowledged in rows:
                state, reason = self._state(ordinal, acknowledged, handed.get(stream, 0), stuck.get(stream))
                device = device_of(stream)
                fates[record] = _behind(fates.get(record), state, reason, b"" if device == self._device else device)
        return fates

    def waiting(self) -> list[Waiting]:
        """What no server has acknowledged, by type, most first.

        All counts together are `Backlog.waiting`, but for what has arrived and cannot be opened yet.
        """
        handed = self._handed()
        found: dict[str, tuple[int, int, int]] = {}
        for head, time, stream, ordinal in self._connection.execute(
            f"SELECT substr(change.body, 1, {_HEAD}), change.time, stream.id, change.ordinal"  # noqa: S608 -- a number
            " FROM stream JOIN change ON change.stream = stream.no AND change.ordinal > stream.acknowledged"
        ):
            kind = _type(head)
            count, oldest, elsewhere = found.get(kind, (0, 0, 0))
            at = time >> 16 if time else 0
            is_elsewhere = ordinal <= handed.get(stream, 0)
            found[kind] = count + 1, min(at or oldest, oldest or at), elsewhere + is_elsewhere
        lines = [Waiting(kind, *numbers) for kind, numbers in found.items()]
        return sorted(lines, key=lambda line: (-line.count, line.kind))

    def ends(self) -> dict[bytes, int]:
        """For each stream, the last ordinal that is in a segment: so much a store has that is in step with this one."""
        rows = self._connection.execute("SELECT id, next_ordinal - 1 FROM stream WHERE seq > 0")
        return dict(rows.fetchall())

    def holds(self, stream: bytes, seq: int) -> bool:
        """Whether a segment is here."""
        return self._place(stream, seq) is not None

    def refusals(self) -> list[Refused]:
        """What meetings were refused and what they refused, the last first."""
        said = self._meta.get(f"local.{REFUSED}")
        return msgspec.json.decode(said, type=list[Refused]) if said else []

    def handed(self) -> list[tuple[bytes, int]]:
        """For each stream, how far it is on a stick or another device, as the archive remembers it."""
        said = self._meta.get(f"local.{HANDED}")
        return msgspec.json.decode(said, type=list[tuple[bytes, int]]) if said else []

    def _handed(self) -> dict[bytes, int]:
        return dict(self.handed())

    def _stuck(self) -> dict[bytes, tuple[int, str]]:
        """For each stream that others did not take whole: from which ordinal on, and why."""
        stuck: dict[bytes, tuple[int, str]] = {}
        for one in self.refusals():
            first = self._place(one.stream, one.seq) if one.ours else None
            if first is not None and first <= stuck.get(one.stream, (first, ""))[0]:
                stuck[one.stream] = first, one.reason
        return stuck

    def _place(self, stream: bytes, seq: int) -> int | None:
        row = self._connection.execute(
            "SELECT segment.first FROM stream JOIN segment ON segment.stream = stream.no"
            " WHERE stream.id = ? AND segment.seq = ?",
            (stream, seq),
        ).fetchone()
        return int(row[0]) if row else None

    @staticmethod
    def _state(ordinal: int, acknowledged: int, handed: int, stuck: tuple[int, str] | None) -> tuple[State, str]:
        if ordinal <= acknowledged:
            return "received", ""
        if stuck and ordinal >= stuck[0]:
            return "refused", stuck[1]
        return ("handed" if ordinal <= handed else "unsent"), ""


def _behind(fate: Fate | None, state: State, reason: str, device: bytes) -> Fate:
    """The fate of a record, one more change of it considered."""
    if fate is not None and _WORST_FIRST.index(fate.state) <= _WORST_FIRST.index(state):
        state, reason = fate.state, fate.reason
    return Fate(state, reason, device)


def _type(head: bytes | None) -> str:
    """The type of a change, from the first bytes of its body: a msgpack array that begins with the type."""
    if not head:
        return UNKNOWN
    if head[1] == _STR_8:
        return head[3 : 3 + head[2]].decode(errors="replace")
    is_short = head[1] >> 5 == _FIXSTR
    return head[2 : 2 + (head[1] & 0x1F)].decode(errors="replace") if is_short else UNKNOWN
