"""What a statistical print is made of.

What it may contain is a matter of types: numbers of people come in `Counts`, which takes a `ReleasedTable` and nothing
else. The other blocks are words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from app.disclosure import ReleasedTable
from app.texts import Texts


class Title(msgspec.Struct, frozen=True):
    """What the print is about."""

    text: str


class Heading(msgspec.Struct, frozen=True):
    """Begins a section: what stands in the next block."""

    text: str


class Paragraph(msgspec.Struct, frozen=True):
    """A few sentences; `note` sets them grey."""

    text: str
    note: bool = False


class Points(msgspec.Struct, frozen=True):
    """Sentences one below the other; `note` sets them small."""

    items: tuple[str, ...]
    note: bool = False


class Terms(msgspec.Struct, frozen=True):
    """Words and what they mean, in two columns under their headings; `note` sets them small."""

    headings: tuple[str, str]
    rows: tuple[tuple[str, str], ...]
    note: bool = False


class Counts(msgspec.Struct, frozen=True):
    """Numbers of people.

    Args:
        table: what may be said about them.
        remarks: a few more words about a row, by its id.
    """

    table: ReleasedTable
    remarks: Mapping[str, str]

    def __post_init__(self) -> None:
        # The type says so too, but a number that slips through here would be printed.
        if not isinstance(self.table, ReleasedTable):
            raise TypeError("numbers of people are printed from a ReleasedTable only")


class Code(msgspec.Struct, frozen=True):
    """Something to be typed in or scanned.

    Args:
        lines: in large letters, for people.
        scanned: what the QR code beside them says.
    """

    lines: tuple[str, ...]
    scanned: str


class Listing(msgspec.Struct, frozen=True):
    """What happened, line by line, set small.

    Args:
        headings: of the columns.
        rows: one text for each column.
        shares: widths of the columns, as parts of the whole.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]


Wording = Title | Heading | Paragraph | Points | Terms
Block = Wording | Counts | Code


class BasePrint(msgspec.Struct, frozen=True):
    """What stands on every page.

    Args:
        kind: what sort of print this is; stands at the top of every page.
        title: of this one; also the title of the file.
        station: who made it.
        printed: when, with time zone. The only time in the file.
    """

    FOOTER: ClassVar[str]
    kind: str
    title: str
    station: str
    printed: dt.datetime

    def footer(self, texts: Texts) -> str:
        """What stands at the foot of every page."""
        return texts(self.FOOTER)


class StatisticalPrint(BasePrint, frozen=True):
    """A print that gives nobody away; `blocks` is what it says."""

    FOOTER: ClassVar[str] = "report.statistics_only"
    blocks: tuple[Block, ...]


class IdentifiedPrint(BasePrint, frozen=True):
    """A document about one person, for that person. It holds no numbers of people, and says on every page what it is."""

    FOOTER: ClassVar[str] = "rights.identified_only"
    blocks: tuple[Wording, ...]


class KeyPrint(BasePrint, frozen=True):
    """A page that opens or proves something, and is to be locked away. It names no person of the archive."""

    FOOTER: ClassVar[str] = "recovery.footer"
    blocks: tuple[Wording | Code, ...]


class AuditPrint(BasePrint, frozen=True):
    """Who did what with the archive. It names people, and says on every page what it is."""

    FOOTER: ClassVar[str] = "audit.footer"
    blocks: tuple[Wording | Code | Listing, ...]
