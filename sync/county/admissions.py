"""Which devices are in the county: admitting them, revoking them, letting what they wrote count after all."""

from __future__ import annotations

import datetime as dt
import time
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from sync.county import tables
from sync.county.store import CountyStore, keep_paper
from sync.crypto import Signer
from sync.errors import Problem
from sync.ids import INCARNATION_SIZE, new_id
from sync.papers import Certificate, Founding, Request, Revocation, read_paper, takes_part, write_paper
from sync.scopes import KINDS, STATION
from sync.segments import MARK_SIZE, Point, Segment
from sync.store import REVOKED

CERTIFICATE_DAYS = 3 * 365
SHORTEST_ID = 8
"""Hexadecimal digits by which a device can be named: a slip of one key must not find another one."""


class Title(NamedTuple):
    """What the county makes a device: the name of its station, and one of `sync.scopes.ROLES`."""

    station: str
    role: str


class Found(NamedTuple):
    """A device that was asked for: its id, its name, its station's id and name."""

    id: bytes
    name: str
    station: bytes
    station_name: str


class Revoked(NamedTuple):
    """What came of a revocation: the device, and how many segments of it are kept apart or were let in."""

    device: bytes
    name: str
    station: str
    apart: int
    accepted: int


# ---- admitting ----


def admit(connection: Connection, store: CountyStore, root: Signer, request: Request, title: Title) -> bytes:
    """Make a device a member of a station, which begins with its first device; one that was revoked comes back.

    Returns:
        Its certificate, a paper.

    Raises:
        Problem: the device belongs to another station already.
    """
    _refuse_move(connection, request.device, title.station)
    station, scope = _station(connection, title.station, request.scope)
    serial = _next_serial(connection, request.device)
    certificate = _certificate(request, station, scope, (title, serial), root)
    paper = write_paper(certificate, root)
    _keep_device(connection, certificate, paper)
    _take_back(connection, store, request.device)
    return paper


