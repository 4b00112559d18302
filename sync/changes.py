"""Changes: the smallest things that happened, and how their content is written as bytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from sync.wire import UNDECODABLE, encode


class ChangeId(NamedTuple):
    """Where a change stands: its stream (24 bytes) and its ordinal there, from 1."""

    stream: bytes
    ordinal: int


Base = dict[str, tuple[ChangeId, ...]]
"""For each field, the changes whose values the author saw and replaced."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one record.

    Attributes:
        record: id of the record.
        type: name of the record's type in the data dictionary.
        schema: number of the type's schema that wrote it.
        person: whose content key seals it, or None where it belongs to no person.
        actor: id of the user who did it.
        time: hybrid logical clock stamp.
        fields: names and JSON-like values.
        base: what it replaces; empty for a new record.
    """

    record: bytes
    type: str
    schema: int
    person: bytes | None
    actor: bytes
    time: int
    fields: dict[str, Any]
    base: Base = msgspec.field(default_factory=dict)


_decode_payload = msgspec.msgpack.Decoder(tuple[dict[str, Any], list[tuple[bytes, int, list[str]]]]).decode


def encode_payload(fields: dict[str, Any], base: Base) -> bytes:
    """The content of a change, without what names it."""
    replaced: dict[ChangeId, list[str]] = {}
    for field in sorted(base):
        for change_id in base[field]:
            replaced.setdefault(change_id, []).append(field)
    return encode([fields, [[*change_id, names] for change_id, names in sorted(replaced.items())]])


class UnreadablePayload(Exception):
    """The bytes are not what `encode_payload` makes."""


def open_payload(data: bytes) -> tuple[dict[str, Any], Base]:
    """`decode_payload` for bytes that came from elsewhere. Raises UnreadablePayload.

    What could not be written again byte for byte could not be folded and hashed either.
    """
    try:
        fields, base = decode_payload(data)
        canonical = encode_payload(fields, base) == data
    except (*UNDECODABLE, TypeError) as error:
        raise UnreadablePayload from error
    if not canonical:
        raise UnreadablePayload
    return fields, base


def decode_fields(data: bytes) -> dict[str, Any]:
    """The fields alone of what `encode_payload` made."""
    return _decode_payload(data)[0]


def decode_payload(data: bytes) -> tuple[dict[str, Any], Base]:
    """The inverse of `encode_payload`, for bytes that it made."""
    fields, replaced = _decode_payload(data)
    base: Base = {}
    for stream, ordinal, names in replaced:
        for name in names:
            base[name] = (*base.get(name, ()), ChangeId(stream, ordinal))
    return fields, base
