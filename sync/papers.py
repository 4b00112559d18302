"""Papers: small signed documents about who is who. Kinds and layout: docs/sync-protocol.md.

A paper is kept and handed on as the bytes that were signed. `read_paper` checks its shape only; `open_paper` also that
the right party signed it.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterable
from typing import Annotated, ClassVar, TypeVar

import msgspec

from sync.crypto import SIGNATURE_SIZE, SUITE, Recipient, Signer, Unsealed, digest, key_id, verify, wrap
from sync.errors import Problem
from sync.ids import ID_SIZE, Id, Number, StreamId
from sync.packing import NotPackedError, pack_body, unpack_body
from sync.scopes import KINDS, STATION, founded_id
from sync.segments import Point, ScopeKey
from sync.wire import UNDECODABLE, encode

MAGIC = b"XYP1"
MAX_PAPER = 1024 * 1024
MAX_CONTENT = 512 * 1024
"""Bytes that a publication may hold, compressed."""
MAX_STATIONS = 20
"""That share one scope: a referral has two."""

_START = len(MAGIC) + 1 + 4
_LABEL = b"xinyi paper 1"


class UnreadablePaper(Exception):
    """The bytes are not a paper, or not signed by whom they should be."""


class PaperBody(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a paper says. `KIND` is its number, `ARMOUR` its title where it travels as a file of its own."""

    KIND: ClassVar[int]
    ARMOUR: ClassVar[str] = ""


class Request(PaperBody, frozen=True):
    """A device asks to join; signed by itself."""

    KIND = 1
    ARMOUR = "XINYI REQUEST"

    device: Id
    signing_key: bytes
    sealing_key: bytes
    device_name: str
    station_name: str
    scope: Id


class Certificate(PaperBody, frozen=True):
    """The county says that a device belongs to a station and its scope; signed by the county. Dates are ISO text."""

    KIND = 2

    county: Id
    device: Id
    signing_key: bytes
    sealing_key: bytes
    device_name: str
    station: Id
    station_name: str
    role: str
    scope: Id
    serial: int
    issued: str
    expires: str


class Grant(PaperBody, frozen=True):
    """A member hands the scope key to another device; signed by the sending device."""

    KIND = 3

    suite: int
    scope: Id
    epoch: Number
    recipient: Id
    sender: Id
    wrapped: bytes


class Server(PaperBody, frozen=True):
    """The county's server, and the TLS certificate (DER) to expect there; signed by the county."""

    KIND = 4

    county: Id
    county_name: str
    county_key: bytes
    server: Id
    server_key: bytes
    tls_certificate: bytes


class Receipt(PaperBody, frozen=True):
    """Everything up to these points of the scope's streams is durably stored; signed by the server."""

    KIND = 5

    server: Id
    incarnation: Id
    scope: Id
    points: list[tuple[bytes, Point]]

    @property
    def vector(self) -> dict[bytes, Point]:
        """The points by stream."""
        return dict(self.points)


class Agreement(PaperBody, frozen=True):
    """A server's receipt for everything that whoever asked has, because it has the same; signed by the server.

    `state` is what both computed (`sync.store.state_digest`).
    """

    KIND = 9

    server: Id
    incarnation: Id
    state: bytes


class Admission(PaperBody, frozen=True):
    """The county's answer to a request; signed by the county. The parts are whole papers."""

    KIND = 6
    ARMOUR = "XINYI ADMISSION"

    server: bytes
    certificate: bytes
    members: list[bytes]


class Revocation(PaperBody, frozen=True):
    """What a device writes counts no further than these ends of its streams; signed by the county.

    A device is revoked where the paper about it with the greatest serial, certificates among them, is one of these. Where
    its streams end then, `ends_since` says. `extends`: the office lets count what was handed in after the revocation.
    """

    KIND = 7

    county: Id
    device: Id
    serial: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    ends: list[tuple[StreamId, Point]]
    extends: bool


