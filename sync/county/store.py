"""The county's database as a `SegmentStore`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import IntegrityError

from sync.county import tables
from sync.county.pieces import Pieces
from sync.crypto import Signer, digest
from sync.ids import device_of
from sync.papers import (
    Agreement,
    Certificate,
    Erasure,
    Founding,
    Grant,
    Receipt,
    UnreadablePaper,
    open_founding,
    open_paper,
    paper_id,
    paper_kind,
    read_paper,
    takes_part,
    write_paper,
)
from sync.scopes import KINDS
from sync.segments import MARK_SIZE, Point, Segment, Tail, read_header, without_envelopes
from sync.store import GENUINE, KNOWN, NOTHING, READ_LIMIT, Appended, Gate, Overview, Vector, end_of

MAX_NAMED = 1000
"""Scopes that one statement names; databases take some ten thousand values at most."""


class Member(NamedTuple):
    """A device that the county has admitted. `revoked` is when it was revoked, in seconds since 1970, else None."""

    device: bytes
    station: bytes
    role: str
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
        self.pieces = Pieces(engine)

    def member(self, device: bytes) -> Member | None:
        """An admitted device, or None."""
        columns = tables.device.c
        with self._engine.connect() as connection:
            row = connection.execute(
                select(columns.id, columns.station, columns.role, columns.signing_key, columns.revoked).where(
                    columns.id == device
                )
            ).first()
        return Member(*row) if row else None

    def scopes_of(self, member: Member) -> list[bytes]:
        """The scopes that a device takes part in: those of its station, as far as its role goes with them."""
        query = (
            select(tables.scope.c.id, tables.scope.c.kind)
            .join(tables.membership, tables.membership.c.scope == tables.scope.c.id)
            .where(tables.membership.c.station == member.station)
        )
        with self._engine.connect() as connection:
            return [scope for scope, kind in connection.execute(query) if member.role in KINDS[kind].roles]

    def is_member(self, member: Member, scope: bytes) -> bool:
        """Whether a device takes part in a scope."""
        membership = tables.membership.c
        query = (
            select(tables.scope.c.kind)
            .join(tables.membership, membership.scope == tables.scope.c.id)
            .where(tables.scope.c.id == scope, membership.station == member.station)
        )
        with self._engine.connect() as connection:
            kind = connection.execute(query).scalar()
        return kind is not None and member.role in KINDS[kind].roles

    def is_founded(self, scope: bytes) -> bool:
        """Whether there is a scope of this id. Of one that there is not, a member may hand in the founding."""
        with self._engine.connect() as connection:
            return connection.execute(select(tables.scope.c.id).where(tables.scope.c.id == scope)).first() is not None

    # ---- SegmentStore ----

    def overview(self, scope: bytes) -> Overview:
        """What is here, with a receipt for it: it was read from the database, so it is committed."""
        return self.overviews({scope: NOTHING})[scope]

    def overviews(self, known: Mapping[bytes, Overview]) -> dict[bytes, Overview]:
        """What is here of the scopes that are known to whoever asks."""
        return {
            scope: Overview(one.vector, one.papers, self._receipt(scope, one.vector))
            for scope, one in self.holdings(known).items()
        }

    def holdings(self, scopes: Iterable[bytes]) -> dict[bytes, Overview]:
        """The same without receipts. A centre's device takes part in thousands of scopes: two statements serve them all."""
        here = {scope: Overview({}, []) for scope in scopes}
        stream, paper = tables.stream.c, tables.paper.c
        with self._engine.connect() as connection:
            for some in _batches(list(here)):
                ends = select(stream.scope, stream.id, stream.seq, stream.hash).where(stream.scope.in_(some))
                for scope, name, seq, whole in connection.execute(ends):
                    here[scope].vector[name] = Point(seq, whole[:MARK_SIZE])
                ids = select(paper.scope, paper.id).where(paper.scope.in_(some)).order_by(paper.id)
                for scope, name in connection.execute(ids):
                    here[scope].papers.append(name)
        return here

    def _receipt(self, scope: bytes, vector: Vector) -> bytes:
        """Written once what it speaks of is committed."""
        return write_paper(Receipt(self._signer.id, self._incarnation, scope, sorted(vector.items())), self._signer)

    def agree(self, state: bytes) -> bytes:
        """A receipt for somebody who has just what is here."""
        return write_paper(Agreement(self._signer.id, self._incarnation, state), self._signer)

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
        try:
            with tables.writing(self._engine) as connection:
                _take_turn(connection, scope)
                taken, reason = self.take(connection, scope, segments)
                vector = _vector(connection, scope)
        except _TakenElsewhere:
            return Appended(0, "sync.refused_scope")
        return Appended(taken, reason, self._receipt(scope, vector))

    def take(self, connection: Connection, scope: bytes, segments: Sequence[Segment]) -> tuple[int, str]:
        """`append` within the caller's transaction: how many were taken, and why the next one was refused."""
        received = int(time.time())
        ends, erased = _ends(connection, scope), _erased(connection, scope)
        gate = Gate(
            scope,
            tail_of=lambda stream: _tail(connection, scope, stream),
            key_of=_keys(connection, scope).get,
            stored=lambda stream, seq: _stored(connection, stream, seq),
            end_of=lambda stream: end_of(ends, stream),
        )
        for taken, segment in enumerate(segments):
            verdict = gate.examine(segment)
            if erased and verdict != "sync.refused_unreadable":
                segment = segment._replace(envelopes=without_envelopes(segment.envelopes, erased))  # noqa: PLW2901
            if isinstance(verdict, str) and verdict in GENUINE:
                for one in segments[taken:]:
                    reason = gate.examine(one)
                    if isinstance(reason, str) and reason in GENUINE:
                        kept = one._replace(envelopes=without_envelopes(one.envelopes, erased))
                        _set_apart(connection, scope, kept, (reason, received))
            if isinstance(verdict, str) and verdict != KNOWN:
                return taken, verdict
            if not isinstance(verdict, str):
                header, tail = verdict
                _keep(connection, scope, segment, tail.after(header, segment.data), (header.count, received))
        return len(segments), ""

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        columns = tables.paper.c
        query = select(columns.data).where(columns.scope == scope, columns.id.in_(list(ids))).order_by(columns.id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> None:
        """Keep what members may hand in: grants, erasures, and the founding of a scope that is not there yet.

        Certificates and revocations are the county's own; it takes none from outside.
        """
        with tables.writing(self._engine) as connection:
            _take_turn(connection, scope)
            for kind, take in ((Founding, _found), (Grant, _take_grant), (Erasure, _take_erasure)):
                for data in papers:
                    with suppress(UnreadablePaper):
                        if paper_kind(data) == kind.KIND:
                            take(connection, scope, data)

    def touch(self, device: bytes) -> None:
        """Note that a device was here."""
        columns = tables.device.c
        with tables.writing(self._engine) as connection:
            connection.execute(update(tables.device).where(columns.id == device).values(seen=int(time.time())))


def _batches(items: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(items), MAX_NAMED):
        yield items[start : start + MAX_NAMED]


def keep_paper(connection: Connection, data: bytes, scope: bytes, kind: int) -> None:
    """Keep a paper that has been checked."""
    columns = tables.paper.c
    query = select(columns.id).where(columns.scope == scope, columns.id == paper_id(data))
    known = connection.execute(query).first()
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


def _keys(connection: Connection, scope: bytes, *, active: bool = False) -> dict[bytes, bytes]:
    """The signing keys of all who are or were members; or only of those who still are."""
    columns = tables.device.c
    query = (
        select(columns.id, columns.signing_key, columns.role, tables.scope.c.kind)
        .join(tables.membership, tables.membership.c.station == columns.station)
        .join(tables.scope, tables.scope.c.id == tables.membership.c.scope)
        .where(tables.membership.c.scope == scope)
    )
    if active:
        query = query.where(columns.revoked.is_(None))
    rows = [row for row in connection.execute(query) if row.role in KINDS[row.kind].roles]
    return {row.id: row.signing_key for row in rows}


def _take_grant(connection: Connection, scope: bytes, data: bytes) -> None:
    """Keep a grant from one active member to another. Raises UnreadablePaper."""
    keys = _keys(connection, scope, active=True)
    grant = read_paper(data, Grant)
    open_paper(data, Grant, keys.get(grant.sender, b""))
    if grant.scope == scope and grant.recipient in keys:
        keep_paper(connection, data, scope, Grant.KIND)


def _take_erasure(connection: Connection, scope: bytes, data: bytes) -> None:
    """Destroy the envelopes of a person whom an active member has erased. Raises UnreadablePaper."""
    erasure = read_paper(data, Erasure)
    open_paper(data, Erasure, _keys(connection, scope, active=True).get(erasure.device, b""))
    if erasure.scope != scope:
        return
    keep_paper(connection, data, scope, Erasure.KIND)
    segment = tables.segment.c
    kept = connection.execute(
        select(segment.stream, segment.seq, segment.envelopes)
        .join(tables.stream, tables.stream.c.id == segment.stream)
        .where(tables.stream.c.scope == scope)
    ).all()
    for stream, seq, envelopes in kept:
        if erasure.person in envelopes:
            place = (segment.stream == stream, segment.seq == seq)
            left = without_envelopes(envelopes, {erasure.person})
            connection.execute(update(tables.segment).where(*place).values(envelopes=left))
    apart = tables.quarantine.c
    for whole, envelopes in connection.execute(select(apart.hash, apart.envelopes).where(apart.scope == scope)).all():
        left = without_envelopes(envelopes, {erasure.person})
        connection.execute(update(tables.quarantine).where(apart.hash == whole).values(envelopes=left))


def _erased(connection: Connection, scope: bytes) -> set[bytes]:
    """The people of a scope whose envelopes are not kept any more, whoever brings them."""
    columns = tables.paper.c
    papers = connection.execute(select(columns.data).where(columns.scope == scope, columns.kind == Erasure.KIND))
    return {read_paper(data, Erasure).person for data in papers.scalars()}


def _found(connection: Connection, scope: bytes, data: bytes) -> None:
    """Let a scope begin that a device shares with other stations. Raises UnreadablePaper."""
    device = tables.device.c
    founder = connection.execute(
        select(device.certificate).where(device.id == read_paper(data, Founding).founder, device.revoked.is_(None))
    ).scalar()
    founding = open_founding(data, read_paper(founder or b"", Certificate))
    stations = dict(
        connection.execute(
            select(tables.station.c.id, tables.station.c.name).where(
                tables.station.c.id.in_([one for one, _ in founding.stations])
            )
        ).all()
    )
    known = connection.execute(select(tables.scope.c.id).where(tables.scope.c.id == scope)).first()
    if known or founding.scope != scope or stations != dict(founding.stations):
        return
    connection.execute(tables.scope.insert().values(id=scope, kind=founding.kind, founded=int(time.time())))
    rows = [{"scope": scope, "station": station} for station in stations]
    connection.execute(tables.membership.insert(), rows)
    keep_paper(connection, data, scope, Founding.KIND)
    for certificate in connection.execute(
        select(device.certificate).where(device.station.in_(list(stations)), device.revoked.is_(None))
    ).scalars():
        if takes_part(read_paper(certificate, Certificate), founding):
            keep_paper(connection, certificate, scope, Certificate.KIND)


def _ends(connection: Connection, scope: bytes) -> dict[bytes, dict[bytes, Point]]:
    """Where the streams of revoked members end: where they are now, because nothing is taken from them any more."""
    device, stream = tables.device.c, tables.stream.c
    revoked = connection.execute(
        select(device.id)
        .join(tables.membership, tables.membership.c.station == device.station)
        .where(tables.membership.c.scope == scope, device.revoked.is_not(None))
    ).scalars()
    ends: dict[bytes, dict[bytes, Point]] = {one: {} for one in revoked}
    if ends:
        rows = connection.execute(select(stream.id, stream.seq, stream.hash).where(stream.scope == scope))
        for name, seq, whole in rows:
            if device_of(name) in ends:
                ends[device_of(name)][name] = Point(seq, whole[:MARK_SIZE])
    return ends


def _set_apart(connection: Connection, scope: bytes, segment: Segment, noted: tuple[str, int]) -> None:
    """Keep a genuine segment that may not count, once."""
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


class _TakenElsewhere(Exception):
    """A stream is handed in that is there already, in another scope: no device of ours does that."""


def _take_turn(connection: Connection, scope: bytes) -> None:
    """Wait until nobody else writes into this scope: two that bring the same new stream at once would both begin it."""
    column = tables.scope.c.id
    connection.execute(select(column).where(column == scope).with_for_update(key_share=True))


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
            raise _TakenElsewhere from error
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
