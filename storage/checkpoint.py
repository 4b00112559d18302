"""A checkpoint: what the log was at a moment, signed, short enough for a printed code. Whoever keeps the paper pins the past.

Segments are chained, so a checkpoint of where each stream ended vouches for everything before it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal, NamedTuple

import msgspec

from storage.archive import Archive
from storage.errors import Problem
from sync.crypto import SIGNATURE_SIZE, Unsealed, verify
from sync.ids import Id
from sync.wire import UNDECODABLE, encode

PREFIX = "XYC1:"
_LABEL = b"xinyi checkpoint 1"


class Checkpoint(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was there.

    Attributes:
        archive: id of the archive.
        device: who signed.
        at: when, in milliseconds since 1970.
        points: stream, seq and mark of the last segment of each stream.
    """

    archive: Id
    device: Id
    at: int
    points: list[tuple[bytes, int, bytes]]


class Difference(NamedTuple):
    """A place that is not as a checkpoint says it was: its segment is gone, or another one stands there."""

    kind: Literal["gone", "changed"]
    place: str


def make(archive: Archive) -> str:
    """Seal what was saved so far, and say in one signed line where everything ends."""
    archive.meeting.seal()
    vector = archive.meeting.overview(archive.device.scope).vector
    points = [(stream, point.seq, point.mark) for stream, point in sorted(vector.items())]
    body = encode(Checkpoint(archive.id, archive.device.id, archive.now(), points))
    return PREFIX + base64.urlsafe_b64encode(body + archive.device.signer.sign(_LABEL, body)).decode()


def read(archive: Archive, text: str) -> Checkpoint:
    """The checkpoint in `text`.

    Raises:
        Problem: it is none, was changed, or belongs to another archive.
    """
    plain = "".join(text.split())
    try:
        data = base64.b64decode(plain.removeprefix(PREFIX), altchars=b"-_", validate=True)
        body, signature = data[:-SIGNATURE_SIZE], data[-SIGNATURE_SIZE:]
        said = msgspec.msgpack.decode(body, type=Checkpoint)
    except (binascii.Error, ValueError, *UNDECODABLE) as error:
        raise Problem("checkpoint.unreadable") from error
    if not plain.startswith(PREFIX):
        raise Problem("checkpoint.unreadable")
    if said.archive != archive.id:
        raise Problem("checkpoint.other_archive")
    signers = archive.meeting.keys(archive.device.scope)
    try:
        verify(signers.get(said.device, b""), signature, _LABEL, body)
    except Unsealed as error:
        raise Problem("checkpoint.unreadable") from error
    return said


def compare(archive: Archive, said: Checkpoint) -> list[Difference]:
    """What is not here any more as the checkpoint says it was, with stream and number."""
    differences = []
    for stream, seq, mark in said.points:
        here = archive.meeting.mark(stream, seq)
        if here != mark:
            differences.append(Difference("gone" if here is None else "changed", f"{stream.hex()[:8]}…:{seq}"))
    return differences
