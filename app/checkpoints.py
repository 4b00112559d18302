"""Checkpoints on paper: once a month what the archive holds is pinned on a page in the safe.

What the line says, and what it proves: `storage.checkpoint`.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec

from app.access import require
from app.audit import Audit
from storage import checkpoint
from storage.archive import Archive
from storage.checkpoint import Difference

_PRINTED = "checkpoint printed"
_SHORT = 5
"""Bytes of the short code: eight characters, enough to tell two papers apart and too few to prove anything."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5
_GROUP = 4


class Pinned(msgspec.Struct, frozen=True):
    """A checkpoint and what stands beside it on paper.

    Attributes:
        line: what is scanned.
        at: when it was made, in milliseconds since 1970.
        station: whose archive it is.
        archive: name of the archive's file.
        device: what people call the computer.
    """

    line: str
    at: int
    station: str
    archive: str
    device: str

    @property
    def short(self) -> str:
        """The same code on two papers: the same checkpoint."""
        return short_code(self.line)


class Compared(msgspec.Struct, frozen=True):
    """What came of a comparison with a checkpoint. `at`: when it was made; `short`: its short code."""

    at: int
    short: str
    differences: list[Difference]


def pin(archive: Archive) -> Pinned:
    """Make a checkpoint, and write down that it was made.

    Raises:
        Problem: the user has no right to the access log.
    """
    require(archive, "audit")
    Audit(archive).note("checkpoint")
    at, names = archive.now(), archive.device.names
    return Pinned(checkpoint.make(archive), at, names.station, archive.path.name, names.device)


def compare(archive: Archive, text: str) -> Compared:
    """Compare with a checkpoint that was scanned or typed. Raises Problem where it is none, or of another archive."""
    said = checkpoint.read(archive, text)
    return Compared(said.at, short_code(text), checkpoint.compare(archive, said))


def note_printed(archive: Archive, at: int) -> None:
    """Remember that the checkpoint of a moment went to paper."""
    archive.remember(_PRINTED, str(at))


def last_printed(archive: Archive) -> int:
    """When the last checkpoint was made that went to paper here, in milliseconds since 1970; 0 for never."""
    return int(archive.local(_PRINTED) or 0)


def is_missing(last: int, now: int) -> bool:
    """Whether none of this month (of this computer's time zone) was printed."""
    printed, today = (dt.datetime.fromtimestamp(moment / 1000).astimezone() for moment in (last, now))
    return (printed.year, printed.month) != (today.year, today.month)


def short_code(line: str) -> str:
    """Eight characters that tell one checkpoint from another at a glance."""
    number = int.from_bytes(hashlib.sha256("".join(line.split()).encode()).digest()[:_SHORT], "big")
    count = 8 * _SHORT // _BITS
    characters = "".join(_ALPHABET[number >> _BITS * place & 31] for place in reversed(range(count)))
    return "-".join(characters[first : first + _GROUP] for first in range(0, count, _GROUP))