def _station(connection: Connection, name: str, proposed_scope: bytes) -> tuple[bytes, bytes]:
    """The id and the scope of a station; the first device brings the scope."""
    columns = tables.station.c
    row = connection.execute(select(columns.id, columns.scope).where(columns.name == name)).first()
    if row:
        return row.id, row.scope
    owner = connection.execute(select(columns.name).where(columns.scope == proposed_scope)).scalar()
    if owner is not None:
        raise Problem("county.device_elsewhere", station=owner)
    station = new_id(time.time_ns() // 1_000_000)
    connection.execute(tables.station.insert().values(id=station, name=name, scope=proposed_scope))
    connection.execute(tables.scope.insert().values(id=proposed_scope, kind=STATION, founded=int(time.time())))
    connection.execute(tables.membership.insert().values(scope=proposed_scope, station=station))
    return station, proposed_scope


def _refuse_move(connection: Connection, device: bytes, station_name: str) -> None:
    columns = tables.device.c
    query = (
        select(tables.station.c.name)
        .join(tables.device, tables.station.c.id == columns.station)
        .where(columns.id == device, tables.station.c.name != station_name)
    )
    elsewhere = connection.execute(query).scalar()
    if elsewhere is not None:
        raise Problem("county.device_elsewhere", station=elsewhere)


def _next_serial(connection: Connection, device: bytes) -> int:
    """Greater than any before it about this device, also where the county's clock was put back."""
    columns = tables.paper.c
    papers = connection.execute(
        select(columns.kind, columns.data).where(columns.kind.in_([Certificate.KIND, Revocation.KIND]))
    )
    about: list[Certificate | Revocation] = [
        read_paper(data, Certificate) if kind == Certificate.KIND else read_paper(data, Revocation)
        for kind, data in papers
    ]
    return max([time.time_ns() // 1_000_000, *(one.serial + 1 for one in about if one.device == device)])


def _certificate(request: Request, station: bytes, scope: bytes, title: tuple[Title, int], root: Signer) -> Certificate:
    today = dt.datetime.now(dt.UTC).date()
    (station_name, role), serial = title
    return Certificate(
        county=root.id,
        device=request.device,
        signing_key=request.signing_key,
        sealing_key=request.sealing_key,
        device_name=request.device_name,
        station=station,
        station_name=station_name,
        role=role,
        scope=scope,
        serial=serial,
        issued=today.isoformat(),
        expires=(today + dt.timedelta(days=CERTIFICATE_DAYS)).isoformat(),
    )


def _keep_device(connection: Connection, body: Certificate, data: bytes) -> None:
    """Write a device in; admitted again, it gets its new certificate."""
    connection.execute(tables.device.delete().where(tables.device.c.id == body.device))
    connection.execute(
        tables.device.insert().values(
            id=body.device,
            station=body.station,
            scope=body.scope,
            name=body.device_name[: tables.MAX_NAME],
            role=body.role,
            signing_key=body.signing_key,
            certificate=data,
            admitted=int(time.time()),
        )
    )
    for scope in _scopes(connection, body.station):
        founding = _founding(connection, scope)
        if body.role in KINDS[STATION].roles if founding is None else takes_part(body, founding):
            keep_paper(connection, data, scope, Certificate.KIND)


def _scopes(connection: Connection, station: bytes) -> list[bytes]:
    columns = tables.membership.c
    return list(connection.execute(select(columns.scope).where(columns.station == station)).scalars())


def _founding(connection: Connection, scope: bytes) -> Founding | None:
    columns = tables.paper.c
    data = connection.execute(
        select(columns.data).where(columns.scope == scope, columns.kind == Founding.KIND)
    ).scalar()
    return read_paper(data, Founding) if data else None


# ---- revoking ----


def revoke(connection: Connection, root: Signer, device: Found) -> Revoked:
    """Let a device's streams end where they are; it gets nothing any more, and nothing is taken from it."""
    connection.execute(update(tables.device).where(tables.device.c.id == device.id).values(revoked=int(time.time())))
    ends = [(name, Point(seq, whole[:MARK_SIZE])) for name, seq, whole in _streams(connection, device.id)]
    serial = _next_serial(connection, device.id)
    paper = write_paper(Revocation(root.id, device.id, serial, sorted(ends)), root)
    for scope in _scopes(connection, device.station):
        keep_paper(connection, paper, scope, Revocation.KIND)
    return Revoked(device.id, device.name, device.station_name, len(_apart(connection, device.id)), 0)


def release(connection: Connection, store: CountyStore, root: Signer, device: Found) -> Revoked:
    """Let count what a revoked device wrote and others have handed in since; it stays revoked, with later ends."""
    connection.execute(update(tables.device).where(tables.device.c.id == device.id).values(revoked=None))
    accepted = _take_back(connection, store, device.id)
    return revoke(connection, root, device)._replace(accepted=accepted)


def find_device(connection: Connection, named: str) -> Found:
    """The device with this name, or whose id begins so. Raises Problem where there is none, or more than one."""
    columns = tables.device.c
    rows = connection.execute(
        select(columns.id, columns.name, columns.station, tables.station.c.name).join(
            tables.station, tables.station.c.id == columns.station
        )
    ).all()
    short = named.lower() if len(named) >= SHORTEST_ID else "-"
    devices = [Found(one, name, station, title) for one, name, station, title in rows]
    found = [one for one in devices if one.name == named or one.id.hex().startswith(short)]
    if len(found) != 1:
        raise Problem("county.which_device" if found else "county.no_such_device", device=named)
    return found[0]


def _streams(connection: Connection, device: bytes) -> list[tuple[bytes, int, bytes]]:
    columns = tables.stream.c
    first, last = device + bytes(INCARNATION_SIZE), device + b"\xff" * INCARNATION_SIZE
    query = select(columns.id, columns.seq, columns.hash).where(columns.id.between(first, last))
    return [(name, seq, whole) for name, seq, whole in connection.execute(query)]


def _apart(connection: Connection, device: bytes) -> list[tuple[bytes, bytes, Segment]]:
    """The hashes, the scopes and the segments of a device that are kept apart because it is revoked."""
    columns = tables.quarantine.c
    first, last = device + bytes(INCARNATION_SIZE), device + b"\xff" * INCARNATION_SIZE
    query = (
        select(columns.hash, columns.scope, columns.data, columns.envelopes)
        .where(columns.stream.between(first, last), columns.reason == REVOKED)
        .order_by(columns.stream, columns.seq)
    )
    return [(whole, scope, Segment(data, envelopes)) for whole, scope, data, envelopes in connection.execute(query)]


def _take_back(connection: Connection, store: CountyStore, device: bytes) -> int:
    """Take what is kept apart into its streams, as far as it continues them; returns how many segments."""
    accepted = 0
    for whole, scope, segment in _apart(connection, device):
        taken, _ = store.take(connection, scope, [segment])
        if taken:
            connection.execute(tables.quarantine.delete().where(tables.quarantine.c.hash == whole))
            accepted += taken
    return accepted