class Founding(PaperBody, frozen=True):
    """A device of a station shares something with other stations: their ids and names; signed by that device."""

    KIND = 8

    scope: Id
    kind: str
    founder: Id
    nonce: Id
    stations: list[tuple[Id, str]]


class Erasure(PaperBody, frozen=True):
    """A person of a scope is erased: whoever keeps envelopes destroys theirs; signed by a member.

    Archives forget the person because of a change that they can read. This is for those that can read nothing.
    """

    KIND = 10

    scope: Id
    person: Id
    device: Id


class Publication(PaperBody, frozen=True):
    """A file that the county wants every station to have, such as a definition; signed by the county.

    What is in it is nothing to those who hand it on. Of several with one name the greatest serial counts.
    """

    KIND = 11

    county: Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    serial: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    content: Annotated[bytes, msgspec.Meta(max_length=MAX_CONTENT)]


P = TypeVar("P", bound=PaperBody)


def paper_id(data: bytes) -> bytes:
    """How stores name a paper."""
    return digest(data)[:ID_SIZE]


def paper_kind(data: bytes) -> int:
    """The number of the paper's kind. Raises UnreadablePaper."""
    if data[:4] != MAGIC or not _START + SIGNATURE_SIZE < len(data) <= MAX_PAPER:
        raise UnreadablePaper
    return data[4]


def write_paper(body: PaperBody, signer: Signer) -> bytes:
    """The signed bytes of a paper."""
    encoded = encode(body)
    start = MAGIC + bytes([body.KIND]) + len(encoded).to_bytes(4, "big") + encoded
    return start + signer.sign(_LABEL, start)


def read_paper(data: bytes, kind: type[P]) -> P:
    """What a paper says, its signature not yet checked. Raises UnreadablePaper."""
    if paper_kind(data) != kind.KIND or int.from_bytes(data[5:_START], "big") != len(data) - _START - SIGNATURE_SIZE:
        raise UnreadablePaper
    try:
        return msgspec.msgpack.decode(data[_START:-SIGNATURE_SIZE], type=kind)
    except UNDECODABLE as error:
        raise UnreadablePaper from error


def open_paper(data: bytes, kind: type[P], key: bytes) -> P:
    """What a paper says, signed by the holder of `key` (raw Ed25519). Raises UnreadablePaper."""
    body = read_paper(data, kind)
    try:
        verify(key, data[-SIGNATURE_SIZE:], _LABEL, data[:-SIGNATURE_SIZE])
    except Unsealed as error:
        raise UnreadablePaper from error
    return body


# ---- papers with rules of their own ----


def open_request(data: bytes) -> Request:
    """A request, signed by the very device that it names. Raises UnreadablePaper."""
    body = open_paper(data, Request, read_paper(data, Request).signing_key)
    if key_id(body.signing_key) != body.device:
        raise UnreadablePaper
    return body


def open_certificate(data: bytes, county_key: bytes) -> Certificate:
    """A certificate by this county for a device that holds the key it names. Raises UnreadablePaper."""
    body = open_paper(data, Certificate, county_key)
    if body.county != key_id(county_key) or body.device != key_id(body.signing_key):
        raise UnreadablePaper
    return body


def open_server(data: bytes) -> Server:
    """A server paper, signed by the county that it names. Raises UnreadablePaper."""
    body = open_paper(data, Server, read_paper(data, Server).county_key)
    if body.county != key_id(body.county_key) or body.server != key_id(body.server_key):
        raise UnreadablePaper
    return body


def open_revocation(data: bytes, county_key: bytes) -> Revocation:
    """A revocation by this county. Raises UnreadablePaper."""
    body = open_paper(data, Revocation, county_key)
    if body.county != key_id(county_key):
        raise UnreadablePaper
    return body


def open_publication(data: bytes, county_key: bytes) -> Publication:
    """A publication by this county. Raises UnreadablePaper."""
    body = open_paper(data, Publication, county_key)
    if body.county != key_id(county_key):
        raise UnreadablePaper
    return body


