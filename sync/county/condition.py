"""How a county is doing, as far as its server can know: devices, times and sizes, nothing about any person.

What waits on a laptop its server cannot know. It knows when each device was here, and when the newest of its records came.
"""

from __future__ import annotations

import shutil
import time
from importlib.metadata import version
from pathlib import Path

import msgspec
from cryptography import x509
from sqlalchemy import Connection, Engine, func, select, text

from sync.county import tables
from sync.ids import device_of
from sync.papers import Certificate, read_paper

LAST_BACKUP = "last_backup"
"""The setting that says when the last backup was made: seconds since 1970, 8 bytes, big-endian."""

MOST_REFUSALS = 100
"""Lines about refusals that are read at most; the newest ones."""


class DeviceCondition(msgspec.Struct, frozen=True):
    """A device. Times are seconds since 1970; None where it has not happened.

    Attributes:
        device: its id in hexadecimal.
        newest: when the newest of its segments came, by whatever way.
        changes: how many of its changes are here.
        uploading: bytes of an upload that broke off and will go on.
        expires: the last day of its certificate, ISO.
    """

    device: str
    name: str
    role: str
    admitted: int
    seen: int | None
    newest: int | None
    changes: int
    uploading: int
    expires: str
    revoked: int | None


class StationCondition(msgspec.Struct, frozen=True):
    """A station and its devices."""

    name: str
    devices: list[DeviceCondition]


class Held(msgspec.Struct, frozen=True):
    """Segments of one device that were not taken, or put aside, for one reason; `device` is the id in hexadecimal."""

    device: str
    reason: str
    count: int
    last: int


class Condition(msgspec.Struct, frozen=True):
    """A county at a moment. Times are seconds since 1970, sizes bytes.

    Attributes:
        refused: newest first, `MOST_REFUSALS` at most; kept are the newest of them only.
        quarantine: genuine segments that do not count.
        disk_free: on the disk of the county's folder.
        tls_expires: the end of the certificate that the devices know the server by.
        backup: when the last backup was made, None if none was.
        incarnation: in hexadecimal; another one after every restore.
    """

    county: str
    now: int
    stations: list[StationCondition]
    refused: list[Held]
    quarantine: list[Held]
    database: str
    database_bytes: int
    disk_free: int
    disk_total: int
    tls_expires: int
    backup: int | None
    version: str
    incarnation: str


def read_condition(engine: Engine, folder: Path, tls_certificate: Path, now: int | None = None) -> Condition:
    """Look at the county's database and disk.

    Args:
        engine: the database.
        folder: the county's folder.
        tls_certificate: the file of the server's certificate.
        now: seconds since 1970, the present moment if left out.
    """
    disk = shutil.disk_usage(folder)
    tls = x509.load_pem_x509_certificate(tls_certificate.read_bytes())
    with engine.connect() as connection:
        backup = _setting(connection, LAST_BACKUP)
        return Condition(
            county=_setting(connection, "name").decode(),
            now=int(time.time()) if now is None else now,
            stations=_stations(connection),
            refused=_refused(connection),
            quarantine=_quarantine(connection),
            database=engine.dialect.name,
            database_bytes=_database_bytes(connection),
            disk_free=disk.free,
            disk_total=disk.total,
            tls_expires=int(tls.not_valid_after_utc.timestamp()),
            backup=int.from_bytes(backup, "big") if backup else None,
            version=version("xinyi"),
            incarnation=_setting(connection, "incarnation").hex(),
        )


def _setting(connection: Connection, name: str) -> bytes:
    """A setting, empty where it is not there."""
    value = connection.execute(select(tables.setting.c.value).where(tables.setting.c.name == name)).scalar()
    return bytes(value or b"")


def _stations(connection: Connection) -> list[StationCondition]:
    newest, changes = _streams(connection)
    uploading = _uploading(connection)
    devices: dict[bytes, list[DeviceCondition]] = {}
    columns = tables.device.c
    for row in connection.execute(select(tables.device).order_by(columns.admitted, columns.id)):
        devices.setdefault(row.station, []).append(
            DeviceCondition(
                device=row.id.hex(),
                name=row.name,
                role=row.role,
                admitted=row.admitted,
                seen=row.seen,
                newest=newest.get(row.id),
                changes=changes.get(row.id, 0),
                uploading=uploading.get(row.id, 0),
                expires=read_paper(row.certificate, Certificate).expires,
                revoked=row.revoked,
            )
        )
    stations = connection.execute(select(tables.station.c.id, tables.station.c.name).order_by(tables.station.c.name))
    return [StationCondition(name, devices.get(id_, [])) for id_, name in stations]


def _streams(connection: Connection) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """When each device's newest segment came, and how many changes there are of it."""
    stream, segment = tables.stream.c, tables.segment.c
    # Only the last segment of each stream is looked up, so that this stays quick when there are millions.
    query = select(stream.id, stream.next_ordinal, segment.received).join(
        tables.segment, (segment.stream == stream.id) & (segment.seq == stream.seq)
    )
    newest: dict[bytes, int] = {}
    changes: dict[bytes, int] = {}
    for id_, next_ordinal, received in connection.execute(query):
        device = device_of(id_)
        newest[device] = max(newest.get(device, 0), received)
        changes[device] = changes.get(device, 0) + next_ordinal - 1
    return newest, changes


def _uploading(connection: Connection) -> dict[bytes, int]:
    columns = tables.piece.c
    query = select(columns.device, func.sum(func.length(columns.data))).group_by(columns.device)
    return {device: int(size) for device, size in connection.execute(query)}


def _refused(connection: Connection) -> list[Held]:
    columns = tables.refusal.c
    last = func.max(columns.at)
    query = (
        select(columns.device, columns.reason, func.count(), last)
        .group_by(columns.device, columns.reason)
        .order_by(last.desc(), columns.device, columns.reason)
        .limit(MOST_REFUSALS)
    )
    return [Held(device.hex(), *rest) for device, *rest in connection.execute(query)]


def _quarantine(connection: Connection) -> list[Held]:
    columns = tables.quarantine.c
    query = (
        select(columns.stream, columns.reason, func.count(), func.max(columns.received))
        .group_by(columns.stream, columns.reason)
        .order_by(columns.stream)
    )
    found: dict[tuple[bytes, str], tuple[int, int]] = {}
    for stream, reason, count, last in connection.execute(query):
        before, latest = found.get((device_of(stream), reason), (0, 0))
        found[device_of(stream), reason] = before + count, max(latest, last)
    held = [Held(device.hex(), reason, *rest) for (device, reason), rest in found.items()]
    return sorted(held, key=lambda one: (-one.last, one.device, one.reason))


def _database_bytes(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        return int(
            connection.execute(
                text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            ).scalar_one()
        )
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
