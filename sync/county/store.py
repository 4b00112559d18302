"""The county's database as a `SegmentStore`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select, update

from sync.county import tables
from sync.crypto import Signer
from sync.papers import Certificate, Grant, Receipt, UnreadablePaper, open_paper, paper_id, read_paper, write_paper
from sync.segments import MARK_SIZE, Point, Segment, Tail
from sync.store import KNOWN, READ_LIMIT, Appended, Gate, Overview


class Member(NamedTuple):
    """A device that the county has admitted. `revoked` is when it was revoked, in seconds since 1970, else None."""

    device: bytes
    station: bytes
    signing_key: bytes
    revoked: int | None


class CountyStore:
    """Keeps the streams of all stations.

    Args:
        engine: the database.
        signer: the server's key; it signs receipts.
        incarnation: changes when the database is restored from a backup.
    """

    def __init__(self, engine: Engine, signer: Signer, incarnation: bytes) -> None:
        self._engine = engine
        self._signer = signer
        self._incarnation = incarnation

    def member(self, device: bytes) -> Member | None:
        """An admitted device, or None."""
        columns = tables.device.c
        with self._engine.connect() as connection:
            row = connection.execute(
                select(columns.id, columns.station, columns.signing_key, columns.revoked).where(columns.id == device)
            ).first()
        return Member(*row) if row else None

    def is_member(self, member: Member, scope: bytes) -> bool:
        """Whether the station of a device takes part in a scope."""
        columns = tables.membership.c
        query = select(columns.scope).where(columns.scope == scope, columns.station == member.station)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    # ---- SegmentStore ----

    def overview(self, scope: bytes) -> Overview:
        """What is here, with a receipt for it: it was read from the database, so it is committed."""
        with self._engine.connect() as connection:
            vector = _vector(connection, scope)
            papers = connection.execute(
                select(tables.paper.c.id).where(tables.paper.c.scope == scope).order_by(tables.paper.c.id)
            ).scalars()
            receipt = Receipt(self._signer.id, self._incarnation, scope, sorted(vector.items()))
            return Overview(vector, list(papers), write_paper(receipt, self._signer))

    def read(self, scope: bytes, stream: bytes, start: int) -> list[Segment]:
        """The segments of a stream from seq `start`."""
        columns = tables.segment.c
        query = (
            select(columns.data, columns.envelopes)
            .join(tables.stream, tables.stream.c.id == columns.stream)
            .where(columns.stream == stream, tables.stream.c.scope == scope, columns.seq >= start)
            .order_by(columns.seq)
        )
        segments: list[Segment] = []
        size = 0
        with self._engine.connect() as connection:
            for data, envelopes in connection.execution_options(stream_results=True).execute(query):
                segments.append(Segment(data, envelopes))
                size += len(data) + len(envelopes)
                if size > READ_LIMIT:
                    break
        return segments

    def append(self, scope: bytes, segments: Sequence[Segment]) -> Appended:
        """Take segments of one scope in one transaction."""
        received = int(time.time())
        with tables.writing(self._engine) as connection:
            gate = Gate(
                scope,
                tail_of=lambda stream: _tail(connection, stream),
                key_of=_keys(connection, scope).get,
                stored=lambda stream, seq: _stored(connection, stream, seq),
            )
            for taken, segment in enumerate(segments):
                verdict = gate.examine(segment)
                if isinstance(verdict, str) and verdict != KNOWN:
                    return Appended(taken, verdict)
                if not isinstance(verdict, str):
                    header, tail = verdict
                    _keep(connection, scope, segment, tail.after(header, segment.data), (header.count, received))
        return Appended(len(segments))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        columns = tables.paper.c
        query = select(columns.data).where(columns.scope == scope, columns.id.in_(list(ids))).order_by(columns.id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Keep grants between members. Certificates are the county's own; it takes none from outside."""
        with tables.writing(self._engine) as connection:
            keys = _keys(connection, scope)
            for data in papers:
                try:
                    grant = read_paper(data, Grant)
                    open_paper(data, Grant, keys.get(grant.sender, b""))
                except UnreadablePaper:
                    continue
                if grant.scope == scope and grant.recipient in keys:
                    keep_paper(connection, data, scope, Grant.KIND)

    def touch(self, device: bytes) -> None:
        """Note that a device was here."""
        columns = tables.device.c
        with tables.writing(self._engine) as connection:
            connection.execute(update(tables.device).where(columns.id == device).values(seen=int(time.time())))


def keep_paper(connection: Connection, data: bytes, scope: bytes, kind: int) -> None:
    """Keep a paper that has been checked."""
    known = connection.execute(select(tables.paper.c.id).where(tables.paper.c.id == paper_id(data))).first()
    if not known:
        connection.execute(tables.paper.insert().values(id=paper_id(data), scope=scope, kind=kind, data=data))


def certificates(connection: Connection, scope: bytes) -> list[bytes]:
    """The certificates of a scope's members."""
    columns = tables.paper.c
    query = select(columns.data).where(columns.scope == scope, columns.kind == Certificate.KIND).order_by(columns.id)
    return list(connection.execute(query).scalars())


def _vector(connection: Connection, scope: bytes) -> dict[bytes, Point]:
    columns = tables.stream.c
    rows = connection.execute(select(columns.id, columns.seq, columns.hash).where(columns.scope == scope))
    return {stream: Point(seq, digest[:MARK_SIZE]) for stream, seq, digest in rows if seq}


def _keys(connection: Connection, scope: bytes) -> dict[bytes, bytes]:
    columns = tables.device.c
    query = (
        select(columns.id, columns.signing_key)
        .join(tables.membership, tables.membership.c.station == columns.station)
        .where(tables.membership.c.scope == scope)
    )
    rows = connection.execute(query)
    return {row.id: row.signing_key for row in rows}


def _tail(connection: Connection, stream: bytes) -> Tail:
    columns = tables.stream.c
    row = connection.execute(
        select(columns.id, columns.seq, columns.hash, columns.next_ordinal)
        .where(columns.id == stream)
        .with_for_update()
    ).first()
    return Tail(*row) if row else Tail.of_new(stream)


def _stored(connection: Connection, stream: bytes, seq: int) -> bytes | None:
    columns = tables.segment.c
    return connection.execute(select(columns.data).where(columns.stream == stream, columns.seq == seq)).scalar()


def _keep(connection: Connection, scope: bytes, segment: Segment, tail: Tail, noted: tuple[int, int]) -> None:
    values = {"seq": tail.seq, "hash": tail.hash, "next_ordinal": tail.next_ordinal}
    if tail.seq == 1:
        connection.execute(tables.stream.insert().values(id=tail.stream, scope=scope, **values))
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
