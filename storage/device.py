"""Who this archive is among others: its device keys, its scope, its place in the county."""

from __future__ import annotations

from typing import NamedTuple

from storage.database import Connection, Meta
from storage.errors import Problem
from storage.scopes import Scopes
from sync.crypto import Recipient, Signer
from sync.papers import (
    Admission,
    Certificate,
    P,
    Request,
    Server,
    UnreadablePaper,
    open_certificate,
    open_paper,
    open_server,
    paper_id,
    paper_kind,
    read_paper,
    write_paper,
)
from sync.scopes import WITHOUT_HISTORY
from sync.segments import CHAIN_START, ScopeKey


class Names(NamedTuple):
    """What people call this device and its station."""

    device: str
    station: str


class Device:
    """The identity of one archive, kept inside it.

    Attributes:
        signer: the key that signs its segments and papers.
        recipient: the key that others wrap scope keys to.
        scopes: what it takes part in.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._meta = Meta(connection)
        self.signer = Signer(self._meta.get("signing_key"))
        self.recipient = Recipient(self._meta.get("sealing_key"))
        self.scopes = Scopes(connection, self.id)

    @classmethod
    def create(cls, connection: Connection, names: Names, scope_key: ScopeKey) -> Device:
        """Make the identity of a new archive: it is alone in a scope of its own until it is admitted somewhere."""
        meta = Meta(connection)
        signer = Signer.generate()
        meta.put("signing_key", signer.private_key)
        meta.put("sealing_key", Recipient.generate().private_key)
        meta.put("device_name", names.device)
        meta.put("station_name", names.station)
        device = cls(connection)
        device.scopes.set_home(scope_key.scope)
        device.scopes.add_key(scope_key)
        device.scopes.begin_stream(scope_key.scope)
        return device

    @property
    def id(self) -> bytes:
        """The id of the device."""
        return self.signer.id

    @property
    def scope(self) -> bytes:
        """The scope of the station's records."""
        return self.scopes.home

    @property
    def stream(self) -> tuple[int, bytes]:
        """The stream that this incarnation writes at home: its local number and its id."""
        return self.scopes.stream(self.scope)

    @property
    def names(self) -> Names:
        """What people call it; the station's name is the county's once it is admitted."""
        certificate = self.certificate
        station = certificate.station_name if certificate else self._meta.get("station_name")
        return Names(self._meta.get("device_name"), station)

    # ---- the county ----

    @property
    def server(self) -> Server | None:
        """The county's server as it was named at the admission."""
        data = self._meta.get("server")
        return read_paper(data, Server) if data else None

    @property
    def certificate_paper(self) -> bytes:
        """The county's paper about this device, empty before it has joined."""
        return bytes(self._meta.get("certificate") or b"")

    @property
    def certificate(self) -> Certificate | None:
        """What the county says about this device."""
        data = self.certificate_paper
        return read_paper(data, Certificate) if data else None

    def request(self) -> bytes:
        """A paper with which this device asks to join a county."""
        return write_paper(
            Request(
                device=self.id,
                signing_key=self.signer.public_key,
                sealing_key=self.recipient.public_key,
                device_name=self.names.device,
                station_name=self.names.station,
                scope=self.scope,
            ),
            self.signer,
        )

    def accept(self, admission: bytes) -> Certificate:
        """Join: take the county's answer in, within the caller's transaction.

        Raises:
            Problem: not an admission, one for another device, or another county than before.
        """
        try:
            server_paper = read_paper(admission, Admission).server
            server = open_server(server_paper)
            body = open_paper(admission, Admission, server.county_key)
            certificate = open_certificate(body.certificate, server.county_key)
            for paper in body.members:
                open_certificate(paper, server.county_key)
        except UnreadablePaper as error:
            raise Problem("enrol.not_an_admission") from error
        if certificate.device != self.id:
            raise Problem("enrol.for_another_device", device=certificate.device_name)
        before = self.certificate
        if before and (before.county, before.scope) != (certificate.county, certificate.scope):
            raise Problem("enrol.joined_already", station=before.station_name)
        if certificate.scope != self.scope:
            self._move(certificate.scope)
        elif before and before.role in WITHOUT_HISTORY:
            # What was passed over for want of keys is opened once they come.
            own = {number for number, _ in self.scopes.streams(self.scope)}
            for (number,) in self._connection.execute(
                "SELECT no FROM stream WHERE scope = ?", (self.scope,)
            ).fetchall():
                if number not in own:
                    self._connection.execute("UPDATE stream SET folded = 0 WHERE no = ?", (number,))
        self._meta.put("server", server_paper)
        self._meta.put("certificate", body.certificate)
        for paper in (body.certificate, *body.members):
            self.keep_paper(certificate.scope, paper)
        return certificate

    def keep_paper(self, scope: bytes, data: bytes) -> bool:
        """Keep a paper that has been checked, to read it later and hand it on to the members of a scope; whether it is new."""
        kept = self._connection.execute(
            "INSERT OR IGNORE INTO paper (scope, id, kind, data) VALUES (?, ?, ?, ?)",
            (scope, paper_id(data), paper_kind(data), data),
        )
        return bool(kept.rowcount)

    def papers(self, kind: type[P], scope: bytes | None = None) -> list[P]:
        """What the papers of a kind say that are kept for a scope, the station's own unless another is named."""
        return [body for body, _ in self.papers_with_data(kind, scope)]

    def papers_with_data(self, kind: type[P], scope: bytes | None = None) -> list[tuple[P, bytes]]:
        """The papers of a kind that are kept for a scope."""
        rows = self._connection.execute(
            "SELECT data FROM paper WHERE scope = ? AND kind = ? ORDER BY id", (scope or self.scope, kind.KIND)
        )
        return [(read_paper(data, kind), data) for (data,) in rows]

    def _move(self, scope: bytes) -> None:
        """Take the own streams to the station's scope.

        Nobody has seen its segments, because a device without admission meets no one. They are sealed again, from the
        log, once the key of the new scope is here; ordinals and therefore change ids stay what they are.
        """
        for number, _ in self.scopes.streams(self.scope):
            self._connection.execute("DELETE FROM segment WHERE stream = ?", (number,))
            self._connection.execute(
                "UPDATE stream SET scope = ?, seq = 0, hash = ?, next_ordinal = 1, folded = 0 WHERE no = ?",
                (scope, CHAIN_START, number),
            )
        self._connection.execute("UPDATE person_key SET published = 0")
        self._connection.execute("UPDATE person_key SET scope = ?", (scope,))
        self._connection.execute("DELETE FROM scope_key")
        self.scopes.set_home(scope)
