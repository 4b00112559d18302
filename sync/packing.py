"""Small and large compression: a capsule of some hundred bytes, a segment body of some hundred kilobytes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import zstandard

DICTIONARY = 3
"""The dictionary that new capsules are written with; `resources/sync/dictionary-<n>.bin`. Old ones stay readable."""

MAX_BODY = 8 * 1024 * 1024
"""A segment body that claims to be larger than this, in bytes, is not unpacked."""

MAX_CAPSULE = 4 * 1024 * 1024
_USUAL_CAPSULE = 64 * 1024
"""Tried first: setting aside the room for the largest one takes ten times as long as unpacking a usual one."""

_SAYS_SIZE = 0b1110_0000
"""Bits in the first byte of a zstd frame without magic: RFC 8878, section 3.1.1.1.1."""

_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "sync"
_LEVEL = 9


class NotPackedError(Exception):
    """The bytes are not what `pack_body` or a `Packer` made, or claim to be too large."""


def pack_body(plain: bytes) -> bytes:
    """Compress a segment body."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(plain)


def unpack_body(packed: bytes) -> bytes:
    """The inverse of `pack_body`; at most `MAX_BODY` bytes."""
    try:
        if not 0 <= zstandard.frame_content_size(packed) <= MAX_BODY:
            raise NotPackedError
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BODY)
    except zstandard.ZstdError as error:
        raise NotPackedError from error


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    """Dictionary `number`; immutable data, read once. Raises NotPackedError for one that this version lacks."""
    try:
        content = (_FOLDER / f"dictionary-{number}.bin").read_bytes()
    except FileNotFoundError as error:
        raise NotPackedError from error
    return zstandard.ZstdCompressionDict(content)


class Packer:
    """Compresses many small payloads against one dictionary. One packer belongs to one thread.

    Args:
        dictionary: number of the dictionary, 0 for none.
    """

    def __init__(self, dictionary: int = DICTIONARY) -> None:
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=False, write_dict_id=False
        )
        shared = _dictionary(dictionary) if dictionary else None
        self._compressor = zstandard.ZstdCompressor(dict_data=shared, compression_params=parameters)
        self._decompressor = zstandard.ZstdDecompressor(dict_data=shared, format=zstandard.FORMAT_ZSTD1_MAGICLESS)

    def pack(self, plain: bytes) -> bytes:
        """Compress one payload."""
        return self._compressor.compress(plain)

    def unpack(self, packed: bytes) -> bytes:
        """The inverse of `pack`; at most `MAX_CAPSULE` bytes."""
        # Ours say no size. The library would set aside whatever room a frame asks for, and die of it.
        if not packed or packed[0] & _SAYS_SIZE:
            raise NotPackedError
        try:
            return self._decompressor.decompress(packed, max_output_size=_USUAL_CAPSULE)
        except zstandard.ZstdError:
            pass
        try:
            return self._decompressor.decompress(packed, max_output_size=MAX_CAPSULE)
        except zstandard.ZstdError as error:
            raise NotPackedError from error
