"""The county's papers in its database: which there are, and who takes part in a scope by them."""

from __future__ import annotations

import time
from typing import TypeVar

from sqlalchemy import Connection, select

from sync.county import tables
from sync.papers import Certificate, Founding, PaperBody, Publication, Revocation, paper_id, read_paper, takes_part
from sync.scopes import KINDS, STATION

P = TypeVar("P", bound=PaperBody)


def keep_paper(connection: Connection, data: bytes, scope: bytes, kind: int) -> None:
    """Keep a paper that has been checked."""
    if not has_paper(connection, scope, paper_id(data)):
        connection.execute(tables.paper.insert().values(id=paper_id(data), scope=scope, kind=kind, data=data))


def has_paper(connection: Connection, scope: bytes, name: bytes) -> bool:
    """Whether a paper is kept for a scope."""
    columns = tables.paper.c
    query = select(columns.id).where(columns.scope == scope, columns.id == name)
    return connection.execute(query).first() is not None


def papers_of(connection: Connection, scope: bytes, kind: type[P]) -> list[P]:
    """What the papers of a kind say that are kept for a scope."""
    return [read_paper(data, kind) for data in _data(connection, scope, kind)]


def certificates(connection: Connection, scope: bytes) -> list[bytes]:
    """The certificates of a scope's members."""
    return _data(connection, scope, Certificate)


def _data(connection: Connection, scope: bytes, kind: type[PaperBody]) -> list[bytes]:
    columns = tables.paper.c
    query = select(columns.data).where(columns.scope == scope, columns.kind == kind.KIND).order_by(columns.id)
    return list(connection.execute(query).scalars())


def device_keys(connection: Connection, scope: bytes, *, active: bool = False) -> dict[bytes, bytes]:
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


def scopes_of_station(connection: Connection, station: bytes) -> list[bytes]:
    """The scopes that a station takes part in."""
    columns = tables.membership.c
    return list(connection.execute(select(columns.scope).where(columns.station == station)).scalars())


def station_scopes(connection: Connection) -> list[bytes]:
    """The scopes of all stations' own records."""
    return list(connection.execute(select(tables.station.c.scope)).scalars())


def publish(connection: Connection, data: bytes) -> None:
    """Keep a publication for every station."""
    for scope in station_scopes(connection):
        keep_paper(connection, data, scope, Publication.KIND)


def publications(connection: Connection) -> list[bytes]:
    """What the county has published, each once."""
    columns = tables.paper.c
    query = select(columns.data).where(columns.kind == Publication.KIND).distinct()
    return sorted(connection.execute(query).scalars())


def papers_about(connection: Connection, device: bytes) -> list[Certificate | Revocation]:
    """Every certificate and revocation of a device, the one that counts last."""
    columns = tables.paper.c
    rows = connection.execute(
        select(columns.kind, columns.data).where(columns.kind.in_([Certificate.KIND, Revocation.KIND]))
    )
    about: list[Certificate | Revocation] = [
        read_paper(data, Certificate) if kind == Certificate.KIND else read_paper(data, Revocation)
        for kind, data in rows
    ]
    return sorted((one for one in about if one.device == device), key=lambda one: one.serial)


def keep_device(connection: Connection, body: Certificate, data: bytes) -> None:
    """Write a device in, with its certificate for every scope that it takes part in; admitted again, it gets its new one."""
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
    for scope in scopes_of_station(connection, body.station):
        keep_certificate(connection, scope, body, data)


def keep_certificate(connection: Connection, scope: bytes, body: Certificate, data: bytes) -> None:
    """Keep a certificate for a scope of its station, if its role goes with it."""
    founding = next(iter(papers_of(connection, scope, Founding)), None)
    if body.role in KINDS[STATION].roles if founding is None else takes_part(body, founding):
        keep_paper(connection, data, scope, Certificate.KIND)


def begin_station(connection: Connection, name: str, station: bytes, scope: bytes) -> None:
    """Write a station in, with the scope of its own records."""
    connection.execute(tables.station.insert().values(id=station, name=name, scope=scope))
    connection.execute(tables.scope.insert().values(id=scope, kind=STATION, founded=int(time.time())))
    connection.execute(tables.membership.insert().values(scope=scope, station=station))
    for data in publications(connection):
        keep_paper(connection, data, scope, Publication.KIND)
