"""Identifiers: 16 random-looking bytes that begin with their time, so that new ones sort last."""

from __future__ import annotations

import secrets
from typing import Annotated

from msgspec import Meta

ID_SIZE = 16
STREAM_ID_SIZE = 24
INCARNATION_SIZE = STREAM_ID_SIZE - ID_SIZE

# The shapes of what comes from elsewhere. A number that fits no database column would stop everybody who keeps it.
Id = Annotated[bytes, Meta(min_length=ID_SIZE, max_length=ID_SIZE)]
StreamId = Annotated[bytes, Meta(min_length=STREAM_ID_SIZE, max_length=STREAM_ID_SIZE)]
Number = Annotated[int, Meta(ge=1, lt=2**31)]


def new_id(milliseconds: int) -> bytes:
    """A fresh identifier: 48 bits of `milliseconds` since 1970, then 80 random bits."""
    return (max(milliseconds, 0) & 0xFFFF_FFFF_FFFF).to_bytes(6, "big") + secrets.token_bytes(10)


def new_stream_id(device: bytes) -> bytes:
    """The stream of a new incarnation of `device`. It begins with the device id, so only that device can own it."""
    return device + secrets.token_bytes(INCARNATION_SIZE)


def device_of(stream: bytes) -> bytes:
    """The id of the device that writes `stream`."""
    return stream[:ID_SIZE]
