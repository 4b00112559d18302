"""What the county's administrator does with the folder of a county: set it up, admit devices, look after them.

The folder holds `county.db` (the embedded database) or `database.url` (the address of another), `county.key` (the root
key, which signs certificates; it can be kept elsewhere between admissions), `server.key`, `tls.key` and `tls.crt`.
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
from sqlalchemy import Connection, func, inspect, select

from sync.county import tables
from sync.county.admissions import Revoked, Title, admit, find_device, release, revoke
from sync.county.filing import certificates, publications, publish
from sync.county.store import CountyStore
from sync.crypto import Signer
from sync.errors import EnvironmentProblem, Problem
from sync.files import replace_file
from sync.ids import ID_SIZE
from sync.papers import (
    Admission,
    Certificate,
    Publication,
    Request,
    Server,
    UnreadablePaper,
    armour,
    open_request,
    open_server,
    read_paper,
    unarmour,
    write_paper,
    write_publication,
)

TLS_DAYS = 20 * 365
"""The certificate is pinned by every device, so it outlives the laptops; changing it means admitting all again."""

DATABASE = "county.db"
DATABASE_URL = "database.url"
"""Where the county's tables are elsewhere, their address stands in this file, so that no command has to be told."""

ROOT_KEY = "county.key"
SERVER_KEY = "server.key"
TLS_KEY = "tls.key"
TLS_CERTIFICATE = "tls.crt"
_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADING = int.from_bytes(b"xinyi up", "big")
"""Names the lock that a process holds while it brings the tables to its version."""


class DeviceStatus(msgspec.Struct, frozen=True):
    """A device as the county knows it. Times are seconds since 1970.

    Attributes:
        seen: None before the first sync.
        revoked: None unless it is.
    """

    device: str
    name: str
    station: str
    role: str
    admitted: int
    seen: int | None
    revoked: int | None


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
        self.engine = tables.connect(database_url or database_address(folder))
        try:
            self._migrate()
            self.name = self._setting("name").decode()
            self.server = self._server_key()
            self.server_paper = self._setting("server_paper")
            self.store = CountyStore(
                self.engine, self.server, self._setting("incarnation"), open_server(self.server_paper).county_key
            )
        except BaseException:
            self.close()
            raise

    @classmethod
    def init(cls, folder: Path, name: str, database_url: str | None = None) -> County:
        """Set up a county in an empty or new folder, and in an empty database where another than `county.db` is named."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise Problem("county.folder_in_use", folder=folder)
            folder.chmod(0o700)
            if database_url:
                refuse_used(database_url)
                replace_file(folder / DATABASE_URL, database_url.encode())
            root, server = Signer.generate(), Signer.generate()
            replace_file(folder / ROOT_KEY, root.private_key)
            settings = {
                "name": name.encode(),
                "incarnation": secrets.token_bytes(ID_SIZE),
                "server_paper": _server_paper(name, root, server, _write_tls(folder, name)),
            }
            engine = tables.connect(database_address(folder))
            with tables.writing(engine) as connection:
                upgrade(connection)
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
        tables.let_go(self.engine)

    def _setting(self, name: str) -> bytes:
        with self.engine.connect() as connection:
            value = connection.execute(select(tables.setting.c.value).where(tables.setting.c.name == name)).scalar()
        if value is None:
            raise Problem("county.not_a_county", folder=self.folder)
        return bytes(value)

    def _migrate(self) -> None:
        try:
            with tables.writing(self.engine) as connection:
                upgrade(connection)
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
            paper = admit(connection, root, request, Title(station_name, role))
            scope = read_paper(paper, Certificate).scope
            members = [other for other in certificates(connection, scope) if other != paper]
        admission = Admission(self.server_paper, paper, members)
        return armour(write_paper(admission, root), Admission)

    def revoke(self, named: str, *, accept_later: bool = False) -> Revoked:
        """Revoke a device, by its name or the beginning of its id.

        Args:
            named: which one.
            accept_later: let count what a device that is revoked already wrote and others have handed in since.

        Raises:
            Problem: no such device, several of them, or no root key.
        """
        root = self._root()
        with tables.writing(self.engine) as connection:
            device = find_device(connection, named)
            if accept_later:
                return release(connection, root, device)
            return revoke(connection, root, device)

    def publish(self, name: str, content: bytes) -> bytes:
        """Sign a file and hand it to every station, those to come among them.

        Args:
            name: what it is called; a later one of the same name takes its place.
            content: the file.

        Returns:
            The signed paper.

        Raises:
            Problem: too large, or no root key.
        """
        root = self._root()
        with tables.writing(self.engine) as connection:
            before = [read_paper(data, Publication).serial for data in publications(connection)]
            serial = max([time.time_ns() // 1_000_000, *(one + 1 for one in before)])
            paper = write_publication(name, serial, content, root)
            publish(connection, paper)
        return paper

    def published(self) -> list[Publication]:
        """What stations are given, by name; of each name the one that counts."""
        with self.engine.connect() as connection:
            papers = [read_paper(data, Publication) for data in publications(connection)]
        newest = {one.name: one for one in sorted(papers, key=lambda one: one.serial)}
        return [newest[name] for name in sorted(newest)]

    def devices(self) -> list[DeviceStatus]:
        """All devices, by station."""
        columns = tables.device.c
        query = (
            select(
                columns.id,
                columns.name,
                tables.station.c.name,
                columns.role,
                columns.admitted,
                columns.seen,
                columns.revoked,
            )
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


def database_address(folder: Path) -> str:
    """Where the tables of a county are."""
    kept = folder / DATABASE_URL
    return kept.read_text("utf-8").strip() if kept.is_file() else tables.sqlite_url(folder / DATABASE)


def refuse_used(database_url: str) -> None:
    """See that a database is empty. Raises Problem."""
    engine = tables.connect(database_url)
    try:
        if inspect(engine).get_table_names():
            raise Problem("county.database_in_use")
    finally:
        engine.dispose()


def upgrade(connection: Connection) -> None:
    """Bring the tables to this version."""
    if connection.dialect.name == "postgresql":
        # Several processes may start at once; SQLite lets only one write anyway.
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADING)))
    config = alembic.config.Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")


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
