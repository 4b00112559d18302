"""Papers that members hand in: what the county keeps of them, and what follows from it.

Certificates and revocations are the county's own. It takes them back from those who have them, because a server that was
put back from a backup has forgotten whom it admitted and, worse, whom it revoked since.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy import Connection, or_, select, update

from sync.county import tables
from sync.county.filing import (
    begin_station,
    device_keys,
    has_paper,
    keep_certificate,
    keep_device,
    keep_paper,
    papers_about,
    publish,
    scopes_of_station,
    station_scopes,
)
from sync.county.intake import cut_off, take_back
from sync.papers import (
    Certificate,
    Erasure,
    Founding,
    Grant,
    Publication,
    Revocation,
    UnreadablePaper,
    open_certificate,
    open_founding,
    open_paper,
    open_publication,
    open_revocation,
    paper_id,
    paper_kind,
    read_paper,
    takes_part,
)
from sync.segments import without_envelopes

Taking = Callable[[Connection, bytes, bytes, bytes], None]
"""Keeps a paper of one kind. Arguments: the transaction, the scope, the paper, the county's key. Raises UnreadablePaper."""


def take_papers(connection: Connection, scope: bytes, papers: Sequence[bytes], county_key: bytes) -> list[bytes]:
    """Keep those papers that prove themselves.

    Returns:
        The ids of those that are not kept: whoever brought them need not bring them again.
    """
    for kind, taking in _TAKING:
        for data in papers:
            with suppress(UnreadablePaper):
                if paper_kind(data) == kind.KIND:
                    taking(connection, scope, data, county_key)
    return [name for name in map(paper_id, papers) if not has_paper(connection, scope, name)]


def shown_certificate(data: bytes, county_key: bytes) -> Certificate | None:
    """What somebody shows as our certificate for their device; None where it is not ours or has run out."""
    try:
        body = open_certificate(data, county_key)
        ends = dt.date.fromisoformat(body.expires)
    except (UnreadablePaper, ValueError):
        return None
    return body if ends >= dt.datetime.now(dt.UTC).date() else None


# ---- the county's own ----


def _take_certificate(connection: Connection, scope: bytes, data: bytes, county_key: bytes) -> None:
    body = open_certificate(data, county_key)
    about = papers_about(connection, body.device)
    if any(one.serial >= body.serial for one in about):
        # An earlier one changes nothing; it is kept, so that all have the same papers.
        if scope in scopes_of_station(connection, body.station):
            keep_certificate(connection, scope, body, data)
        return
    column = tables.station.c
    clashing = or_(column.id == body.station, column.name == body.station_name, column.scope == body.scope)
    stations = connection.execute(select(column.id, column.name, column.scope).where(clashing)).all()
    if not stations:
        begin_station(connection, body.station_name, body.station, body.scope)
    elif [tuple(one) for one in stations] != [(body.station, body.station_name, body.scope)]:
        # Since the backup somebody has begun the station anew: an administrator has to say which of the two it is.
        raise UnreadablePaper
    keep_device(connection, body, data)
    take_back(connection, body.device)


def _take_revocation(connection: Connection, scope: bytes, data: bytes, county_key: bytes) -> None:
    body = open_revocation(data, county_key)
    about = papers_about(connection, body.device)
    device = tables.device.c
    station = connection.execute(select(device.station).where(device.id == body.device)).scalar()
    if station is None or scope not in scopes_of_station(connection, station):
        raise UnreadablePaper
    if all(one.serial < body.serial for one in about):
        connection.execute(update(tables.device).where(device.id == body.device).values(revoked=int(time.time())))
    for one in scopes_of_station(connection, station):
        keep_paper(connection, data, one, Revocation.KIND)
    cut_off(connection, body.device)


def _take_publication(connection: Connection, scope: bytes, data: bytes, county_key: bytes) -> None:
    """Taken back after the server was put back from a backup; then it is for every station again."""
    open_publication(data, county_key)
    if scope in station_scopes(connection):
        publish(connection, data)


# ---- the members' ----


def _found(connection: Connection, scope: bytes, data: bytes, _county_key: bytes) -> None:
    """Let a scope begin that a device shares with other stations."""
    device, station = tables.device.c, tables.station.c
    founder = connection.execute(
        select(device.certificate).where(device.id == read_paper(data, Founding).founder, device.revoked.is_(None))
    ).scalar()
    founding = open_founding(data, read_paper(founder or b"", Certificate))
    named = select(station.id, station.name).where(station.id.in_([one for one, _ in founding.stations]))
    stations = dict(connection.execute(named).all())
    known = connection.execute(select(tables.scope.c.id).where(tables.scope.c.id == scope)).first()
    if known or founding.scope != scope or stations != dict(founding.stations):
        return
    connection.execute(tables.scope.insert().values(id=scope, kind=founding.kind, founded=int(time.time())))
    rows = [{"scope": scope, "station": one} for one in stations]
    connection.execute(tables.membership.insert(), rows)
    keep_paper(connection, data, scope, Founding.KIND)
    for certificate in connection.execute(
        select(device.certificate).where(device.station.in_(list(stations)), device.revoked.is_(None))
    ).scalars():
        if takes_part(read_paper(certificate, Certificate), founding):
            keep_paper(connection, certificate, scope, Certificate.KIND)


def _take_grant(connection: Connection, scope: bytes, data: bytes, _county_key: bytes) -> None:
    """Keep a grant from one active member to another."""
    keys = device_keys(connection, scope, active=True)
    grant = read_paper(data, Grant)
    open_paper(data, Grant, keys.get(grant.sender, b""))
    if grant.scope == scope and grant.recipient in keys:
        keep_paper(connection, data, scope, Grant.KIND)


def _take_erasure(connection: Connection, scope: bytes, data: bytes, _county_key: bytes) -> None:
    """Destroy the envelopes of a person whom an active member has erased."""
    erasure = read_paper(data, Erasure)
    open_paper(data, Erasure, device_keys(connection, scope, active=True).get(erasure.device, b""))
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


_TAKING: tuple[tuple[type[Certificate | Founding | Revocation | Publication | Grant | Erasure], Taking], ...] = (
    (Certificate, _take_certificate),
    (Founding, _found),
    (Revocation, _take_revocation),
    (Publication, _take_publication),
    (Grant, _take_grant),
    (Erasure, _take_erasure),
)
"""In the order in which one is believed because of another."""
