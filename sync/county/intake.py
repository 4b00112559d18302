"""Taking segments in: what may continue which stream, within the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from sync.county import tables
from sync.county.filing import device_keys, papers_of
from sync.crypto import digest
from sync.ids import INCARNATION_SIZE
from sync.papers import Certificate, Erasure, Revocation, ends_since
from sync.segments import MARK_SIZE, NOWHERE, Point, Segment, Tail, read_header, without_envelopes
from sync.store import GENUINE, KNOWN, REVOKED, Gate, end_of


class TakenElsewhere(Exception):
    """A stream is handed in that is there already, in another scope: no device of ours does that."""


def take_turn(connection: Connection, scope: bytes) -> None:
    """Wait until nobody else writes into this scope: two that bring the same new stream at once would both begin it."""
    column = tables.scope.c.id
    connection.execute(select(column).where(column == scope).with_for_update(key_share=True))


def take(connection: Connection, scope: bytes, segments: Sequence[Segment]) -> tuple[int, str]:
    """Take segments of one scope, in order: how many were taken, and why the next one was refused.

    Raises:
        TakenElsewhere: the transaction has to be undone.
    """
    received = int(time.time())
    ends, erased = _ends(connection, scope), _erased(connection, scope)
    gate = Gate(
        scope,
        tail_of=lambda stream: _tail(connection, scope, stream),
        key_of=device_keys(connection, scope).get,
        stored=lambda stream, seq: _stored(connection, stream, seq),
        end_of=lambda stream: end_of(ends, stream),
    )
    for taken, segment in enumerate(segments):
        verdict = gate.examine(segment)
        if isinstance(verdict, str):
            if verdict in GENUINE:
                _set_apart_all(connection, gate, segments[taken:], (scope, erased, received))
            if verdict != KNOWN:
                return taken, verdict
            continue
        header, tail = verdict
        kept = segment._replace(envelopes=without_envelopes(segment.envelopes, erased))
        _keep(connection, scope, kept, tail.after(header, segment.data), (header.count, received))
    return len(segments), ""


def _ends(connection: Connection, scope: bytes) -> dict[bytes, dict[bytes, Point]]:
    """Where the streams of revoked members end, as the county's papers have it, by device.

    Not where they are here: a server that was put back from a backup has less, and is brought the rest.
    """
    device = tables.device.c
    revoked = connection.execute(
        select(device.id)
        .join(tables.membership, tables.membership.c.station == device.station)
        .where(tables.membership.c.scope == scope, device.revoked.is_not(None))
    ).scalars()
    ends: dict[bytes, dict[bytes, Point]] = {one: {} for one in revoked}
    if ends:
        certificates = papers_of(connection, scope, Certificate)
        revocations = papers_of(connection, scope, Revocation)
        for one in ends:
            serial = max((body.serial for body in certificates if body.device == one), default=0)
            ends[one] = ends_since(serial, (body for body in revocations if body.device == one)) or {}
    return ends


def _erased(connection: Connection, scope: bytes) -> set[bytes]:
    """The people of a scope whose envelopes are not kept any more, whoever brings them."""
    return {body.person for body in papers_of(connection, scope, Erasure)}


def _tail(connection: Connection, scope: bytes, stream: bytes) -> Tail:
    columns = tables.stream.c
    row = connection.execute(
        select(columns.id, columns.seq, columns.hash, columns.next_ordinal).where(
            columns.id == stream, columns.scope == scope
        )
    ).first()
    return Tail(*row) if row else Tail.of_new(stream)


def _stored(connection: Connection, stream: bytes, seq: int) -> bytes | None:
    columns = tables.segment.c
    return connection.execute(select(columns.data).where(columns.stream == stream, columns.seq == seq)).scalar()


def _keep(connection: Connection, scope: bytes, segment: Segment, tail: Tail, noted: tuple[int, int]) -> None:
    values = {"seq": tail.seq, "hash": tail.hash, "next_ordinal": tail.next_ordinal}
    if tail.seq == 1:
        try:
            connection.execute(tables.stream.insert().values(id=tail.stream, scope=scope, **values))
        except IntegrityError as error:
            raise TakenElsewhere from error
    else:
        connection.execute(update(tables.stream).where(tables.stream.c.id == tail.stream).values(**values))
    count, received = noted
    connection.execute(
        tables.segment.insert().values(
            stream=tail.stream,
            seq=tail.seq,
            count=count,
            received=received,
            data=segment.data,
            envelopes=segment.envelopes,
        )
    )


def _set_apart_all(
    connection: Connection, gate: Gate, segments: Sequence[Segment], noted: tuple[bytes, set[bytes], int]
) -> None:
    """Keep those of the segments that are genuine and may not count; the office may let them count."""
    scope, erased, received = noted
    for segment in segments:
        reason = gate.examine(segment)
        if isinstance(reason, str) and reason in GENUINE:
            kept = segment._replace(envelopes=without_envelopes(segment.envelopes, erased))
            _set_apart(connection, scope, kept, (reason, received))


def _set_apart(connection: Connection, scope: bytes, segment: Segment, noted: tuple[str, int]) -> None:
    header, whole = read_header(segment.data), digest(segment.data)
    columns = tables.quarantine.c
    if connection.execute(select(columns.hash).where(columns.hash == whole)).first():
        return
    reason, received = noted
    connection.execute(
        tables.quarantine.insert().values(
            hash=whole,
            scope=scope,
            stream=header.stream,
            seq=header.seq,
            reason=reason,
            bearer=bytes(16),
            received=received,
            data=segment.data,
            envelopes=segment.envelopes,
        )
    )


def vector(connection: Connection, scope: bytes) -> dict[bytes, Point]:
    """Where the streams of a scope end."""
    columns = tables.stream.c
    rows = connection.execute(select(columns.id, columns.seq, columns.hash).where(columns.scope == scope))
    return {stream: Point(seq, whole[:MARK_SIZE]) for stream, seq, whole in rows if seq}


# ---- revoked devices ----


def cut_off(connection: Connection, device: bytes) -> None:
    """Set apart what a revoked device wrote beyond its ends.

    There is such a thing where the server had forgotten the revocation, and the device was here before it came back.
    """
    for name, scope, here in streams_of(connection, device):
        end = end_of(_ends(connection, scope), name)
        if end is None or here.seq < end.seq:
            continue
        last = _stored(connection, name, end.seq)
        if last is None or digest(last)[:MARK_SIZE] != end.mark:
            # It is not the stream that the county knew: nothing of it counts.
            end, last = NOWHERE, None
        if here.seq > end.seq:
            _cut_at(connection, scope, _tail_at(name, last))


def _tail_at(stream: bytes, last: bytes | None) -> Tail:
    if last is None:
        return Tail.of_new(stream)
    header = read_header(last)
    return Tail.of_new(stream).after(header, last)


def _cut_at(connection: Connection, scope: bytes, tail: Tail) -> None:
    columns, received = tables.segment.c, int(time.time())
    beyond = (columns.stream == tail.stream, columns.seq > tail.seq)
    for data, envelopes in connection.execute(select(columns.data, columns.envelopes).where(*beyond)).all():
        _set_apart(connection, scope, Segment(data, envelopes), (REVOKED, received))
    connection.execute(tables.segment.delete().where(*beyond))
    here = tables.stream.c.id == tail.stream
    if tail.seq:
        values = {"seq": tail.seq, "hash": tail.hash, "next_ordinal": tail.next_ordinal}
        connection.execute(update(tables.stream).where(here).values(**values))
    else:
        connection.execute(tables.stream.delete().where(here))


def streams_of(connection: Connection, device: bytes) -> list[tuple[bytes, bytes, Point]]:
    """The streams of a device: their ids, their scopes, where they end."""
    columns = tables.stream.c
    query = select(columns.id, columns.scope, columns.seq, columns.hash).where(columns.id.between(*_range(device)))
    rows = connection.execute(query.order_by(columns.id))
    return [(name, scope, Point(seq, whole[:MARK_SIZE])) for name, scope, seq, whole in rows]


def _range(device: bytes) -> tuple[bytes, bytes]:
    return device + bytes(INCARNATION_SIZE), device + b"\xff" * INCARNATION_SIZE


def apart(connection: Connection, device: bytes) -> list[tuple[bytes, bytes, Segment]]:
    """The hashes, the scopes and the segments of a device that are kept apart because it is revoked."""
    columns = tables.quarantine.c
    query = (
        select(columns.hash, columns.scope, columns.data, columns.envelopes)
        .where(columns.stream.between(*_range(device)), columns.reason == REVOKED)
        .order_by(columns.stream, columns.seq)
    )
    return [(whole, scope, Segment(data, envelopes)) for whole, scope, data, envelopes in connection.execute(query)]


def take_back(connection: Connection, device: bytes) -> int:
    """Take what is kept apart into its streams, as far as it continues them; returns how many segments."""
    accepted = 0
    for whole, scope, segment in apart(connection, device):
        taken, _ = take(connection, scope, [segment])
        if taken:
            connection.execute(tables.quarantine.delete().where(tables.quarantine.c.hash == whole))
            accepted += taken
    return accepted
