"""The county's database as a `SegmentStore`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Engine, select, update

from sync.county import tables
from sync.county.intake import TakenElsewhere, take, take_turn, vector
from sync.county.paperwork import shown_certificate, take_papers
from sync.county.pieces import Pieces
from sync.crypto import Signer
from sync.papers import Agreement, Receipt, write_paper
from sync.scopes import KINDS, MAY_REFER
from sync.segments import MARK_SIZE, Point, Segment
from sync.store import NOTHING, READ_LIMIT, Appended, Overview, Vector

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
        county_key: the county's own public key, by which it knows its papers again.
    """

    def __init__(self, engine: Engine, signer: Signer, incarnation: bytes, county_key: bytes) -> None:
        self._engine = engine
        self._signer = signer
        self._incarnation = incarnation
        self._county_key = county_key
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

    def _receipt(self, scope: bytes, here: Vector) -> bytes:
        """Written once what it speaks of is committed."""
        return write_paper(Receipt(self._signer.id, self._incarnation, scope, sorted(here.items())), self._signer)

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
                take_turn(connection, scope)
                taken, reason = take(connection, scope, segments)
                here = vector(connection, scope)
        except TakenElsewhere:
            return Appended(0, "sync.refused_scope")
        return Appended(taken, reason, self._receipt(scope, here))

    def read_papers(self, scope: bytes, ids: Iterable[bytes]) -> list[bytes]:
        """The papers with these ids."""
        columns = tables.paper.c
        query = select(columns.data).where(columns.scope == scope, columns.id.in_(list(ids))).order_by(columns.id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def add_papers(self, scope: bytes, papers: Sequence[bytes]) -> list[bytes]:
        """Keep what members may hand in, and what is the county's own; returns the ids of what is not kept."""
        with tables.writing(self._engine) as connection:
            take_turn(connection, scope)
            return take_papers(connection, scope, papers, self._county_key)

    # ---- stations and devices ----

    def stations(self) -> list[tuple[bytes, str]]:
        """Ids and names of the stations that something can be shared with, by name: a device of theirs may open it."""
        columns, device = tables.station.c, tables.device.c
        query = (
            select(columns.id, columns.name)
            .join(tables.device, device.station == columns.id)
            .where(device.revoked.is_(None), device.role.in_(sorted(MAY_REFER)))
            .distinct()
        )
        with self._engine.connect() as connection:
            # Databases differ in the order of names.
            return sorted(((row.id, row.name) for row in connection.execute(query)), key=lambda one: (one[1], one[0]))

    def introduce(self, certificate: bytes) -> Member | None:
        """Know a device again that was admitted after the backup from which this server was put back.

        Returns:
            The device, which may be revoked; None where the certificate is not one of ours that counts.
        """
        shown = shown_certificate(certificate, self._county_key)
        # Whoever shows nothing of ours does not make the database wait.
        if shown is None:
            return None
        with tables.writing(self._engine) as connection:
            take_papers(connection, shown.scope, [certificate], self._county_key)
        return self.member(shown.device)

    def touch(self, device: bytes) -> None:
        """Note that a device was here."""
        columns = tables.device.c
        with tables.writing(self._engine) as connection:
            connection.execute(update(tables.device).where(columns.id == device).values(seen=int(time.time())))


def _batches(items: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(items), MAX_NAMED):
        yield items[start : start + MAX_NAMED]
