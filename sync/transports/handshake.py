"""How two neighbours recognise each other over a fresh TLS line. Rule: docs/sync-protocol.md, Neighbour.

Each proves with its device key that it is who its certificate says, over everything that was said and the TLS certificate
that was seen: whoever ends TLS in the middle cannot hand these proofs on. The six digits that people compare follow from
the same words. The visitor has committed to its nonce before it sees the host's, so nobody can try nonces until the digits
of two lines are equal.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple, TypeVar

import msgspec

from sync.crypto import Signer, Unsealed, digest, verify
from sync.errors import Problem
from sync.papers import Certificate, UnreadablePaper, open_certificate, read_paper
from sync.segments import Hash
from sync.transports.line import Broken, Line
from sync.wire import UNDECODABLE, encode

VERSION = 1
SECONDS = 10.0
"""For each message of the handshake."""

LIMIT = 64 * 1024
"""Bytes of a message from somebody who has not proved anything."""

REASONS = frozenset({"newer", "other_county", "other_station", "revoked", "same_device", "not_genuine", "denied"})
"""The reasons that one side gives the other."""

_NONCE_SIZE = 32
_LABEL = b"xinyi neighbour 1"


class Party(NamedTuple):
    """Who this device is to a neighbour.

    Attributes:
        signer: the key of the device.
        certificate: the county's paper about it.
        county_key: whose word counts.
        revoked: devices that the county has revoked, as far as is known here.
    """

    signer: Signer
    certificate: bytes
    county_key: bytes
    revoked: frozenset[bytes] = frozenset()


class Acquaintance(NamedTuple):
    """What the handshake gave: who is there, their certificate, and the digits to compare."""

    peer: Certificate
    paper: bytes
    code: str


class _Hello(msgspec.Struct, array_like=True):
    # A later version may say more; that it is later has to be readable all the same.
    version: int
    certificate: bytes
    commitment: Hash


class _Reply(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    certificate: bytes
    nonce: Hash


class _Proof(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    signature: bytes


class _Opening(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    nonce: Hash
    signature: bytes


class _Refused(msgspec.Struct, array_like=True, forbid_unknown_fields=True, tag="refused"):
    reason: str


M = TypeVar("M", bound=msgspec.Struct)


def visit(line: Line, party: Party, tls_certificate: bytes) -> Acquaintance:
    """The visitor's part; `tls_certificate` (DER) is what was seen. Raises Problem, Broken, Silent."""
    nonce = secrets.token_bytes(_NONCE_SIZE)
    line.send(encode(_Hello(VERSION, party.certificate, _commitment(nonce, party.certificate))), SECONDS)
    reply = _receive(line, _Reply)
    peer = _checked(reply.certificate, party, line)
    said = _transcript(tls_certificate, (party.certificate, reply.certificate), (nonce, reply.nonce))
    line.send(encode(_Opening(nonce, party.signer.sign(_LABEL, b"visitor" + said))), SECONDS)
    _prove(line, _receive(line, _Proof).signature, peer, b"host" + said)
    return Acquaintance(peer, reply.certificate, _digits(said))


def receive_visit(line: Line, party: Party, tls_certificate: bytes) -> Acquaintance:
    """The host's part; `tls_certificate` (DER) is its own. Raises Problem, Broken, Silent."""
    hello = _receive(line, _Hello)
    if hello.version != VERSION:
        raise _refuse(line, "newer")
    peer = _checked(hello.certificate, party, line)
    nonce = secrets.token_bytes(_NONCE_SIZE)
    line.send(encode(_Reply(party.certificate, nonce)), SECONDS)
    opening = _receive(line, _Opening)
    said = _transcript(tls_certificate, (hello.certificate, party.certificate), (opening.nonce, nonce))
    if _commitment(opening.nonce, hello.certificate) != hello.commitment:
        raise _refuse(line, "not_genuine")
    _prove(line, opening.signature, peer, b"visitor" + said)
    line.send(encode(_Proof(party.signer.sign(_LABEL, b"host" + said))), SECONDS)
    return Acquaintance(peer, hello.certificate, _digits(said))


def write_refusal(reason: str) -> bytes:
    """The message that says why this side ends it; `reason` is one of `REASONS`."""
    return encode(_Refused(reason))


def read_refusal(message: bytes) -> str | None:
    """Why the other side ends it: the last part of a text key (``neighbour.…``); None where it says no such thing."""
    try:
        reason = msgspec.msgpack.decode(message, type=_Refused).reason
    except UNDECODABLE:
        return None
    return f"they_{reason}" if reason in REASONS else "they_refused"


def _receive(line: Line, kind: type[M]) -> M:
    message = line.receive(SECONDS)
    reason = read_refusal(message)
    if reason:
        raise Problem(f"neighbour.{reason}", device="")
    try:
        return msgspec.msgpack.decode(message, type=kind)
    except UNDECODABLE as error:
        raise Broken from error


def _refuse(line: Line, reason: str, device: str = "") -> Problem:
    """Say why, and give the problem to raise here."""
    line.send(write_refusal(reason), SECONDS)
    return Problem(f"neighbour.{reason}", device=device)


def _checked(paper: bytes, party: Party, line: Line) -> Certificate:
    """What the other side's certificate says, where it may meet this device at all."""
    try:
        claimed = read_paper(paper, Certificate)
    except UnreadablePaper as error:
        raise Broken from error
    try:
        peer = open_certificate(paper, party.county_key)
    except UnreadablePaper as error:
        raise _refuse(line, "other_county", claimed.device_name) from error
    if peer.device == party.signer.id:
        raise _refuse(line, "same_device", peer.device_name)
    if peer.device in party.revoked:
        raise _refuse(line, "revoked", peer.device_name)
    if peer.scope != read_paper(party.certificate, Certificate).scope:
        raise _refuse(line, "other_station", peer.device_name)
    return peer


def _commitment(nonce: bytes, certificate: bytes) -> bytes:
    return digest(b"xinyi neighbour commitment 1\0" + nonce + digest(certificate))


def _transcript(tls_certificate: bytes, certificates: tuple[bytes, bytes], nonces: tuple[bytes, bytes]) -> bytes:
    """Everything that was said, the visitor's part before the host's."""
    return digest(b"".join([digest(tls_certificate), *map(digest, certificates), *nonces]))


def _prove(line: Line, signature: bytes, peer: Certificate, said: bytes) -> None:
    try:
        verify(peer.signing_key, signature, _LABEL, said)
    except Unsealed as error:
        raise _refuse(line, "not_genuine") from error


def _digits(said: bytes) -> str:
    """Six digits in two groups."""
    number = int.from_bytes(digest(b"xinyi neighbour code 1\0" + said)[:8], "big") % 1_000_000
    return f"{number // 1000:03d} {number % 1000:03d}"
