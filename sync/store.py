"""Every place that holds segments is a `SegmentStore`: an archive, the county server, a folder, another laptop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from sync.crypto import digest
from sync.ids import device_of
from sync.segments import (
    MARK_SIZE,
    NOWHERE,
    Header,
    Point,
    Segment,
    Tail,
    UnreadableSegment,
    check_signature,
    read_envelopes,
    read_header,
)
from sync.wire import encode

READ_LIMIT = 2 * 1024 * 1024
"""Bytes of segments that one `read` returns at most, beyond its first segment."""

KNOWN = "known"
"""What the gate says of a segment that is here already."""

FORK = "sync.refused_fork"
REVOKED = "sync.refused_revoked"
GENUINE = frozenset({FORK, REVOKED})
"""Reasons for which a segment is kept apart: its device did write it, and it may not count."""

Vector = dict[bytes, Point]
"""Stream → where it ends."""


class Overview(msgspec.Struct, frozen=True):
    """What a store holds of one scope.

    Attributes:
        vector: where each stream ends.
        papers: ids of its papers.
        receipt: a server's receipt paper for this vector, empty elsewhere.
    """

    vector: Vector
    papers: list[bytes]
    receipt: bytes = b""


NOTHING = Overview({}, [])
"""Of a scope that is not there."""


def state_digest(overviews: Mapping[bytes, Overview]) -> bytes:
    """Equal for two who hold the same segments and papers of the same scopes. 32 bytes."""
    content = [
        (scope, sorted((stream, *point) for stream, point in one.vector.items()), sorted(one.papers))
        for scope, one in sorted(overviews.items())
    ]
    return digest(encode(content))


class Appended(NamedTuple):
    """How far an `append` came: how many segments are now in the store, and why the next one was refused.

    `reason` is a text key (``sync.refused_…``), empty where nothing was refused. `receipt` is a server's for all that it
    holds of the scope now, empty elsewhere.
    """

    taken: int
    reason: str = ""
    receipt: bytes = b""


REFUSALS = frozenset(
    f"sync.refused_{reason}"
    for reason in ("device", "fork", "gap", "missing", "revoked", "scope", "signature", "unreadable")
)
"""The reasons that this version knows."""


class SegmentStore(Protocol):
    """Holds whole streams of segments, and the papers of their scope."""

    def overview(self, scope: bytes) -> Overview:
        """What is here now of one scope."""
        ...

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        """What is here now, of all scopes that are here for whoever asks.

        Args:
            known: what the asker has. A store that is far away answers in a few bytes where it has the same.
        """
        ...

    def read(self, scope: bytes, stream: bytes, start: int) -> Sequence[Segment]:
        """The segments of a stream from seq `start`, in order, up to about `READ_LIMIT` bytes; empty past the end."""
        ...

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Take segments, in order, up to the first that is refused. Durable on return. Known ones count as taken."""
        ...

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids, as far as they are here."""
        ...

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Keep papers; those that do not prove themselves are left out, and their ids returned."""
        ...


def end_of(ends: Mapping[bytes, Mapping[bytes, Point]], stream: bytes) -> Point | None:
    """Where a stream ends, None where its device is not revoked.

    Args:
        ends: where the streams of revoked devices end, by device; one that is not named never counted.
        stream: any stream.
    """
    of_device = ends.get(device_of(stream))
    return None if of_device is None else of_device.get(stream, NOWHERE)


class Gate:
    """Decides, the same way in every store, whether a segment may be appended.

    Args:
        scope: the scope that the store is being asked about.
        tail_of: the end of a stream in this store.
        key_of: the signing key of a member device of the scope, or None.
        stored: the bytes of a segment that the store has, or None.
        end_of: the segment after which a stream does not count any more, because its device is revoked; None where it
            does. Another one in its place was written after the revocation, by whoever has the device now.
    """

    def __init__(
        self,
        scope: bytes,
        *,
        tail_of: Callable[[bytes], Tail],
        key_of: Callable[[bytes], bytes | None],
        stored: Callable[[bytes, int], bytes | None],
        end_of: Callable[[bytes], Point | None],
    ) -> None:
        self._scope = scope
        self._tail_of = tail_of
        self._key_of = key_of
        self._stored = stored
        self._end_of = end_of

    def examine(self, segment: Segment) -> tuple[Header, Tail] | str:
        """The header and the present tail where the segment may be appended, else the reason: `KNOWN` or a text key."""
        try:
            header = read_header(segment.data)
            read_envelopes(segment.envelopes)
        except UnreadableSegment:
            return "sync.refused_unreadable"
        tail = self._tail_of(header.stream)
        return self._reason(segment, header, tail) or (header, tail)

    def _reason(self, segment: Segment, header: Header, tail: Tail) -> str:
        if header.scope != self._scope:
            return "sync.refused_scope"
        key = self._key_of(device_of(header.stream))
        if key is None:
            return "sync.refused_device"
        if header.seq <= tail.seq and self._stored(header.stream, header.seq) == segment.data:
            return KNOWN
        try:
            check_signature(segment.data, key)
        except UnreadableSegment:
            return "sync.refused_signature"
        return self._reason_of_genuine(header, tail, digest(segment.data)[:MARK_SIZE])

    def _reason_of_genuine(self, header: Header, tail: Tail, mark: bytes) -> str:
        end = self._end_of(header.stream)
        if end is not None and (header.seq > end.seq or (header.seq == end.seq and mark != end.mark)):
            return REVOKED
        if header.seq > tail.seq + 1:
            return "sync.refused_gap"
        return "" if tail.continued_by(header) else FORK
