"""What the county's administrator does with the folder of a county: set it up, admit devices, look after them.

The folder holds `county.db` (the embedded database), `county.key` (the root key, which signs certificates; it can be kept
elsewhere between admissions), `server.key`, `tls.key` and `tls.crt`.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import secrets
import time
from pathlib import Path

import alembic.command
import alembic.config
import alembic.util
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, func, select

from sync.county import tables
from sync.county.store import CountyStore, certificates, keep_paper
from sync.crypto import Signer
from sync.errors import EnvironmentProblem, Problem
from sync.files import replace_file
from sync.ids import ID_SIZE, new_id
from sync.papers import (
    Admission,
    Certificate,
    Request,
    Server,
    UnreadablePaper,
    armour,
    open_request,
    unarmour,
    write_paper,
)

ROLES = ("station",)
"""What a device may be: a member of its station. The county centre's own role comes with the scopes meant for it."""

STATION = "station"
"""The kind of the scope that holds a station's records."""

CERTIFICATE_DAYS = 3 * 365
TLS_DAYS = 20 * 365
"""The certificate is pinned by every device, so it outlives the laptops; changing it means admitting all again."""

DATABASE = "county.db"
ROOT_KEY = "county.key"
SERVER_KEY = "server.key"
TLS_KEY = "tls.key"
TLS_CERTIFICATE = "tls.crt"
_MIGRATIONS = Path(__file__).parent / "migrations"


class DeviceStatus(msgspec.Struct, frozen=True):
    """A device as the county knows it. Times are seconds since 1970; `seen` is None before the first sync."""

    device: str
    name: str
    station: str
    role: str
    admitted: int
    seen: int | None


class CountyStatus(msgspec.Struct, frozen=True):
    """A county in numbers."""

    county: str
    stations: int
    devices: int
    segments: int
    changes: int
    bytes: int


