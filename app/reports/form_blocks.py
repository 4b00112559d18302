"""What a form on paper is made of, empty or filled in. Boxes and lines are drawn: not every font has signs for them."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from app.reports.blocks import BasePrint, Heading, Paragraph, Points, Terms
from app.texts import Texts


class Box(msgspec.Struct, frozen=True):
    """A box to tick.

    Args:
        value: stands behind it; what is stored.
        text: the option's words; empty where the value says it all.
        ticked: whether it was chosen.
    """

    value: str
    text: str = ""
    ticked: bool = False


class Boxes(msgspec.Struct, frozen=True):
    """Boxes beside each other, below each other where the words need the room."""

    boxes: tuple[Box, ...]


class Blank(msgspec.Struct, frozen=True):
    """A line to write on.

    Args:
        before: words in front of it.
        after: words behind it, such as a unit.
        value: what was written.
        width: of the line: a few digits, some words, or all the room there is.
        lines: below each other, where it has all the room.
    """

    before: str = ""
    after: str = ""
    value: str = ""
    width: Literal["short", "middle", "all"] = "middle"
    lines: int = 1


class Date(msgspec.Struct, frozen=True):
    """A line for a day: year, month, day. `value` is ISO, empty where nothing was written."""

    before: str = ""
    value: str = ""


Part = Boxes | Blank | Date
"""Where an answer goes."""


class FormTitle(msgspec.Struct, frozen=True):
    """The name of the form, in the middle, and a line below it."""

    text: str
    below: str = ""


class Lead(Heading, frozen=True):
    """A sentence about what comes next; it stays with it on one page."""


class Small(msgspec.Struct, frozen=True):
    """A few sentences in small grey letters."""

    text: str


class Fields(msgspec.Struct, frozen=True):
    """Lines about the person and the day; each line has its parts beside each other."""

    lines: tuple[tuple[Part, ...], ...]


class Framed(msgspec.Struct, frozen=True):
    """Words that everybody has to read, in a frame."""

    text: str


class Question(msgspec.Struct, frozen=True):
    """One item. It is never divided over two pages.

    Args:
        number: of the item.
        text: what is asked.
        notes: in small letters below it.
        parts: where the answer goes.
        urgent: whether the answer must not be overlooked.
    """

    number: str
    text: str
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    urgent: bool = False


class Above(msgspec.Struct, frozen=True):
    """What stands above items: a heading, and sentences below it. Either may be missing."""

    title: str = ""
    lines: tuple[str, ...] = ()


class GridRow(msgspec.Struct, frozen=True):
    """One item of a grid, as in `Question`, with a box for each column."""

    number: str
    text: str
    boxes: tuple[Box, ...]
    notes: tuple[str, ...] = ()
    urgent: bool = False


class Grid(msgspec.Struct, frozen=True):
    """Items in rows and options in columns. What stands above is repeated on every page.

    Args:
        above: heading and condition of all rows.
        headings: of the columns, the number and the item among them.
        rows: the items.
    """

    above: Above
    headings: tuple[str, ...]
    rows: tuple[GridRow, ...]


class CardRow(msgspec.Struct, frozen=True):
    """An item without words: its number and its boxes."""

    number: str
    boxes: tuple[Box, ...]
    urgent: bool = False


class Card(msgspec.Struct, frozen=True):
    """Items without words, in tens, beside each other as there is room: 1 to 10, 11 to 20 and so on.

    Args:
        above: as in a grid.
        legend: what the values stand for, where there are words for them.
        rows: the items.
    """

    above: Above
    legend: str
    rows: tuple[CardRow, ...]


class RowTable(msgspec.Struct, frozen=True):
    """Items that are answered together, as often as needed.

    Args:
        above: as in a grid.
        number: of the group.
        text: what is asked.
        notes: in small letters below it.
        headings: of the columns.
        rows: one part for each column.
    """

    above: Above
    number: str
    text: str
    notes: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[Part, ...], ...]


FormBlock = (
    FormTitle
    | Lead
    | Small
    | Fields
    | Framed
    | Question
    | Grid
    | Card
    | RowTable
    | Heading
    | Paragraph
    | Points
    | Terms
)


class FormPrint(BasePrint, frozen=True, kw_only=True):
    """A form on paper.

    Args:
        edition: short title and version, at the foot of every page.
        blocks: what it says.
        again: a line for the name, at the top of the pages after the first, which may come apart.
    """

    FOOTER: ClassVar[str] = "paper.footer"
    edition: str
    blocks: tuple[FormBlock, ...]
    again: str = ""

    def footer(self, texts: Texts) -> str:
        """What stands at the foot of every page."""
        return texts(self.FOOTER, edition=self.edition)


class FilledPrint(FormPrint, frozen=True, kw_only=True):
    """A form that somebody filled in. It names the person, and says on every page what it is."""

    FOOTER: ClassVar[str] = "paper.footer_filled"
