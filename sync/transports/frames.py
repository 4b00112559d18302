"""How segments and papers lie in an HTTP body: u32 length, bytes, again and again; a segment is two frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from sync.segments import Segment

MAX_FRAMES = 100_000
"""Many times what a meeting sends at once; empty frames by the million would only cost time."""


class BrokenFrames(Exception):
    """The bytes end in the middle of a frame, or there are too many."""


def join(parts: Iterable[bytes]) -> bytes:
    """Frames, one after the other."""
    return b"".join(chain.from_iterable((len(part).to_bytes(4, "big"), part) for part in parts))


def split(data: bytes) -> list[bytes]:
    """The inverse of `join`. Raises BrokenFrames."""
    parts: list[bytes] = []
    position = 0
    while position < len(data):
        end = position + 4 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data) or position + 4 > len(data) or len(parts) == MAX_FRAMES:
            raise BrokenFrames
        parts.append(data[position + 4 : end])
        position = end
    return parts


def join_segments(segments: Iterable[Segment]) -> bytes:
    """Segments as frames."""
    return join(chain.from_iterable(segments))


def split_segments(data: bytes) -> list[Segment]:
    """The inverse of `join_segments`. Raises BrokenFrames."""
    parts: Sequence[bytes] = split(data)
    if len(parts) % 2:
        raise BrokenFrames
    return [Segment(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]


def whole_segments(data: bytes) -> list[Segment]:
    """Those segments that are whole at the beginning of what may end anywhere."""
    position = end = 0
    while end + 8 <= len(data):
        end += 4 + int.from_bytes(data[end : end + 4], "big")
        end += 4 + int.from_bytes(data[end : end + 4], "big")
        if end <= len(data):
            position = end
    return split_segments(data[:position])
