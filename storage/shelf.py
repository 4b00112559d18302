"""The shelf: the sealed segments of all streams, as they came or as they were made here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from storage.database import Connection
from sync.crypto import digest
from sync.segments import CHAIN_START, MARK_SIZE, Point, Segment, Tail, read_header
from sync.store import READ_LIMIT, Vector


class Shelved(NamedTuple):
    """A segment that is to be opened: its place and its bytes."""

    stream: int
    seq: int
    epoch: int
    data: bytes


class Shelf:
    """Reads and writes the tables `stream` and `segment`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def vector(self, scope: bytes) -> Vector:
        """Where each stream of a scope ends."""
        rows = self._connection.execute("SELECT id, seq, hash FROM stream WHERE scope = ? AND seq > 0", (scope,))
        return {stream: Point(seq, whole[:MARK_SIZE]) for stream, seq, whole in rows}

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`, up to about `READ_LIMIT` bytes."""
        rows = self._connection.execute(
            "SELECT data, envelopes FROM segment WHERE stream = (SELECT no FROM stream WHERE id = ? AND scope = ?)"
            " AND seq >= ? ORDER BY seq",
            (stream, scope, start),
        )
        segments: list[Segment] = []
        size = 0
        for data, envelopes in rows:
            segments.append(Segment(data, envelopes))
            size += len(data) + len(envelopes)
            if size > READ_LIMIT:
                break
        return segments

    def tail(self, stream: bytes) -> Tail:
        """The end of a stream."""
        row = self._connection.execute(
            "SELECT id, seq, hash, next_ordinal FROM stream WHERE id = ?", (stream,)
        ).fetchone()
        return Tail(*row) if row else Tail.of_new(stream)

    def stored(self, stream: bytes, seq: int) -> bytes | None:
        """The bytes of a segment, or None."""
        row = self._connection.execute(
            "SELECT data FROM segment WHERE stream = (SELECT no FROM stream WHERE id = ?) AND seq = ?", (stream, seq)
        ).fetchone()
        return row[0] if row else None

    def number(self, stream: bytes) -> int:
        """The local number of a stream that is here."""
        (number,) = self._connection.execute("SELECT no FROM stream WHERE id = ?", (stream,)).fetchone()
        return int(number)

    def is_elsewhere(self, stream: bytes, scope: bytes) -> bool:
        """Whether a stream is known as one of another scope."""
        row = self._connection.execute("SELECT scope FROM stream WHERE id = ?", (stream,)).fetchone()
        return row is not None and row[0] != scope

    def take_beyond(self, number: int, seq: int) -> list[Segment]:
        """Take the segments of a stream beyond `seq` out; it ends there again."""
        rows = self._connection.execute(
            "SELECT data, envelopes FROM segment WHERE stream = ? AND seq > ? ORDER BY seq", (number, seq)
        )
        taken = [Segment(*row) for row in rows]
        row = self._connection.execute(
            "SELECT data FROM segment WHERE stream = ? AND seq = ?", (number, seq)
        ).fetchone()
        end = (digest(row[0]), read_header(row[0]).next_ordinal) if row else (CHAIN_START, 1)
        self._connection.execute("DELETE FROM segment WHERE stream = ? AND seq > ?", (number, seq))
        self._connection.execute(
            "UPDATE stream SET seq = ?, hash = ?, next_ordinal = ?, folded = min(folded, ?),"
            " acknowledged = min(acknowledged, ?) WHERE no = ?",
            (seq if row else 0, *end, seq, end[1] - 1, number),
        )
        return taken

    def keep(self, segment: Segment, tail: Tail, scope: bytes) -> None:
        """Append a segment that continues `tail`."""
        header = read_header(segment.data)
        _, seq, whole, next_ordinal = tail.after(header, segment.data)
        self._connection.execute(
            "INSERT INTO stream (id, scope, seq, hash, next_ordinal) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id)"
            " DO UPDATE SET seq = excluded.seq, hash = excluded.hash, next_ordinal = excluded.next_ordinal",
            (tail.stream, scope, seq, whole, next_ordinal),
        )
        self._connection.execute(
            "INSERT INTO segment (stream, seq, first, count, epoch, data, envelopes)"
            " VALUES ((SELECT no FROM stream WHERE id = ?), ?, ?, ?, ?, ?, ?)",
            (tail.stream, seq, header.first, header.count, header.epoch, segment.data, segment.envelopes),
        )

    # ---- folding ----

    def unfolded_envelopes(self, scope: bytes) -> Iterator[tuple[int, bytes]]:
        """The key epochs and the envelopes of all segments that have not been opened."""
        rows = self._connection.execute(
            "SELECT segment.epoch, segment.envelopes FROM stream JOIN segment"
            " ON segment.stream = stream.no AND segment.seq > stream.folded WHERE stream.scope = ?",
            (scope,),
        )
        yield from rows

    def next_unfolded(self, scope: bytes) -> list[Shelved]:
        """For each stream, the first segment that has not been opened."""
        rows = self._connection.execute(
            "SELECT stream.no, segment.seq, segment.epoch, segment.data FROM stream JOIN segment"
            " ON segment.stream = stream.no AND segment.seq = stream.folded + 1"
            " WHERE stream.scope = ? ORDER BY stream.no",
            (scope,),
        )
        return [Shelved(*row) for row in rows]

    def with_unreadable(self) -> Iterator[tuple[bytes, Shelved]]:
        """Segments that were opened and hold changes which could not be read, with their scopes."""
        places = self._connection.execute(
            "SELECT DISTINCT segment.stream, segment.seq FROM change JOIN segment ON segment.stream = change.stream"
            " AND change.ordinal >= segment.first AND change.ordinal < segment.first + segment.count"
            " WHERE change.body IS NULL"
        ).fetchall()
        for place in places:
            scope, *segment = self._connection.execute(
                "SELECT stream.scope, segment.stream, segment.seq, segment.epoch, segment.data FROM segment"
                " JOIN stream ON stream.no = segment.stream WHERE segment.stream = ? AND segment.seq = ?",
                place,
            ).fetchone()
            yield scope, Shelved(*segment)

    def set_folded(self, stream: int, seq: int) -> None:
        """Note that a stream has been opened up to `seq`."""
        self._connection.execute("UPDATE stream SET folded = ? WHERE no = ?", (seq, stream))

    def locked(self, scope: bytes) -> int:
        """How many segments have not been opened."""
        row = self._connection.execute(
            "SELECT coalesce(sum(seq - folded), 0) FROM stream WHERE scope = ?", (scope,)
        ).fetchone()
        return int(row[0])

    # ---- receipts ----

    def acknowledge(self, scope: bytes, vector: Vector) -> bool:
        """Take a server's word for how far each stream is safe there; a lower one than before counts too.

        Returns:
            Whether one was lower: the server does not have any more what it had.
        """
        lower = False
        for number, stream, before in self._connection.execute(
            "SELECT no, id, acknowledged FROM stream WHERE scope = ?", (scope,)
        ).fetchall():
            point = vector.get(stream)
            data = self.stored(stream, point.seq) if point else None
            ordinal = 0
            # A fork has another mark: the server holds somebody else's segment there, not ours.
            if point and data and Tail.of_new(stream).after(read_header(data), data).point == point:
                ordinal = read_header(data).next_ordinal - 1
            elif point:
                continue
            self._connection.execute("UPDATE stream SET acknowledged = ? WHERE no = ?", (ordinal, number))
            lower |= ordinal < before
        return lower

    def waiting(self, scope: bytes) -> int:
        """How many changes no server has acknowledged."""
        row = self._connection.execute(
            "SELECT coalesce(sum(max(next_ordinal - 1, coalesce("
            "(SELECT max(ordinal) FROM change WHERE change.stream = stream.no), 0)) - acknowledged), 0)"
            " FROM stream WHERE scope = ?",
            (scope,),
        ).fetchone()
        return int(row[0])
