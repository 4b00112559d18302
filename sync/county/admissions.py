"""Which devices are in the county: admitting them, revoking them, letting what they wrote count after all."""

from __future__ import annotations

import datetime as dt
import time
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from sync.county import tables
from sync.county.filing import begin_station, keep_device, keep_paper, papers_about, scopes_of_station
from sync.county.intake import apart, streams_of, take_back
from sync.crypto import Signer
from sync.errors import Problem
from sync.ids import new_id
from sync.papers import Certificate, Request, Revocation, write_paper

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


def admit(connection: Connection, root: Signer, request: Request, title: Title) -> bytes:
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
    keep_device(connection, certificate, paper)
    take_back(connection, request.device)
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
    begin_station(connection, name, station, proposed_scope)
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
    return max([time.time_ns() // 1_000_000, *(one.serial + 1 for one in papers_about(connection, device))])


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


# ---- revoking ----


def revoke(connection: Connection, root: Signer, device: Found, *, extends: bool = False) -> Revoked:
    """Let a device's streams end where they are; it gets nothing any more, and nothing is taken from it.

    With `extends` that is further than where they ended before.
    """
    connection.execute(update(tables.device).where(tables.device.c.id == device.id).values(revoked=int(time.time())))
    ends = [(name, end) for name, _, end in streams_of(connection, device.id)]
    serial = _next_serial(connection, device.id)
    paper = write_paper(Revocation(root.id, device.id, serial, ends, extends), root)
    for scope in scopes_of_station(connection, device.station):
        keep_paper(connection, paper, scope, Revocation.KIND)
    return Revoked(device.id, device.name, device.station_name, len(apart(connection, device.id)), 0)


def release(connection: Connection, root: Signer, device: Found) -> Revoked:
    """Let count what a revoked device wrote and others have handed in since; it stays revoked, with later ends."""
    connection.execute(update(tables.device).where(tables.device.c.id == device.id).values(revoked=None))
    accepted = take_back(connection, device.id)
    return revoke(connection, root, device, extends=True)._replace(accepted=accepted)


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
