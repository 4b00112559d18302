"""MessagePack as the protocol uses it: equal content has equal bytes, and foreign bytes are expected to be anything."""

from __future__ import annotations

import msgspec

encode = msgspec.msgpack.Encoder(order="deterministic").encode

UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding can raise: besides the library's own, for text that is not UTF-8 and for nesting without end."""