def write_publication(name: str, serial: int, content: bytes, root: Signer) -> bytes:
    """A file for every station, signed by the county. Raises Problem where it is too large."""
    packed = pack_body(content)
    if len(packed) > MAX_CONTENT:
        raise Problem("county.publication_too_large", kilobytes=MAX_CONTENT >> 10)
    return write_paper(Publication(root.id, name, serial, packed), root)


def content_of(publication: Publication) -> bytes:
    """The file that is published; nothing where it is not packed as it should be."""
    try:
        return unpack_body(publication.content)
    except NotPackedError:
        return b""


def ends_since(serial: int, revocations: Iterable[Revocation]) -> dict[bytes, Point] | None:
    """Where the streams of a device end that was certified with this serial; None where it was not revoked since.

    The first revocation holds, and those after it only where they extend it. A server that was put back from an old
    backup may have revoked once more a device that it had forgotten: by then it had lost something that counted, or
    taken something that must not.
    """
    since = sorted((one for one in revocations if one.serial > serial), key=lambda one: one.serial)
    if not since:
        return None
    ends = dict(since[0].ends)
    for paper in since[1:]:
        for stream, point in paper.ends if paper.extends else ():
            if stream not in ends or point.seq > ends[stream].seq:
                ends[stream] = point
    return ends


def open_founding(data: bytes, founder: Certificate) -> Founding:
    """A founding by the device of this certificate, of a scope that only it can found. Raises UnreadablePaper."""
    body = open_paper(data, Founding, founder.signing_key)
    own = (founder.station, founder.station_name)
    if body.founder != founder.device or body.scope != founded_id(body.founder, body.nonce) or body.kind not in KINDS:
        raise UnreadablePaper
    if body.kind == STATION or own not in body.stations or not 1 < len(body.stations) <= MAX_STATIONS:
        raise UnreadablePaper
    return body


def takes_part(certificate: Certificate, founding: Founding) -> bool:
    """Whether a device is a member of a scope: its station is named, and its role goes with the kind."""
    named = (certificate.station, certificate.station_name) in founding.stations
    return named and certificate.role in KINDS[founding.kind].roles


def _grant_info(scope: bytes, epoch: int, recipient: bytes) -> bytes:
    return b"xinyi grant 1" + scope + epoch.to_bytes(8, "big") + recipient


def write_grant(scope_key: ScopeKey, to: Certificate, signer: Signer) -> bytes:
    """Hand a scope key to the device of the certificate `to`. Raises Unsealed where its sealing key is none."""
    scope, epoch, key = scope_key
    wrapped = wrap(to.sealing_key, key, _grant_info(scope, epoch, to.device))
    return write_paper(Grant(SUITE, scope, epoch, to.device, signer.id, wrapped), signer)


def open_grant(data: bytes, sender_key: bytes, recipient: Recipient) -> ScopeKey:
    """The scope key in a grant to this device. Raises UnreadablePaper."""
    body = open_paper(data, Grant, sender_key)
    if body.suite != SUITE or body.sender != key_id(sender_key):
        raise UnreadablePaper
    try:
        key = recipient.unwrap(body.wrapped, _grant_info(body.scope, body.epoch, body.recipient))
    except Unsealed as error:
        raise UnreadablePaper from error
    return ScopeKey(body.scope, body.epoch, key)


# ---- papers as files ----


def armour(data: bytes, kind: type[PaperBody]) -> str:
    """A paper as text that survives e-mail, chat and copying by hand."""
    lines = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN {kind.ARMOUR}-----\n{lines}\n-----END {kind.ARMOUR}-----\n"


def unarmour(text: str, kind: type[PaperBody]) -> bytes:
    """The inverse of `armour`; text around the paper is ignored. Raises UnreadablePaper."""
    _, begin, rest = text.partition(f"-----BEGIN {kind.ARMOUR}-----")
    inner, end, _ = rest.partition(f"-----END {kind.ARMOUR}-----")
    if not begin or not end:
        raise UnreadablePaper
    try:
        return base64.b64decode("".join(inner.split()), validate=True)
    except ValueError as error:
        raise UnreadablePaper from error
