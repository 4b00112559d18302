"""Segments: batches of consecutive changes of one stream, sealed, signed and chained. Layout: docs/sync-protocol.md."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Annotated, NamedTuple

import msgspec

from sync import packing
from sync.changes import Change, UnreadablePayload, encode_payload, open_payload
from sync.crypto import (
    NONCE_SIZE,
    SIGNATURE_SIZE,
    SUITE,
    Signer,
    Unsealed,
    derive,
    digest,
    seal,
    unseal,
    verify,
)
from sync.ids import Id, Number, StreamId
from sync.wire import UNDECODABLE, encode

MAGIC = b"XYS1"
MAX_SEGMENT = 4 * 1024 * 1024
MAX_CHANGES = 1000
"""Changes in one segment. About 100 KB: a lost connection costs little, a day's work is one segment."""

CHAIN_START = bytes(32)
MARK_SIZE = 8
MAX_TIME = 2**63
_LABEL = b"xinyi segment 1"

Hash = Annotated[bytes, msgspec.Meta(min_length=len(CHAIN_START), max_length=len(CHAIN_START))]


class Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What everybody may know of a segment."""

    suite: int
    scope: Id
    stream: StreamId
    seq: Number
    previous: Hash
    first: Number
    count: Number
    epoch: Number
    dictionary: int
    schema: int

    @property
    def next_ordinal(self) -> int:
        """The ordinal that follows the last change inside."""
        return self.first + self.count


class ScopeKey(NamedTuple):
    """The key that the members of a scope share, in one of its epochs."""

    scope: bytes
    epoch: int
    key: bytes


class Point(NamedTuple):
    """A place in a stream: a seq, and the first 8 bytes of that segment's hash, which tell a fork from the real thing."""

    seq: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    mark: bytes


NOWHERE = Point(0, b"")
"""Before the first segment."""


class Tail(NamedTuple):
    """Where a stream ends: what its next segment continues."""

    stream: bytes
    seq: int
    hash: bytes
    next_ordinal: int

    @classmethod
    def of_new(cls, stream: bytes) -> Tail:
        """The tail of a stream that has no segment yet."""
        return cls(stream, 0, CHAIN_START, 1)

    @property
    def point(self) -> Point:
        """Where the stream ends, as others are told."""
        return Point(self.seq, self.hash[:MARK_SIZE])

    def continued_by(self, header: Header) -> bool:
        """Whether a segment with this header is the next one."""
        expected = (self.stream, self.seq + 1, self.hash, self.next_ordinal)
        return (header.stream, header.seq, header.previous, header.first) == expected

    def after(self, header: Header, data: bytes) -> Tail:
        """The tail once the segment `data` with this header is appended."""
        return Tail(self.stream, header.seq, digest(data), header.next_ordinal)


class Segment(NamedTuple):
    """A segment as it lies in a store: its signed bytes, and the envelopes beside them."""

    data: bytes
    envelopes: bytes


class Envelope(NamedTuple):
    """A person's content key, wrapped to the scope key."""

    person: bytes
    wrapped: bytes


