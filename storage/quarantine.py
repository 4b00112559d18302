"""Segments that their device did write and that may not count: kept apart, and taken back where the county says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from storage.database import Connection, Meta
from sync.crypto import digest
from sync.segments import Segment, read_header
from sync.store import REVOKED

_TOLD = "told apart"
HASH_SIZE = 32


class Apart(NamedTuple):
    """A segment in quarantine. `reason` is a text key (``sync.refused_…``)."""

    stream: bytes
    seq: int
    reason: str


class Quarantine:
    """Reads and writes the table `quarantine`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._meta = Meta(connection)

    def keep(self, segment: Segment, reason: str) -> None:
        """Set a segment apart; once is enough."""
        header = read_header(segment.data)
        self._connection.execute(
            "INSERT OR IGNORE INTO quarantine (hash, stream, seq, reason, data, envelopes) VALUES (?, ?, ?, ?, ?, ?)",
            (digest(segment.data), header.stream, header.seq, reason, segment.data, segment.envelopes),
        )

    def listed(self) -> list[Apart]:
        """What is set apart, and why."""
        rows = self._connection.execute("SELECT stream, seq, reason FROM quarantine ORDER BY stream, seq, hash")
        return [Apart(*row) for row in rows]

    def of_revoked(self) -> Iterator[Segment]:
        """Those of revoked devices, stream by stream, in order."""
        rows = self._connection.execute(
            "SELECT data, envelopes FROM quarantine WHERE reason = ? ORDER BY stream, seq, hash", (REVOKED,)
        ).fetchall()
        for row in rows:
            yield Segment(*row)

    def untold(self, scope: bytes) -> list[Segment]:
        """Those of revoked devices in a scope that the county has not been shown."""
        told = self._told()
        return [
            one for one in self.of_revoked() if read_header(one.data).scope == scope and digest(one.data) not in told
        ]

    def note_told(self, segments: Sequence[Segment]) -> None:
        """Note that the county has been shown segments; what is here no more is forgotten."""
        here = {row[0] for row in self._connection.execute("SELECT hash FROM quarantine")}
        told = (self._told() | {digest(one.data) for one in segments}) & here
        self._meta.put(_TOLD, b"".join(sorted(told)))

    def _told(self) -> set[bytes]:
        kept = bytes(self._meta.get(_TOLD) or b"")
        return {kept[at : at + HASH_SIZE] for at in range(0, len(kept), HASH_SIZE)}

    def remove(self, segment: Segment) -> None:
        """Take a segment out: it counts now."""
        self._connection.execute("DELETE FROM quarantine WHERE hash = ?", (digest(segment.data),))