class County:
    """The folder of a county, opened."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        if not (folder / SERVER_KEY).is_file():
            raise Problem("county.not_a_county", folder=folder)
        self.folder = folder
        self.engine = tables.connect(database_url or tables.sqlite_url(folder / DATABASE))
        try:
            self._migrate()
            self.name = self._setting("name").decode()
            self.server = self._server_key()
            self.server_paper = self._setting("server_paper")
            self.store = CountyStore(self.engine, self.server, self._setting("incarnation"))
        except BaseException:
            self.close()
            raise

    @classmethod
    def init(cls, folder: Path, name: str) -> County:
        """Set up a county in an empty or new folder."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise Problem("county.folder_in_use", folder=folder)
            folder.chmod(0o700)
            root, server = Signer.generate(), Signer.generate()
            replace_file(folder / ROOT_KEY, root.private_key)
            settings = {
                "name": name.encode(),
                "incarnation": secrets.token_bytes(ID_SIZE),
                "server_paper": _server_paper(name, root, server, _write_tls(folder, name)),
            }
            engine = tables.connect(tables.sqlite_url(folder / DATABASE))
            with tables.writing(engine) as connection:
                _upgrade(connection)
                rows = [{"name": key, "value": value} for key, value in settings.items()]
                connection.execute(tables.setting.insert(), rows)
            engine.dispose()
            # Last, because its presence says that the county is whole.
            replace_file(folder / SERVER_KEY, server.private_key)
        except OSError as error:
            raise EnvironmentProblem("county.cannot_write", folder=folder) from error
        return cls(folder)

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()

    def _setting(self, name: str) -> bytes:
        with self.engine.connect() as connection:
            value = connection.execute(select(tables.setting.c.value).where(tables.setting.c.name == name)).scalar()
        if value is None:
            raise Problem("county.not_a_county", folder=self.folder)
        return bytes(value)

    def _migrate(self) -> None:
        try:
            with tables.writing(self.engine) as connection:
                _upgrade(connection)
        except alembic.util.CommandError as error:
            raise Problem("county.newer", folder=self.folder) from error

    def _server_key(self) -> Signer:
        try:
            return Signer((self.folder / SERVER_KEY).read_bytes())
        except (OSError, ValueError) as error:
            raise Problem("county.not_a_county", folder=self.folder) from error

    def _root(self) -> Signer:
        """The root key; Problem where the administrator keeps it elsewhere."""
        try:
            return Signer((self.folder / ROOT_KEY).read_bytes())
        except (OSError, ValueError) as error:
            raise Problem("county.no_root_key", folder=self.folder, file=ROOT_KEY) from error

    # ---- devices ----

    def admit(self, text: str, station_name: str, role: str, source: str) -> str:
        """Answer a request: the device joins the station, which begins with its first device.

        Args:
            text: the armoured request.
            station_name: the station; a new name makes a new station.
            role: one of `ROLES`.
            source: what to call the request in a message.

        Returns:
            The armoured admission.

        Raises:
            Problem: not a request, or the device belongs to another station already.
        """
        try:
            request = open_request(unarmour(text, Request))
        except UnreadablePaper as error:
            raise Problem("enrol.not_a_request", file=source) from error
        root = self._root()
        with tables.writing(self.engine) as connection:
            _refuse_move(connection, request.device, station_name)
            station, scope = _station(connection, station_name, request.scope)
            certificate = _certificate(request, station, scope, (station_name, role), root)
            paper = write_paper(certificate, root)
            _keep_device(connection, certificate, paper)
            members = [other for other in certificates(connection, scope) if other != paper]
        admission = Admission(self.server_paper, paper, members)
        return armour(write_paper(admission, root), Admission)

    def devices(self) -> list[DeviceStatus]:
        """All devices, by station."""
        columns = tables.device.c
        query = (
            select(columns.id, columns.name, tables.station.c.name, columns.role, columns.admitted, columns.seen)
            .join(tables.station, tables.station.c.id == columns.station)
            .order_by(tables.station.c.name, columns.admitted, columns.id)
        )
        with self.engine.connect() as connection:
            return [DeviceStatus(row[0].hex(), *row[1:]) for row in connection.execute(query)]

    def status(self) -> CountyStatus:
        """The county in numbers."""
        segment = tables.segment.c
        with self.engine.connect() as connection:
            stations = connection.execute(select(func.count()).select_from(tables.station)).scalar_one()
            devices = connection.execute(select(func.count()).select_from(tables.device)).scalar_one()
            segments, changes, size = connection.execute(
                select(
                    func.count(),
                    func.coalesce(func.sum(segment.count), 0),
                    func.coalesce(func.sum(func.length(segment.data) + func.length(segment.envelopes)), 0),
                )
            ).one()
        return CountyStatus(self.name, stations, devices, segments, changes, size)


def _upgrade(connection: Connection) -> None:
    """Bring the tables to this version."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")


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


def _certificate(request: Request, station: bytes, scope: bytes, title: tuple[str, str], root: Signer) -> Certificate:
    today = dt.datetime.now(dt.UTC).date()
    station_name, role = title
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
        serial=secrets.randbits(63),
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
    keep_paper(connection, data, body.scope, Certificate.KIND)


def _server_paper(county_name: str, root: Signer, server: Signer, tls_certificate: bytes) -> bytes:
    """What devices need to know to recognise the county's server."""
    body = Server(
        county=root.id,
        county_name=county_name,
        county_key=root.public_key,
        server=server.id,
        server_key=server.public_key,
        tls_certificate=tls_certificate,
    )
    return write_paper(body, root)


def _write_tls(folder: Path, county_name: str) -> bytes:
    """A self-signed certificate, returned in DER. Devices pin these very bytes: no authority, no host name involved."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, county_name[:64])])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A station's clock may be behind: valid since long before.
        .not_valid_before(now - dt.timedelta(days=TLS_DAYS))
        .not_valid_after(now + dt.timedelta(days=TLS_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    replace_file(folder / TLS_KEY, pem)
    replace_file(folder / TLS_CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate.public_bytes(serialization.Encoding.DER)