class Body(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The changes as columns, so that what repeats compresses away."""

    records: list[Id]
    persons: list[Id | None]
    types: list[str]
    schemas: list[Number]
    actors: list[Id]
    times: list[int]
    payloads: list[bytes]


class UnreadableSegment(Exception):
    """The bytes are not a segment, or not one that its device signed."""


NO_ENVELOPES = msgspec.msgpack.encode([])
_header_decoder = msgspec.msgpack.Decoder(Header)
_body_decoder = msgspec.msgpack.Decoder(Body)
_envelopes_decoder = msgspec.msgpack.Decoder(list[Envelope])


def read_header(data: bytes) -> Header:
    """The header, checked for shape but not for its signature. Raises UnreadableSegment."""
    try:
        if data[:4] != MAGIC or not len(MAGIC) + 2 + SIGNATURE_SIZE < len(data) <= MAX_SEGMENT:
            raise UnreadableSegment
        return _header_decoder.decode(data[6 : _body_start(data)])
    except UNDECODABLE as error:
        raise UnreadableSegment from error


def _body_start(data: bytes) -> int:
    return 6 + int.from_bytes(data[4:6], "big")


def check_signature(data: bytes, device_key: bytes) -> None:
    """Raise UnreadableSegment unless the holder of `device_key` (raw Ed25519) signed `data`."""
    try:
        verify(device_key, data[-SIGNATURE_SIZE:], _LABEL, data[:-SIGNATURE_SIZE])
    except Unsealed as error:
        raise UnreadableSegment from error


def _segment_key(scope_key: bytes, header: Header) -> bytes:
    return derive(scope_key, salt=header.stream, info=b"xinyi segment key 1" + header.seq.to_bytes(8, "big"))


# ---- capsules ----


def _capsule_nonce(stream: bytes, ordinal: int) -> bytes:
    return digest(stream + ordinal.to_bytes(8, "big"))[:NONCE_SIZE]


def _capsule_bound(record: bytes, person: bytes) -> bytes:
    return b"xinyi capsule 1" + record + person


# ---- envelopes ----


def _envelope_key(scope_key: ScopeKey) -> bytes:
    return derive(scope_key.key, salt=scope_key.scope, info=b"xinyi person envelope 1")


def _envelope_bound(scope_key: ScopeKey, person: bytes) -> bytes:
    return scope_key.scope + person + scope_key.epoch.to_bytes(8, "big")


def seal_envelopes(keys: Mapping[bytes, bytes], scope_key: ScopeKey) -> bytes:
    """Wrap content keys (person → key) to the scope key."""
    if not keys:
        return NO_ENVELOPES
    key = _envelope_key(scope_key)
    return encode(
        [
            Envelope(person, seal(key, content, _envelope_bound(scope_key, person), person[-NONCE_SIZE:]))
            for person, content in sorted(keys.items())
        ]
    )


def open_envelopes(data: bytes, scope_key: ScopeKey) -> dict[bytes, bytes]:
    """The content keys, by person. One that somebody tampered with is left out: that person stays unreadable.

    Raises UnreadableSegment where the bytes are not envelopes at all.
    """
    key = _envelope_key(scope_key)
    opened: dict[bytes, bytes] = {}
    for envelope in read_envelopes(data):
        bound = _envelope_bound(scope_key, envelope.person)
        try:
            opened[envelope.person] = unseal(key, envelope.wrapped, bound, envelope.person[-NONCE_SIZE:])
        except Unsealed:
            continue
    return opened


def read_envelopes(data: bytes) -> list[Envelope]:
    """The envelopes, still wrapped. Raises UnreadableSegment."""
    try:
        return _envelopes_decoder.decode(data)
    except UNDECODABLE as error:
        raise UnreadableSegment from error


def without_envelopes(data: bytes, persons: Collection[bytes]) -> bytes:
    """Envelopes without those of some people; the very same bytes where there are none of theirs."""
    listed = read_envelopes(data)
    left = [one for one in listed if one.person not in persons]
    return encode(left) if len(left) < len(listed) else data


# ---- whole segments ----


def seal_segment(
    changes: Sequence[Change],
    tail: Tail,
    *,
    scope_key: ScopeKey,
    signer: Signer,
    keys: Mapping[bytes, bytes],
) -> bytes:
    """Make the signed bytes of the segment that continues `tail`.

    Args:
        changes: at least one, at most `MAX_CHANGES`, in the order of their ordinals.
        tail: the end of a stream of `signer`.
        scope_key: current key of the scope that may read it.
        signer: key of the device.
        keys: content keys of all people that the changes belong to.
    """
    packer = packing.Packer()

    def payload(ordinal: int, change: Change) -> bytes:
        plain = encode_payload(change.fields, change.base)
        if change.person is None:
            return plain
        bound = _capsule_bound(change.record, change.person)
        return seal(keys[change.person], packer.pack(plain), bound, _capsule_nonce(tail.stream, ordinal))

    times = [change.time for change in changes]
    body = Body(
        records=[change.record for change in changes],
        persons=[change.person for change in changes],
        types=[change.type for change in changes],
        schemas=[change.schema for change in changes],
        actors=[change.actor for change in changes],
        times=[times[0], *(later - earlier for earlier, later in pairwise(times))],
        payloads=[payload(ordinal, change) for ordinal, change in enumerate(changes, tail.next_ordinal)],
    )
    header = Header(
        suite=SUITE,
        scope=scope_key.scope,
        stream=tail.stream,
        seq=tail.seq + 1,
        previous=tail.hash,
        first=tail.next_ordinal,
        count=len(changes),
        epoch=scope_key.epoch,
        dictionary=packing.DICTIONARY,
        schema=max(change.schema for change in changes),
    )
    encoded = encode(header)
    start = MAGIC + len(encoded).to_bytes(2, "big") + encoded
    sealed = seal(_segment_key(scope_key.key, header), packing.pack_body(encode(body)), start)
    return start + sealed + signer.sign(_LABEL, start + sealed)


class Opened(NamedTuple):
    """One change out of a segment; `change` is None where it cannot be read: mostly the key of `person` is not there."""

    ordinal: int
    record: bytes
    change: Change | None
    person: bytes | None = None


def open_segment(
    data: bytes, *, scope_key: bytes, keys_of: Callable[[set[bytes]], Mapping[bytes, bytes]]
) -> list[Opened]:
    """The changes of a segment whose signature has been checked.

    Args:
        data: the bytes of the segment.
        scope_key: the raw key of its scope and epoch.
        keys_of: gives the content keys of people, as far as they are known.

    Raises:
        UnreadableSegment: wrong key, unknown suite, or a body that is none.
    """
    header = read_header(data)
    start = _body_start(data)
    if header.suite != SUITE:
        raise UnreadableSegment
    try:
        packed = unseal(_segment_key(scope_key, header), data[start:-SIGNATURE_SIZE], data[:start])
        body = _body_decoder.decode(packing.unpack_body(packed))
        packer = packing.Packer(header.dictionary)
    except (Unsealed, packing.NotPackedError, *UNDECODABLE) as error:
        raise UnreadableSegment from error
    columns = (body.records, body.persons, body.types, body.schemas, body.actors, body.times, body.payloads)
    if {len(column) for column in columns} != {header.count}:
        raise UnreadableSegment
    opener = _Opener(header, body, packer, keys_of({person for person in body.persons if person}))
    return [opener.change(offset, time) for offset, time in enumerate(accumulate(body.times))]


class _Opener(NamedTuple):
    """Makes changes out of the columns of a body."""

    header: Header
    body: Body
    packer: packing.Packer
    keys: Mapping[bytes, bytes]

    def change(self, offset: int, time: int) -> Opened:
        """The change at a place of the columns, with its time."""
        body, ordinal = self.body, self.header.first + offset
        record, person, payload = body.records[offset], body.persons[offset], body.payloads[offset]
        if (person and person not in self.keys) or not 0 <= time < MAX_TIME:
            return Opened(ordinal, record, None, person)
        try:
            if person:
                nonce = _capsule_nonce(self.header.stream, ordinal)
                payload = self.packer.unpack(unseal(self.keys[person], payload, _capsule_bound(record, person), nonce))
            fields, base = open_payload(payload)
        except (Unsealed, packing.NotPackedError, UnreadablePayload):
            return Opened(ordinal, record, None, person)
        change = Change(
            record=record,
            type=body.types[offset],
            schema=body.schemas[offset],
            person=person,
            actor=body.actors[offset],
            time=time,
            fields=fields,
            base=base,
        )
        return Opened(ordinal, record, change)
